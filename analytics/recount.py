"""Prove that the roll-up is what the raw events say, however many there are.

Two steps, each in bounded memory: what each case is kept to count for, and what was measured of it, is compared with
its events, some cases at a time; and what is kept of each day is compared with the sum over its cases, day by day.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from analytics.recount_cases import CaseBatch, case_batches
from analytics.recount_days import day_differences, days_on_record
from store.database import UnitOfWork
from store.tables.outcomes import DailyCount, OutcomeEventRow

# Who has more of them does not want to read them all.
_TOLD = 1_000

Told = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Difference:
    """A row that is not what it should be.

    Attributes:
        table: in which it stands, or should.
        key: of the row, ready for JSON.
        expected: what should stand there; None for no row.
        kept: what does.
    """

    table: str
    key: dict[str, Any]
    expected: dict[str, Any] | None
    kept: dict[str, Any] | None

    def to_json(self) -> dict[str, Any]:
        return {"table": self.table, **self.key, "expected": self.expected, "kept": self.kept}


@dataclass(frozen=True, slots=True)
class Recount:
    """What a recount found; ``uncounted`` events are not rolled up yet and take no part in it.

    Attributes:
        differences: the first thousand.
        differing: how many rows differ in all, by table.
    """

    cases: int
    events: int
    uncounted: int
    daily_counts: int
    differences: tuple[Difference, ...]
    differing: dict[str, int]

    def to_json(self) -> dict[str, Any]:
        return {
            "cases": self.cases,
            "events": self.events,
            "uncounted": self.uncounted,
            "daily_counts": self.daily_counts,
            "differing": self.differing,
            "differences": [difference.to_json() for difference in self.differences],
        }


def recount(work: UnitOfWork, zone: ZoneInfo, progress: Told | None = None) -> Recount:
    """Count anew from the raw events and compare.

    Args:
        work: a reading unit of work in which nothing was read yet.
        zone: the firm's, in which days are counted.
        progress: told ``cases`` or ``days``, and how many of them are done.

    Raises:
        UnreadableEvent: an event on record is broken.
    """
    if work.session.get_bind().dialect.name == "postgresql":
        # Several queries, one picture: SQLite's readers have that anyway.
        work.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    tell = progress or (lambda *_: None)
    totals: Counter[str] = Counter()
    differing: Counter[str] = Counter()
    shown: list[Difference] = []
    for difference in chain(_of_cases(case_batches(work, zone), totals, tell), _of_days(work, tell)):
        differing[difference.table] += 1
        if len(shown) < _TOLD:
            shown.append(difference)
    waiting = select(func.count()).select_from(OutcomeEventRow).where(~OutcomeEventRow.counted)
    rows = work.session.scalars(select(func.count()).select_from(DailyCount)).one()
    uncounted = work.session.scalars(waiting).one()
    return Recount(totals["cases"], totals["events"], uncounted, rows, tuple(shown), dict(differing))


def _of_cases(batches: Iterable[CaseBatch], totals: Counter[str], tell: Told) -> Iterator[Difference]:
    for batch in batches:
        totals["cases"] += batch.cases
        totals["events"] += batch.events
        for different in batch.different:
            yield Difference(*different)
        tell("cases", totals["cases"])


def _of_days(work: UnitOfWork, tell: Told) -> Iterator[Difference]:
    for number, day in enumerate(days_on_record(work), start=1):
        for different in day_differences(work, day):
            yield Difference(different.table, different.key_json(), different.expected_json(), different.kept_json())
        tell("days", number)
