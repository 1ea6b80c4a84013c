"""``canned_replies.yml``: the replies that a new desk starts with; afterwards they are kept and changed at the desk."""

from pathlib import Path

from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

from actions.firm.models import Bilingual
from actions.firm.models import _Strict as Strict
from actions.words.fill_ins import TextRefused, check_text
from store.firm_files import read_yaml


class CannedReplyEntry(Strict):
    """One reply."""

    shortcut: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{1,31}$")
    department: str | None = None
    texts: Bilingual

    @field_validator("texts")
    @classmethod
    def _can_be_filled_in(cls, value: Bilingual) -> Bilingual:
        for text in (value.zh, value.en):
            try:
                check_text(text)
            except TextRefused as refused:
                raise ValueError(f"{refused.code}: {refused.what}") from None
        return value


class CannedRepliesFile(Strict):
    """All of them, each shortcut once."""

    canned_replies: list[CannedReplyEntry]

    @field_validator("canned_replies")
    @classmethod
    def _each_once(cls, value: list[CannedReplyEntry]) -> list[CannedReplyEntry]:
        seen: set[str] = set()
        for number, entry in enumerate(value):
            if entry.shortcut in seen:
                raise PydanticCustomError(
                    "repeated",
                    "the shortcut {shortcut} stands here twice",
                    {"shortcut": entry.shortcut, "place": (number, "shortcut")},
                )
            seen.add(entry.shortcut)
        return value


def read_canned_replies(folder: Path) -> list[CannedReplyEntry]:
    """The replies of ``folder``; none where the firm has no such file.

    Raises:
        FirmDataError: with file and line of the mistake.
    """
    path = folder / "canned_replies.yml"
    return read_yaml(path, CannedRepliesFile).canned_replies if path.exists() else []
