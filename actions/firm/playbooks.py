"""``playbooks.yml``: what is done when something went wrong for many at once."""

from datetime import date, timedelta
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from actions.firm.models import Bilingual, Limit, Span
from actions.firm.notifications import QuietHours
from actions.firm.policy import TermFile, choice_of, each_kind_once
from recovery.policy import RemedyRule
from recovery.severity import Severity

# Rules of a playbook are told from those of remedies.yml by this.
RULE_PREFIX = "playbook:"
_Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class PromiseFile(Bilingual):
    """What is promised along with the news: "we will … by then"."""

    within: Limit


class PlaybookFile(_Strict):
    """One playbook; customers are told ``apology``, ``doing`` and ``promise``; ``name`` and ``steps`` are for staff."""

    key: _Key
    name: Bilingual
    categories: list[str] = Field(min_length=1)
    apology: Bilingual
    doing: Bilingual
    promise: PromiseFile | None = None
    steps: list[Bilingual] = Field([], max_length=20)
    per_minute: int = Field(ge=1, le=600)
    approved_by: str = Field(min_length=1, max_length=64)
    approved_on: date
    choices: list[list[TermFile]] = Field([], max_length=3)

    @field_validator("choices")
    @classmethod
    def _no_kind_twice(cls, value: list[list[TermFile]]) -> list[list[TermFile]]:
        return [each_kind_once(choice) for choice in value]

    @property
    def rule(self) -> RemedyRule | None:
        """What it licenses, for any severity; None where it only brings the news."""
        if not self.choices:
            return None
        return RemedyRule(
            id=RULE_PREFIX + self.key,
            categories=tuple(self.categories),
            severities=tuple(Severity),
            choices=tuple(choice_of(terms) for terms in self.choices),
            approved_by=self.approved_by,
            approved_on=self.approved_on,
            as_written=True,
        )


class PlaybooksFile(_Strict):
    """``playbooks.yml``."""

    quiet_hours: QuietHours | None = None
    patience: Span = timedelta(hours=24)
    joined_for: Span = timedelta(days=14)
    playbooks: list[PlaybookFile] = []

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        seen: set[str] = set()
        for number, playbook in enumerate(self.playbooks):
            if playbook.key in seen:
                raise PydanticCustomError(
                    "repeated",
                    "the playbook {key} stands here twice",
                    {"key": playbook.key, "place": ("playbooks", number, "key")},
                )
            seen.add(playbook.key)
        return self

    def named(self, key: str) -> PlaybookFile | None:
        return next((playbook for playbook in self.playbooks if playbook.key == key), None)

    def for_category(self, category: str) -> PlaybookFile | None:
        """The first playbook that is for ``category``."""
        return next((playbook for playbook in self.playbooks if category in playbook.categories), None)
