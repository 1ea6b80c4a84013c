"""The improvement ledger: what a project cost, what defects cost before and after, and the gain so far as shown."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from analytics.improvement.gates.look import Look
from analytics.improvement.loops.documents import Test
from analytics.improvement.loops.locking import change, is_final, locked, readable
from analytics.improvement.loops.refusals import ImprovementRefused
from analytics.improvement.losses import loss_of
from analytics.improvement.proof.evidence import DayCounts
from analytics.improvement.proof.planning import level_of
from analytics.improvement.proof.proving import Proof, prove
from analytics.periods import FIRST_DAY, LAST_DAY, Period
from analytics.sigma import WrongInput
from analytics.surroundings import Surroundings
from store.database import UnitOfWork
from store.tables.improvement import Improvement, LedgerEntry

KINDS = ("investment", "gain")
_MOST = 10**12
_NOTE = 1_000
# So long a gain is put down to the improvement: after a year the world has changed, too.
_YEAR = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Side:
    """Quality-loss of one side, in minor units: defects at their cost, and remedies."""

    since: date
    until: date
    defects: int
    opportunities: int
    loss_minor: int

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "since": self.since.isoformat(), "until": self.until.isoformat()}


@dataclass(frozen=True, slots=True)
class Gain:
    """What the defects avoided would have cost, in minor units, with its interval."""

    minor: int
    low: int
    high: int
    confidence: float
    defects_avoided: float
    until: date

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "until": self.until.isoformat()}


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """One improvement.

    Attributes:
        each_minor: what one defect costs, remedies included.
        gain: None where none is shown; ``no_gain`` says why: not_checked, not_shown, not_counted (ratings and times).
        invested_minor, booked_minor: what was booked, by currency.
    """

    number: str
    kind: str
    title: str
    cause: str
    phase: str
    outcome: str
    currency: str
    each_minor: float | None
    before: Side | None
    after: Side | None
    gain: Gain | None
    no_gain: str | None
    invested_minor: dict[str, int]
    booked_minor: dict[str, int]

    @property
    def net_minor(self) -> int | None:
        """Gain less investment in the ledger's currency; None where no gain is shown."""
        return None if self.gain is None else self.gain.minor - self.invested_minor.get(self.currency, 0)

    @property
    def times(self) -> float | None:
        """Gain by investment."""
        invested = self.invested_minor.get(self.currency, 0)
        return self.gain.minor / invested if self.gain is not None and invested > 0 else None

    def to_json(self) -> dict[str, Any]:
        return {
            **{name: getattr(self, name) for name in ("number", "kind", "title", "cause", "phase", "outcome")},
            "currency": self.currency,
            "each_minor": self.each_minor,
            "before": self.before.to_json() if self.before else None,
            "after": self.after.to_json() if self.after else None,
            "gain": self.gain.to_json() if self.gain else None,
            "no_gain": self.no_gain,
            "invested_minor": self.invested_minor,
            "booked_minor": self.booked_minor,
            "net_minor": self.net_minor,
            "gain_by_investment": self.times,
        }


@dataclass(frozen=True, slots=True)
class LedgerSum:
    """All improvements in one currency; the interval takes causes as independent.

    A cause counts once, by the round that gained most: a cycle in a project, or the next round, avoids the same
    defects.
    """

    currency: str
    invested_minor: int
    booked_minor: int
    gain_minor: int
    gain_low: int
    gain_high: int

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "net_minor": self.gain_minor - self.invested_minor}


@dataclass(frozen=True, slots=True)
class Ledger:
    lines: tuple[LedgerLine, ...]
    sums: tuple[LedgerSum, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "lines": [line.to_json() for line in self.lines],
            "sums": [one.to_json() for one in self.sums],
            "empty": not self.lines,
        }


