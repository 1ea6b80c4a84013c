"""How levels, effects and reasons of the analytics are written: in per cent, points, hours or times, and in words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from analytics.words.sentences import in_language

_OPEN = "…"


def percent(share: float | None, language: str) -> str:
    """``1.2 %``; in Chinese without the blank. Small shares keep two figures."""
    if share is None:
        return "–"
    return f"{_digits(100 * share)}{'' if language == 'zh' else ' '}%"


def chance(p: float | None) -> str:
    """A p-value with its sign of equality; below a ten-thousandth nobody needs its digits."""
    if p is None:
        return "–"
    return "< 0.0001" if p < 0.0001 else f"= {figure(p)}"


def figure(value: Any) -> str:
    """A number for people: thousands with commas, no more than four figures after the point matter."""
    if isinstance(value, bool) or value is None:
        return "–" if value is None else str(value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        if abs(value) >= 1000:
            return f"{value:,.0f}"
        return f"{value:.4f}".rstrip("0").rstrip(".") if abs(value) >= 0.01 or value == 0 else f"{value:.2g}"
    return str(value)


@dataclass(frozen=True, slots=True)
class Levels:
    """Writes what a test measures and finds, as its measure and its kind have it, in one language.

    Attributes:
        say: gives a text of the console by its key.
    """

    language: str
    say: Callable[..., str]

    def level(self, value: float | None, measure: str | None) -> str:
        """A share or rate of defects in per cent, a mean rating, or hours."""
        if value is None:
            return "–"
        if measure == "rating":
            return f"{value:.2f}"
        if measure in (None, "defects"):
            return percent(value, self.language)
        return self.say("improve_level.hours", hours=_digits(value))

    def effect(self, value: float | None, kind: str) -> str:
        """A difference in points, a chance, or so many times what it was."""
        return "–" if value is None else self.say(f"improve_effect.{kind}", effect=_effect(value, kind))

    def interval(self, interval: Mapping[str, Any], kind: str) -> str:
        """The interval of an effect; an end that is open is left blank."""
        low, high = ("" if interval[end] is None else _effect(interval[end], kind) for end in ("low", "high"))
        return self.say("improve_effect.between", low=low or _OPEN, high=high or _OPEN)

    def why(self, sentence: str | None) -> str:
        """What analytics say in English, in the reader's language."""
        return in_language(sentence or "", self.language)


def _effect(value: float, kind: str) -> str:
    match kind:
        case "two_proportions":
            return _digits(100 * value)
        case "mann_whitney":
            return _digits(100 * value) + "%"
    return _digits(value)


def _digits(value: float) -> str:
    """Three figures where they say something: ``11.7``, ``5.63``, ``0.034``."""
    size = abs(value)
    digits = 1 if size >= 10 or size == 0 else 2 if size >= 0.1 else 4
    return f"{value:.{digits}f}".replace("-", "−")
