"""What keys and days are called on a figure."""

from collections.abc import Callable
from datetime import date

from analytics.periods import Every, end_of

# The name of a key of a dimension (category, department, …), in the reader's language.
Namer = Callable[[str, str], str]


def plain_name(dimension: str, key: str) -> str:
    """The key itself, where nobody has a better name."""
    return key.replace("_", " ")


def day_name(day: date, every: Every, language: str) -> str:
    """A day, week or month: ``Tue 3 Nov 2026``, ``2–8 Nov 2026``, ``Nov 2026``."""
    last = end_of(day, every)
    if language == "zh":
        if every == "month":
            return f"{day.year}年{day.month}月"
        if every == "week":
            return f"{day.year}年{day.month}月{day.day}日至{last.month}月{last.day}日"
        return f"{day.year}年{day.month}月{day.day}日（周{'一二三四五六日'[day.weekday()]}）"
    if every == "month":
        return f"{day:%b} {day.year}"
    if every == "week":
        return f"{day.day} {day:%b} – {last.day} {last:%b} {last.year}"
    return f"{day:%a} {day.day} {day:%b} {day.year}"