def ledger(work: UnitOfWork, around: Surroundings, number: str | None = None) -> Ledger:
    """The ledger of one improvement, or of all that cost anything or were checked, the latest first.

    A gain is what the defects avoided since the measures work, for a year at most, would have cost at the level before;
    it is shown only where its interval excludes no change.

    Raises:
        ImprovementRefused: not_found.
    """
    asked = select(Improvement).order_by(Improvement.id.desc())
    if number is not None:
        asked = asked.where(Improvement.number == readable(number))
    improvements = work.session.scalars(asked).all()
    if number is not None and not improvements:
        raise ImprovementRefused("not_found", number=number[:16])
    entries = _by_improvement(work, [one.id for one in improvements] if number else None)
    lines = []
    for one in improvements:
        booked = entries.get(one.id, [])
        if number is not None or booked or is_final(one):
            around.go_on()
            lines.append(_line(work, around, one, booked))
    return Ledger(tuple(lines), _sums(lines))


def book(
    work: UnitOfWork,
    number: str,
    revision: int,
    kind: str,
    amount_minor: int,
    currency: str,
    day: date,
    note: str,
    by: str,
) -> LedgerEntry:
    """Book what an improvement cost, or a gain that its test has shown; also once it is closed.

    Raises:
        ImprovementRefused: not_found, changed_meanwhile, wrong_entry, gain_not_shown.
    """
    found = locked(work, number, revision, closed=True)
    wrong = None
    if kind not in KINDS:
        wrong = "kind"
    elif isinstance(amount_minor, bool) or not isinstance(amount_minor, int) or not 0 < amount_minor <= _MOST:
        wrong = "amount_minor"
    elif len(currency) != 3 or not currency.isascii() or not currency.isupper() or not currency.isalpha():
        wrong = "currency"
    elif not FIRST_DAY <= day <= LAST_DAY:
        wrong = "day"
    elif len(note) > _NOTE or "\0" in note:
        wrong = "note"
    if wrong:
        raise ImprovementRefused("wrong_entry", field=wrong)
    if kind == "gain" and not found.content.get("figures", {}).get("result", {}).get("shown"):
        raise ImprovementRefused("gain_not_shown")
    entry = LedgerEntry(
        improvement_id=found.id, kind=kind, amount_minor=amount_minor, currency=currency, day=day, note=note.strip(),
        by=by, at=work.now,
    )  # fmt: skip
    work.session.add(entry)
    change(found)
    work.session.flush()
    return entry


def reverse(work: UnitOfWork, number: str, revision: int, public_id: str, by: str, note: str = "") -> LedgerEntry:
    """Take an entry back by another one; both stay.

    Raises:
        ImprovementRefused: not_found, changed_meanwhile, wrong_entry, no_such_entry, already_reversed.
    """
    found = locked(work, number, revision, closed=True)
    if len(note) > _NOTE or "\0" in note:
        raise ImprovementRefused("wrong_entry", field="note")
    entries = entries_of(work, found)
    entry = next((one for one in entries if one.public_id == public_id), None)
    if entry is None:
        raise ImprovementRefused("no_such_entry")
    if entry.reverses_id is not None or any(one.reverses_id == entry.id for one in entries):
        raise ImprovementRefused("already_reversed")
    back = LedgerEntry(
        improvement_id=found.id, kind=entry.kind, amount_minor=-entry.amount_minor, currency=entry.currency,
        day=entry.day, note=note.strip(), by=by, at=work.now, reverses_id=entry.id,
    )  # fmt: skip
    work.session.add(back)
    change(found)
    work.session.flush()
    return back


def entries_of(work: UnitOfWork, improvement: Improvement) -> Sequence[LedgerEntry]:
    """The entries in the order in which they were booked."""
    asked = select(LedgerEntry).where(LedgerEntry.improvement_id == improvement.id)
    return work.session.scalars(asked.order_by(LedgerEntry.id)).all()


def _by_improvement(work: UnitOfWork, ids: list[int] | None) -> dict[int, list[LedgerEntry]]:
    asked = select(LedgerEntry).order_by(LedgerEntry.id)
    found: dict[int, list[LedgerEntry]] = {}
    for entry in work.session.scalars(asked if ids is None else asked.where(LedgerEntry.improvement_id.in_(ids))):
        found.setdefault(entry.improvement_id, []).append(entry)
    return found


