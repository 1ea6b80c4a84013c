"""Find the moments that a text names as the product writes them (:func:`actions.words.formats.show_moment`)."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAY = rf"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?P<day>\d{{1,2}}) (?P<month>{'|'.join(_MONTHS)})"
_WRITTEN = (
    re.compile(r"(?P<month>\d{1,2})月(?P<day>\d{1,2})日(?:（周.）)?\s?(?P<hour>\d{1,2}):(?P<minute>\d{2})"),
    re.compile(rf"(?P<ends>the end of ){_DAY}\b"),
    re.compile(rf"\b{_DAY}, (?P<hour>\d{{2}}):(?P<minute>\d{{2}})"),
)
# Chinese stops end a sentence wherever they stand; a full stop only before a blank: "3.5" goes on.
_SENTENCE_END = re.compile(r"(?<=[。！？!?\n])|(?<=\.)\s")


def moments_named(text: str, now: datetime, zone: ZoneInfo) -> list[datetime]:
    """The moments in a text, in order; aware, in ``zone``. No year is written: the one nearest to ``now`` is meant.

    What is written like a moment and is none, such as 30 February, is passed over.
    """
    places = []
    for pattern in _WRITTEN:
        for match in pattern.finditer(text):
            moment = _read(match.groupdict(), now.astimezone(zone))
            if moment is not None:
                places.append((match.start(), moment))
    return [moment for _, moment in sorted(places)]


def coming_moments(text: str, now: datetime, zone: ZoneInfo) -> list[tuple[str, datetime]]:
    """Each sentence that names a moment after ``now``, with the last of them: by then it will have happened."""
    found = []
    for sentence in _SENTENCE_END.split(text):
        ahead = [moment for moment in moments_named(sentence, now, zone) if moment > now]
        if ahead:
            found.append((sentence.strip(), ahead[-1]))
    return found


def _read(parts: dict[str, str | None], here: datetime) -> datetime | None:
    month, day = parts["month"] or "", int(parts["day"] or 0)
    number = _MONTHS.index(month) + 1 if month in _MONTHS else int(month)
    hour, minute = int(parts.get("hour") or 0), int(parts.get("minute") or 0)
    # Midnight is written as the end of the day before it.
    ends = bool(parts.get("ends")) or (hour, minute) == (24, 0)
    candidates = []
    for year in (here.year - 1, here.year, here.year + 1):
        try:
            moment = here.replace(
                year=year, month=number, day=day, hour=0 if ends else hour, minute=0 if ends else minute,
                second=0, microsecond=0,
            )  # fmt: skip
        except ValueError:
            continue
        candidates.append(moment + timedelta(days=1) if ends else moment)
    return min(candidates, key=lambda moment: abs(moment - here), default=None)
