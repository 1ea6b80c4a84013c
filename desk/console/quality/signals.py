"""Signals that were found by themselves, as these pages show them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select

from analytics.improvement.part import Part
from analytics.surroundings import Surroundings
from desk.console.quality.asking import address
from desk.console.quality.pictures import QUALITY
from store.database import UnitOfWork
from store.tables.improvement import Improvement, ProcessSignal

# Not judged yet, or worked on.
UNSETTLED = ("open", "working")


@dataclass(frozen=True, slots=True)
class SignalLine:
    """A signal.

    Attributes:
        chosen: the part of the process, by dimension.
        query: of its cases.
        every: what a point of its chart stands for; None where it comes from no chart.
        improvement: number of what was opened for it; empty for none.
    """

    public_id: str
    kind: str
    process: str
    chosen: dict[str, str]
    direction: str
    since: date
    until: date
    state: str
    rules: tuple[str, ...]
    improvement: str
    query: dict[str, list[str]]
    every: str | None

    @property
    def cases(self) -> str:
        """Where its cases are."""
        return address(f"{QUALITY}/cases", {"signal": self.public_id})

    @property
    def chart(self) -> str:
        """Where its chart is."""
        kept = {name: value for name, value in self.query.items() if name not in ("since", "until")}
        return address(f"{QUALITY}/chart", kept, every=self.every)


def open_signals(work: UnitOfWork, most: int) -> tuple[list[SignalLine], int]:
    """The latest that are not settled, what got worse first and what lasts last, and how many there are in all."""
    of_them = ProcessSignal.state.in_(UNSETTLED)
    count = work.session.scalar(select(func.count()).select_from(ProcessSignal).where(of_them)) or 0
    # What lies below the standard does so for months; what is new must not stand behind it.
    lasting = ProcessSignal.kind == "standard"
    order = (ProcessSignal.direction != "worse", lasting, ProcessSignal.until.desc(), ProcessSignal.id.desc())
    rows = work.session.scalars(select(ProcessSignal).where(of_them).order_by(*order).limit(most)).all()
    return _lines(work, rows), count


def part_of_signal(work: UnitOfWork, around: Surroundings, public_id: str) -> SignalLine | None:
    """One signal; None where there is none of this name."""
    row = work.session.scalar(select(ProcessSignal).where(ProcessSignal.public_id == public_id))
    return _lines(work, [row])[0] if row else None


def _lines(work: UnitOfWork, rows: Sequence[ProcessSignal]) -> list[SignalLine]:
    ids = {row.improvement_id for row in rows if row.improvement_id is not None}
    asked = select(Improvement.id, Improvement.number).where(Improvement.id.in_(ids))
    numbers = {found.id: found.number for found in work.session.execute(asked)} if ids else {}
    return [_line(row, numbers.get(row.improvement_id or 0, "")) for row in rows]


def _line(row: ProcessSignal, improvement: str) -> SignalLine:
    part = Part.of(row)
    chosen = part.slice().chosen
    details: dict[str, Any] = row.details
    rules = details.get("rules") or ([details["rule"]] if details.get("rule") else [])
    query = {"process": [row.process], **{name: [value] for name, value in chosen.items()}}
    if details.get("measure") not in (None, "defects"):
        query["measure"] = [str(details["measure"])]
    query |= {"since": [row.since.isoformat()], "until": [row.until.isoformat()]}
    return SignalLine(
        row.public_id, row.kind, row.process, chosen, row.direction, row.since, row.until, row.state,
        tuple(str(rule) for rule in rules), improvement, query, details.get("every"),
    )  # fmt: skip