def _line(work: UnitOfWork, around: Surroundings, one: Improvement, entries: Iterable[LedgerEntry]) -> LedgerLine:
    look = Look(work, around, one)
    loss = loss_of(around, look.policy, look.part)
    booked: dict[str, dict[str, int]] = {kind: {} for kind in KINDS}
    for entry in entries:
        sums = booked[entry.kind]
        sums[entry.currency] = sums.get(entry.currency, 0) + entry.amount_minor
    each, before, after, gain, why = _gain(look, float(loss.amount_minor), loss.currency)
    return LedgerLine(
        one.number, one.kind, one.title, one.cause, one.phase, one.outcome, loss.currency, each, before, after, gain,
        why, booked["investment"], booked["gain"],
    )  # fmt: skip


def _gain(
    look: Look, cost: float, currency: str
) -> tuple[float | None, Side | None, Side | None, Gain | None, str | None]:
    result, test, first = look.figures.get("result"), look.test, look.before()
    if result is None or test is None:
        return None, None, None, None, "not_checked"
    if not isinstance(first, DayCounts) or not first.size:
        return None, None, None, None, "not_counted"
    remedies = result.get("remedies") or {}
    paid = {side: told["costs"].get(currency, 0) / told["cases"] for side, told in remedies.items() if told["cases"]}
    each = cost + paid.get("before", 0.0)
    begin = date.fromisoformat(result["since"])
    until = max(date.fromisoformat(result["until"]), min(look.settled, begin + _YEAR - timedelta(days=1)))
    second = look.read(Period(begin, until))
    assert isinstance(second, DayCounts)
    sides = (
        _side(first, first.days[0], first.days[-1], each),
        _side(second, begin, until, cost + paid.get("after", 0.0)),
    )
    try:
        proof = prove(test, first, second, look.policy.confidence)
    except WrongInput:
        return each, *sides, None, "not_shown"
    if not (result["shown"] and proof.excludes_no_change):
        return each, *sides, None, "not_shown"
    return each, *sides, _worth(test, proof, first, second, each, until), None


def _side(counts: DayCounts, since: date, until: date, each: float) -> Side:
    defects, opportunities = counts.total
    return Side(since, until, defects, opportunities, round(defects * each))


def _worth(test: Test, proof: Proof, first: DayCounts, second: DayCounts, each: float, until: date) -> Gain:
    level, size = level_of(first, "defects") or 0.0, second.size
    if test.kind == "two_proportions":
        avoided = tuple(-size * value for value in (proof.effect, proof.interval.high, proof.interval.low))
    else:
        avoided = tuple(level * size * (1 - value) for value in (proof.effect, proof.interval.high, proof.interval.low))
    minor, low, high = (round(each * defects) for defects in avoided)
    return Gain(minor, low, high, proof.interval.confidence, avoided[0], until)


def _of_each_cause(lines: Iterable[LedgerLine]) -> list[Gain]:
    most: dict[str, Gain] = {}
    for line in lines:
        if line.gain is not None and (line.cause not in most or line.gain.minor > most[line.cause].minor):
            most[line.cause] = line.gain
    return list(most.values())


def _sums(lines: Iterable[LedgerLine]) -> tuple[LedgerSum, ...]:
    kept = list(lines)
    currencies = {line.currency for line in kept if line.gain}
    currencies |= {currency for line in kept for currency in (*line.invested_minor, *line.booked_minor)}
    found = []
    for currency in sorted(currencies):
        gains = _of_each_cause(line for line in kept if line.currency == currency)
        total = sum(gain.minor for gain in gains)
        below = math.sqrt(sum((gain.minor - gain.low) ** 2 for gain in gains))
        above = math.sqrt(sum((gain.high - gain.minor) ** 2 for gain in gains))
        found.append(
            LedgerSum(
                currency,
                sum(line.invested_minor.get(currency, 0) for line in kept),
                sum(line.booked_minor.get(currency, 0) for line in kept),
                total,
                round(total - below),
                round(total + above),
            )
        )
    return tuple(found)
