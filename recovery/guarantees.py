"""Guarantees (服务保证): published promises that pay by themselves once what is on file shows one was not kept.

S2 asks of a guarantee that it be unconditional, meaningful, easy to understand and communicate, easy to claim and quick
to pay, credible; what speaks against giving one are its six cautions (:class:`Caution`). "Facts on file that show a
breach pay unasked" (domain.md section 5). Nothing here knows the time: moments are arguments, aware.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from recovery.authority import RISING, Bounds, Limits
from recovery.money import Money
from recovery.remedies import Authority, ProposedRemedy, RemedyKind, RemedyTerm


class Caution(StrEnum):
    """S2's six (请慎用承诺), in its order: each that holds speaks against giving the guarantee."""

    POOR_QUALITY = "poor_quality"  # 公司现有服务的质量低劣
    AGAINST_BRAND = "against_brand"  # 承诺与公司形象不符
    BEYOND_CONTROL = "beyond_control"  # 服务质量确实无法控制
    COSTS_MORE_THAN_IT_EARNS = "costs_more_than_it_earns"  # 承诺的成本超过利润
    NO_RISK_SEEN = "no_risk_seen"  # 顾客在服务中感觉不到风险
    NO_DIFFERENCE = "no_difference"  # 在竞争者之间的质量方面感觉不到什么差异


class Happening(StrEnum):
    """What breaches a guarantee."""

    DELIVERED_LATE = "delivered_late"
    NOT_DELIVERED = "not_delivered"
    FIRST_RESPONSE_MISSED = "first_response_missed"
    PROMISE_BROKEN = "promise_broken"


# What a guarantee may pay: what can be carried out at once, without anybody's doing.
PAYABLE = frozenset({RemedyKind.REFUND, RemedyKind.VOUCHER, RemedyKind.APOLOGY})


@dataclass(frozen=True, slots=True)
class Conditions:
    """When a guarantee is breached: one of its happenings is on file, and the order is one that it is about.

    Attributes:
        delivered_after_promise: delivered later than the promised moment and so much.
        not_delivered_after_promise: not delivered yet, so much after the promised moment.
        first_response_missed: a person's first answer to a complaint about the order came too late, or not at all.
        promise_broken: a promise made in a complaint about the order was broken.
        statuses: of the order as the merchant reports them, lower case; empty for any.
        not_statuses: with these it is not about the order, such as one that was cancelled.
        total_at_least_minor, total_at_most_minor: of what was paid.
    """

    delivered_after_promise: timedelta | None = None
    not_delivered_after_promise: timedelta | None = None
    first_response_missed: bool = False
    promise_broken: bool = False
    statuses: frozenset[str] = frozenset()
    not_statuses: frozenset[str] = frozenset()
    total_at_least_minor: int = 0
    total_at_most_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Guarantee:
    """A published promise.

    Attributes:
        category: what failed where it is breached; of the firm's taxonomy.
        pays: exact terms, without room.
        placed_from, placed_until: days of the firm's zone on which orders were placed that it covers; both included,
            None for no end.
        live: whether it pays.
        switched_off_on: the last day on which a breach counted, where it was live once and is not any more.
    """

    key: str
    category: str
    when: Conditions
    pays: tuple[RemedyTerm, ...]
    approved_by: str
    placed_from: date
    placed_until: date | None = None
    live: bool = False
    switched_off_on: date | None = None

    @property
    def pays_at_all(self) -> bool:
        """Whether it can still pay: it is live, or was."""
        return self.live or self.switched_off_on is not None


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """What is on file about an order. Moments are aware; None where nothing is on file.

    Attributes:
        first_response_missed_at, promise_broken_at: the earliest, of complaints in which the order was proved.
    """

    number: str
    placed_at: datetime
    total: Money
    status: str
    promised_at: datetime | None = None
    delivered_at: datetime | None = None
    first_response_missed_at: datetime | None = None
    promise_broken_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Breach:
    """A guarantee that was not kept for an order.

    Attributes:
        at: the moment from which it was breached; never later than the moment that was asked about.
    """

    guarantee: Guarantee
    order_number: str
    happening: Happening
    at: datetime


def breaches(guarantees: Iterable[Guarantee], order: OrderFacts, now: datetime, zone: ZoneInfo) -> tuple[Breach, ...]:
    """The guarantees that what is on file about ``order`` shows to be breached by ``now``, at most once each.

    With the same facts a breach stays one for good: a guarantee that was switched off pays for what happened while it
    was valid. Without a promised moment, a missed answer or a broken promise on file there is no breach: nothing is
    guessed.

    Args:
        zone: the firm's, in which days are counted.
    """
    found = (breach_of(guarantee, order, now, zone) for guarantee in guarantees if guarantee.pays_at_all)
    return tuple(breach for breach in found if breach is not None)


def breach_of(guarantee: Guarantee, order: OrderFacts, now: datetime, zone: ZoneInfo) -> Breach | None:
    """How ``order`` breaches ``guarantee`` by ``now``, whether or not it pays; None where it does not."""
    if not covers(guarantee, order, zone):
        return None
    ended = guarantee.switched_off_on
    last = None if ended is None else datetime.combine(ended + timedelta(days=1), time(), zone)
    happened = sorted(
        (at, happening)
        for happening, at in _happenings(guarantee.when, order)
        if at <= now and (last is None or at < last)
    )
    return Breach(guarantee, order.number, happened[0][1], happened[0][0]) if happened else None


