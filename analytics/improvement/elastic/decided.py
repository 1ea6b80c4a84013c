"""Which days charts are judged by, as somebody decided; the latest decision for a time holds."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from analytics.improvement.part import Part
from analytics.periods import Period
from analytics.series import Slice
from store.database import UnitOfWork
from store.tables import ChartBaseline

# What a part has; charts of other slices (by tier, by language) have no decisions.
TOLD_APART = ("step", "category", "department", "channel")


@dataclass(frozen=True, slots=True)
class Decision:
    """A baseline as decided.

    Attributes:
        part: measure and part of the process, as :func:`chart_key` writes them.
        since, until: the days that give centre and limits.
        begins_on: first day that is judged by them.
        centre: share, rate or mean of those days when it was decided.
    """

    public_id: str
    part: str
    since: date
    until: date
    begins_on: date
    centre: float
    reason: str
    decided_by: str
    decided_at: datetime

    @property
    def period(self) -> Period:
        return Period(self.since, self.until)

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.public_id,
            "part": self.part,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "begins_on": self.begins_on.isoformat(),
            "centre": self.centre,
            "reason": self.reason,
            "decided_by": self.decided_by,
            "decided_at": self.decided_at.isoformat(),
        }


def chart_key(measure: str, part: Part) -> str:
    """What a decision is kept under."""
    return f"{measure}:{part.key}"


def part_of(slice_: Slice) -> Part | None:
    """The part that a slice is; None where a part cannot say it: by tier or language, or what was not told."""
    if slice_.tier is not None or slice_.language is not None:
        return None
    named = {name: getattr(slice_, name) for name in TOLD_APART}
    if "" in named.values():
        return None
    return Part(slice_.process, **{name: value or "" for name, value in named.items()})


def decisions_of(work: UnitOfWork, measure: str, parts: Iterable[Part]) -> Mapping[Part, Sequence[Decision]]:
    """The decisions that hold for charts of these parts, by the day from which they do.

    Of two that begin on the same day the later one holds; one that begins before an older one's day takes its place,
    too.
    """
    keys = {chart_key(measure, part): part for part in parts}
    table = ChartBaseline
    rows = work.session.scalars(
        select(table).where(table.part.in_(sorted(keys))).order_by(table.part, table.decided_at, table.id)
    )
    found: dict[Part, list[Decision]] = {}
    for row in rows:
        before = found.setdefault(keys[row.part], [])
        found[keys[row.part]] = [*(one for one in before if one.begins_on < row.begins_on), read_decision(row)]
    return found


def baseline_of(work: UnitOfWork, part_key: str) -> Decision | None:
    """The decision that holds by now for a chart.

    Args:
        part_key: of :func:`chart_key`.
    """
    table = ChartBaseline
    row = work.session.scalars(
        select(table).where(table.part == part_key).order_by(table.decided_at.desc(), table.id.desc()).limit(1)
    ).first()
    return None if row is None else read_decision(row)


def read_decision(row: ChartBaseline) -> Decision:
    """What a row says."""
    return Decision(
        row.public_id,
        row.part,
        row.since,
        row.until,
        row.begins_on,
        row.centre,
        row.reason,
        row.decided_by,
        row.decided_at,
    )
