"""What the bot understood of a message, as it arrives from Rasa (docs/understanding.md)."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError


class UnreadableUnderstanding(Exception):
    """Rasa sent something that is not what ``docs/understanding.md`` says."""


class _Lenient(BaseModel):
    """Keys that are not known yet are passed over, so that bot and service may be updated one after the other."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class CategoryReading(_Lenient):
    key: str = Field(max_length=64)
    confidence: float = Field(ge=0, le=1)
    words: list[str] = []


class EmotionReading(_Lenient):
    level: int = Field(0, ge=0, le=3)
    words: list[str] = []


class RiskReading(_Lenient):
    key: str = Field(max_length=32)
    words: list[str] = []


class AmountFact(_Lenient):
    minor: int = Field(ge=0)
    currency: str = Field(pattern=r"^[A-Z]{3}$")


class Facts(_Lenient):
    order_number: str | None = Field(None, max_length=64)
    phone: str | None = Field(None, max_length=32)
    phone_last4: str | None = Field(None, pattern=r"^\d{4}$")
    amount: AmountFact | None = None
    occurred: str | None = Field(None, max_length=200)
    product: str | None = Field(None, max_length=200)
    wished_remedy: str | None = Field(None, max_length=32)
    choice: int | None = Field(None, ge=1, le=99)
    rating: int | None = Field(None, ge=1, le=5)
    skips: bool | None = None
    later: bool | None = None
    in_full: bool | None = None


class HandOverReading(_Lenient):
    reason: str = Field(max_length=32)
    words: list[str] = []


class HandlingReading(_Lenient):
    words: list[str] = []


class ReadingOfIntent(_Lenient):
    intent: str
    confidence: float


def _none_as_empty(value: Any) -> Any:
    return {} if value is None else value


class Understanding(_Lenient):
    """One message as read by the bot."""

    language: str | None = None
    script: str | None = None
    text: str = ""
    sure: bool = True
    readings: list[ReadingOfIntent] = []
    categories: list[CategoryReading] = []
    emotion: Annotated[EmotionReading, BeforeValidator(_none_as_empty)] = EmotionReading()
    risk: list[RiskReading] = []
    facts: Annotated[Facts, BeforeValidator(_none_as_empty)] = Facts()
    hand_over: HandOverReading | None = None
    about_handling: HandlingReading | None = None

    @property
    def category_keys(self) -> tuple[str, ...]:
        return tuple(category.key for category in self.categories)

    @property
    def risk_keys(self) -> tuple[str, ...]:
        return tuple(risk.key for risk in self.risk)

    def words(self) -> dict[str, Any]:
        """What spoke for each label, for the people who look at the case."""
        spoke: dict[str, Any] = {category.key: category.words for category in self.categories}
        spoke["emotion"] = self.emotion.words
        for risk in self.risk:
            spoke[f"risk:{risk.key}"] = risk.words
        return spoke


def read_understanding(value: Any) -> Understanding:
    """Read the ``understanding`` of a Rasa message.

    Raises:
        UnreadableUnderstanding: it is missing or of the wrong form.
    """
    try:
        return Understanding.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise UnreadableUnderstanding(f"{place or 'understanding'}: {first['msg']}") from None