def next_look(guarantees: Iterable[Guarantee], order: OrderFacts, now: datetime, zone: ZoneInfo) -> datetime | None:
    """When time alone may breach another guarantee, with the same facts; None where only new facts can."""
    moments = [
        at
        for guarantee in guarantees
        if guarantee.pays_at_all and covers(guarantee, order, zone)
        for _, at in _happenings(guarantee.when, order)
        if at > now
    ]
    return min(moments, default=None)


def covers(guarantee: Guarantee, order: OrderFacts, zone: ZoneInfo) -> bool:
    """Whether the guarantee is about such an order: by the day it was placed, its status and what was paid."""
    placed = order.placed_at.astimezone(zone).date()
    status = order.status.lower()
    return (
        guarantee.placed_from <= placed
        and (guarantee.placed_until is None or placed <= guarantee.placed_until)
        and (not guarantee.when.statuses or status in guarantee.when.statuses)
        and status not in guarantee.when.not_statuses
        and order.total.minor >= guarantee.when.total_at_least_minor
        and (guarantee.when.total_at_most_minor is None or order.total.minor <= guarantee.when.total_at_most_minor)
    )


def _happenings(when: Conditions, order: OrderFacts) -> list[tuple[Happening, datetime]]:
    """What breaches, and from which moment on; a moment yet to come breaches unless new facts come before."""
    found = []
    promised, delivered = order.promised_at, order.delivered_at
    if promised is not None:
        grace = when.delivered_after_promise
        if grace is not None and delivered is not None and delivered - promised > grace:
            found.append((Happening.DELIVERED_LATE, delivered))
        if when.not_delivered_after_promise is not None and delivered is None:
            due = _later(promised, when.not_delivered_after_promise)
            if due is not None:
                found.append((Happening.NOT_DELIVERED, due))
    if when.first_response_missed and order.first_response_missed_at is not None:
        found.append((Happening.FIRST_RESPONSE_MISSED, order.first_response_missed_at))
    if when.promise_broken and order.promise_broken_at is not None:
        found.append((Happening.PROMISE_BROKEN, order.promise_broken_at))
    return found


def _later(moment: datetime, span: timedelta) -> datetime | None:
    """Just after ``span`` has passed, since at that moment the promise is still kept; None past the calendar's end."""
    try:
        return moment + span + timedelta(microseconds=1)
    except OverflowError:
        return None


def payment(
    guarantee: Guarantee, order_total: Money, granted_minor: int, limits: Limits, bounds: Bounds
) -> tuple[ProposedRemedy, ...]:
    """What a breach pays now, in the order of the terms; empty where there is no room for money any more.

    A guarantee pays in full, with two ends to it: what an order received in all never exceeds what was paid for it, and
    nothing exceeds what the highest authority may grant. An order in another currency than that of ``limits`` is not
    for this function.

    Args:
        order_total: what was paid.
        granted_minor: what was granted for the order before, in complaints or by guarantees.
        limits: by authority, in minor units, for one order.
    """
    most = order_total.minor
    if bounds.order_percent is not None:
        most = min(most, order_total.minor * bounds.order_percent // 100)
    room = max(0, min(most, limits.get(Authority.MANAGER, 0)) - granted_minor)
    remedies = []
    for term in guarantee.pays:
        remedy = term.priced(order_total, order_total.currency)
        if remedy.amount is None:
            remedies.append(remedy)
            continue
        own = bounds.per_remedy.get(remedy.kind)
        minor = min(remedy.amount.minor, room, *([own.get(Authority.MANAGER, 0)] if own is not None else []))
        if minor > 0:
            room -= minor
            remedies.append(replace(remedy, amount=Money(minor, remedy.amount.currency), counts_minor=minor))
    return tuple(remedies) if any(remedy.amount for remedy in remedies) else ()


def who_confirms(
    remedies: Sequence[ProposedRemedy],
    granted_minor: int,
    limits: Limits,
    bounds: Bounds,
    unlisted_left: int | None = None,
) -> Authority:
    """The lowest authority that may pay ``remedies`` on top of what was granted: the bot, unless above its limits.

    The published promise itself is the approval up to there (GB/T 47746-2026: a standardised process); neither the
    day's budget nor what the customer was granted before for other orders holds it up.

    Args:
        unlisted_left: for somebody who proved the order by digits and is not listed with it, what the bot may still
            grant them in minor units; None for whom it is listed with.
    """
    cost = sum(remedy.counts_minor for remedy in remedies)
    total = granted_minor + cost
    for authority in RISING:
        if authority is Authority.BOT and unlisted_left is not None and cost > unlisted_left:
            continue
        within = all(
            authority in own and remedy.counts_minor <= own[authority]
            for remedy in remedies
            if (own := bounds.per_remedy.get(remedy.kind)) is not None
        )
        if within and total <= limits.get(authority, 0):
            return authority
    return Authority.MANAGER
