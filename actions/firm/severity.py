"""The form of ``severity.yml``: the rule table from which the severity of a complaint is derived."""

from typing import Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from actions.firm.models import Bilingual, _Strict
from actions.firm.routing import Tier
from recovery.failures import Category, Risk
from recovery.severity import Severity, SeverityCondition, SeverityInputs, SeverityRule, derive_severity

# Danger to people and data is handed over at once (GB/T 47746-2026): no table of a firm's may find it less than
# critical.
_DANGERS = (
    (SeverityInputs((Category.SAFETY,), (), 0), "category safety"),
    (SeverityInputs((Category.PRIVACY_SECURITY,), (), 0), "category privacy_security"),
    (SeverityInputs((Category.OTHER,), (Risk.SAFETY,), 0), "risk safety"),
    (SeverityInputs((Category.OTHER,), (Risk.PRIVACY,), 0), "risk privacy"),
)


class ConditionFile(_Strict):
    """What a rule asks; all of it must hold, and one of each list is enough."""

    categories: list[str] = Field(default=[], min_length=1)
    risks: list[Risk] = Field(default=[], min_length=1)
    emotion_at_least: int | None = Field(None, ge=1, le=3)
    amount_at_least: int | None = Field(None, gt=0, description="minor units")
    tiers: list[Tier] = Field(default=[], min_length=1)
    earlier_cases_at_least: int | None = Field(None, ge=1)
    categories_at_least: int | None = Field(None, ge=2)
    about_handling: bool = False

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if not any(getattr(self, name) for name in type(self).model_fields):
            raise ValueError("asks nothing: the rule would never speak")
        return self

    @property
    def condition(self) -> SeverityCondition:
        return SeverityCondition(
            categories=frozenset(self.categories),
            risks=frozenset(risk.value for risk in self.risks),
            emotion_at_least=self.emotion_at_least,
            amount_at_least=self.amount_at_least,
            tiers=frozenset(self.tiers),
            earlier_cases_at_least=self.earlier_cases_at_least,
            categories_at_least=self.categories_at_least,
            about_handling=self.about_handling,
        )


class SeverityRuleFile(_Strict):
    """A row: ``why`` is what staff read on a case; ``source`` says where the rule comes from."""

    id: str = Field(pattern=r"^[a-z0-9-]{3,40}$")
    when: ConditionFile
    severity: Severity
    why: Bilingual
    source: str = Field(min_length=1)

    @field_validator("severity")
    @classmethod
    def _raises(cls, value: Severity) -> Severity:
        if value is Severity.LOW:
            raise ValueError(
                "is what a complaint has for which no rule speaks: a rule makes it medium, high or critical"
            )
        return value


class SeverityFile(_Strict):
    """``severity.yml``: the highest severity that any rule gives holds; low where none speaks."""

    severity_rules: list[SeverityRuleFile] = Field(min_length=1)

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        seen: set[str] = set()
        for number, rule in enumerate(self.severity_rules):
            if rule.id in seen:
                raise PydanticCustomError(
                    "repeated",
                    "the rule {key} stands here twice",
                    {"key": rule.id, "place": ("severity_rules", number, "id")},
                )
            seen.add(rule.id)
        return self

    @model_validator(mode="after")
    def _danger_is_critical(self) -> Self:
        for inputs, what in _DANGERS:
            if derive_severity(inputs, self.table) is not Severity.CRITICAL:
                raise PydanticCustomError(
                    "danger",
                    "{what} alone must be critical: danger to people and data is handed over at once (GB/T 47746-2026)",
                    {"what": what, "place": ("severity_rules",)},
                )
        return self

    @property
    def table(self) -> tuple[SeverityRule, ...]:
        return tuple(SeverityRule(rule.id, rule.when.condition, rule.severity) for rule in self.severity_rules)

    def why(self, rule_id: str, language: str) -> str:
        """What a rule says of a case, in words; its id where the table has it no more."""
        found = next((rule for rule in self.severity_rules if rule.id == rule_id), None)
        return found.why.in_language(language) if found else rule_id
