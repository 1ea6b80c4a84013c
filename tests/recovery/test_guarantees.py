"""When a guarantee is breached, and what it pays: S2 on 服务保证, domain.md section 5."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery.authority import Bounds
from recovery.guarantees import (
    Caution,
    Conditions,
    Guarantee,
    Happening,
    OrderFacts,
    breach_of,
    breaches,
    next_look,
    payment,
    who_confirms,
)
from recovery.money import Money
from recovery.remedies import Authority, RemedyKind, RemedyTerm

SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
PROMISED = datetime(2026, 12, 10, 12, tzinfo=UTC)
LATER = PROMISED + 30 * DAY
LIMITS = {Authority.BOT: 5000, Authority.AGENT: 8000, Authority.SUPERVISOR: 20000, Authority.MANAGER: 100000}
VOUCHER = RemedyTerm(RemedyKind.VOUCHER, percent_of_order=10, at_most_minor=5000)


def guarantee(**when: object) -> Guarantee:
    conditions = Conditions(**(when or {"delivered_after_promise": 2 * DAY, "not_delivered_after_promise": 3 * DAY}))  # type: ignore[arg-type]
    return Guarantee("on_time", "delivery", conditions, (VOUCHER,), "Head", date(2026, 12, 1), live=True)


def order(**facts: object) -> OrderFacts:
    known: dict[str, object] = {
        "number": "A-1",
        "placed_at": PROMISED - 4 * DAY,
        "total": Money(30000, "CNY"),
        "status": "shipped",
        "promised_at": PROMISED,
    }
    return OrderFacts(**(known | facts))  # type: ignore[arg-type]


LATE = order(delivered_at=PROMISED + 3 * DAY)

# facts, moment, what happened; the promise of S2's ③ (easy to understand): "more than two days late" is just that.
TABLE = [
    pytest.param(order(), PROMISED + 2 * DAY, None, id="under way, within the grace"),
    pytest.param(order(), PROMISED + 3 * DAY, None, id="not delivered for exactly three days"),
    pytest.param(order(), PROMISED + 3 * DAY + HOUR, Happening.NOT_DELIVERED, id="not delivered for longer"),
    pytest.param(order(delivered_at=PROMISED - HOUR), LATER, None, id="delivered in time"),
    pytest.param(order(delivered_at=PROMISED + 2 * DAY), LATER, None, id="late by exactly two days"),
    pytest.param(order(delivered_at=PROMISED + 2 * DAY + HOUR), LATER, Happening.DELIVERED_LATE, id="late by more"),
    # domain.md section 5: *facts on file* that show a breach pay; nothing is guessed
    pytest.param(order(promised_at=None), LATER, None, id="nothing was promised"),
    pytest.param(order(promised_at=None, delivered_at=LATER), LATER, None, id="delivered, nothing was promised"),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "now", "happening"), TABLE)
def test_what_is_on_file_decides(facts: OrderFacts, now: datetime, happening: Happening | None) -> None:
    found = breach_of(guarantee(), facts, now, SHANGHAI)
    assert (found.happening if found else None) == happening


def test_our_own_clocks_are_facts_too() -> None:
    missed = order(first_response_missed_at=PROMISED)
    broken = order(promise_broken_at=PROMISED)
    assert breach_of(guarantee(first_response_missed=True), missed, LATER, SHANGHAI) is not None
    assert breach_of(guarantee(first_response_missed=True), broken, LATER, SHANGHAI) is None
    found = breach_of(guarantee(promise_broken=True), broken, LATER, SHANGHAI)
    assert found is not None and found.happening is Happening.PROMISE_BROKEN and found.at == PROMISED


@pytest.mark.parametrize(
    ("conditions", "facts", "covered"),
    [
        ({"statuses": frozenset({"delivered"})}, {"status": "Delivered"}, True),
        ({"statuses": frozenset({"delivered"})}, {"status": "shipped"}, False),
        ({"not_statuses": frozenset({"returned"})}, {"status": "returned"}, False),
        ({"total_at_least_minor": 30000}, {}, True),
        ({"total_at_least_minor": 30001}, {}, False),
        ({"total_at_most_minor": 30000}, {}, True),
        ({"total_at_most_minor": 29999}, {}, False),
    ],
)
def test_it_is_about_some_orders_only(conditions: dict[str, object], facts: dict[str, object], covered: bool) -> None:
    one = guarantee(delivered_after_promise=2 * DAY, **conditions)
    assert bool(breaches([one], replace(LATE, **facts), LATER, SHANGHAI)) is covered  # type: ignore[arg-type]


def test_the_day_an_order_was_placed_is_the_firms_day() -> None:
    # 2026-12-01 in Shanghai begins on 30 November at 16:00 UTC.
    first = datetime(2026, 11, 30, 16, tzinfo=UTC)
    late = replace(LATE, placed_at=first)
    assert breach_of(guarantee(), late, LATER, SHANGHAI)
    assert not breach_of(guarantee(), replace(late, placed_at=first - timedelta(seconds=1)), LATER, SHANGHAI)
    until = replace(guarantee(), placed_until=date(2026, 12, 1))
    assert breach_of(until, late, LATER, SHANGHAI)
    assert not breach_of(until, replace(late, placed_at=first + DAY), LATER, SHANGHAI)


def test_a_draft_pays_nothing_but_shows_what_it_would() -> None:
    draft = replace(guarantee(), live=False)
    assert not breaches([draft], LATE, LATER, SHANGHAI)
    assert breach_of(draft, LATE, LATER, SHANGHAI)


def test_one_that_was_switched_off_pays_for_what_was_breached_before() -> None:
    assert LATE.delivered_at is not None
    day = LATE.delivered_at.astimezone(SHANGHAI).date()
    off = replace(guarantee(), live=False, switched_off_on=day)
    assert breaches([off], LATE, LATER, SHANGHAI)
    assert not breaches([replace(off, switched_off_on=day - DAY)], LATE, LATER, SHANGHAI)


def test_the_earliest_breach_is_told() -> None:
    both = guarantee(delivered_after_promise=2 * DAY, promise_broken=True)
    found = breach_of(both, replace(LATE, promise_broken_at=PROMISED + HOUR), LATER, SHANGHAI)
    assert found is not None and found.happening is Happening.PROMISE_BROKEN


def test_time_alone_calls_for_a_look_only_while_it_may_breach_something() -> None:
    due = next_look([guarantee()], order(), PROMISED, SHANGHAI)
    assert due is not None and PROMISED + 3 * DAY < due <= PROMISED + 3 * DAY + timedelta(seconds=1)
    assert breaches([guarantee()], order(), due, SHANGHAI)
    assert next_look([guarantee()], order(), due, SHANGHAI) is None
    assert next_look([guarantee()], order(delivered_at=PROMISED), PROMISED, SHANGHAI) is None
    assert next_look([replace(guarantee(), live=False)], order(), PROMISED, SHANGHAI) is None


def test_the_end_of_the_calendar_is_no_mistake() -> None:
    late = datetime(9999, 12, 31, tzinfo=UTC)
    assert breaches([guarantee()], order(promised_at=late), LATER, SHANGHAI) == ()
    assert next_look([guarantee()], order(promised_at=late), LATER, SHANGHAI) is None


def paid(total: int, granted: int = 0, *terms: RemedyTerm, bounds: Bounds | None = None) -> list[tuple[str, int]]:
    found = payment(
        replace(guarantee(), pays=terms or (VOUCHER,)), Money(total, "CNY"), granted, LIMITS, bounds or Bounds()
    )
    return [(remedy.kind.value, remedy.amount.minor if remedy.amount else 0) for remedy in found]


def test_it_pays_what_it_promised() -> None:
    apology = RemedyTerm(RemedyKind.APOLOGY)
    assert paid(30000) == [("voucher", 3000)]
    assert paid(90000) == [("voucher", 5000)]
    assert paid(30000, 0, VOUCHER, apology) == [("voucher", 3000), ("apology", 0)]


@pytest.mark.parametrize(("granted", "expected"), [(28000, [("voucher", 2000)]), (30000, []), (40000, [])])
def test_never_more_than_was_paid_for_the_order(granted: int, expected: list[tuple[str, int]]) -> None:
    assert paid(30000, granted) == expected


def test_an_apology_alone_is_no_payment() -> None:
    assert paid(30000, 30000, VOUCHER, RemedyTerm(RemedyKind.APOLOGY)) == []


def test_nothing_is_above_what_the_highest_may_grant() -> None:
    whole = RemedyTerm(RemedyKind.REFUND, percent_of_order=100)
    assert paid(500000, 20000, whole) == [("refund", 80000)]
    bounds = Bounds(per_remedy={RemedyKind.REFUND: {Authority.MANAGER: 30000}})
    assert paid(500000, 0, whole, bounds=bounds) == [("refund", 30000)]
    assert paid(500000, 0, whole, bounds=Bounds(order_percent=10)) == [("refund", 50000)]


@pytest.mark.parametrize(
    ("granted", "unlisted", "who"),
    [
        (0, None, Authority.BOT),
        (2000, None, Authority.BOT),
        (2001, None, Authority.AGENT),
        (6000, None, Authority.SUPERVISOR),
        (90000, None, Authority.MANAGER),
        # Somebody who proved the order by digits, and was granted nearly all that the bot may grant to such.
        (0, 2999, Authority.AGENT),
        (0, 3000, Authority.BOT),
    ],
)
def test_above_the_bots_limit_a_person_confirms(granted: int, unlisted: int | None, who: Authority) -> None:
    remedies = payment(guarantee(), Money(30000, "CNY"), granted, LIMITS, Bounds())
    assert who_confirms(remedies, granted, LIMITS, Bounds(), unlisted) is who


def test_s2_names_six_cautions() -> None:
    assert len(Caution) == 6


moments = st.datetimes(datetime(2026, 11, 1), datetime(2027, 2, 1)).map(lambda at: at.replace(tzinfo=UTC))
maybe = st.none() | moments
spans = st.none() | st.timedeltas(timedelta(0), timedelta(days=20))
statuses = st.sampled_from(["shipped", "delivered", "returned"])
some_facts = st.builds(
    OrderFacts,
    number=st.just("A-1"),
    placed_at=moments,
    total=st.integers(0, 10**7).map(lambda minor: Money(minor, "CNY")),
    status=statuses,
    promised_at=maybe,
    delivered_at=maybe,
    first_response_missed_at=maybe,
    promise_broken_at=maybe,
)
some_guarantees = st.builds(
    Guarantee,
    key=st.just("any"),
    category=st.just("delivery"),
    when=st.builds(
        Conditions,
        delivered_after_promise=spans,
        not_delivered_after_promise=spans,
        first_response_missed=st.booleans(),
        promise_broken=st.booleans(),
        not_statuses=st.frozensets(statuses, max_size=1),
        total_at_least_minor=st.integers(0, 50000),
    ),
    pays=st.just((VOUCHER,)),
    approved_by=st.just("Head"),
    placed_from=st.dates(date(2026, 11, 1), date(2027, 1, 1)),
    placed_until=st.none() | st.dates(date(2026, 11, 1), date(2027, 2, 1)),
    live=st.booleans(),
    switched_off_on=st.none() | st.dates(date(2026, 11, 1), date(2027, 2, 1)),
)


@given(some_guarantees, some_facts, moments, moments)
def test_with_the_same_facts_a_breach_stays_one(one: Guarantee, facts: OrderFacts, a: datetime, b: datetime) -> None:
    before = breaches([one], facts, min(a, b), SHANGHAI)
    assert before == breaches([one], facts, max(a, b), SHANGHAI) or not before
    assert all(breach.at <= min(a, b) for breach in before)


@given(some_guarantees, some_facts, moments, st.timedeltas(timedelta(0), timedelta(days=60)))
def test_no_breach_comes_by_time_alone_between_two_looks(
    one: Guarantee, facts: OrderFacts, now: datetime, passed: timedelta
) -> None:
    due = next_look([one], facts, now, SHANGHAI)
    then = now + passed
    if due is None or then < due:
        assert breaches([one], facts, then, SHANGHAI) == breaches([one], facts, now, SHANGHAI)


@given(some_guarantees, some_facts, moments)
def test_no_breach_without_a_fact_that_shows_it(one: Guarantee, facts: OrderFacts, now: datetime) -> None:
    blank = replace(facts, promised_at=None, first_response_missed_at=None, promise_broken_at=None)
    assert breaches([one], blank, now, SHANGHAI) == ()


terms = st.lists(
    st.one_of(
        st.builds(RemedyTerm, st.just(RemedyKind.REFUND), percent_of_order=st.integers(1, 100)),
        st.builds(RemedyTerm, st.just(RemedyKind.VOUCHER), amount_minor=st.integers(1, 10**6)),
        st.just(RemedyTerm(RemedyKind.APOLOGY)),
    ),
    min_size=1,
    max_size=4,
).map(tuple)


@given(terms, st.integers(0, 10**6), st.integers(0, 10**6), st.none() | st.integers(1, 200))
def test_whatever_it_promises_an_order_never_receives_more_than_was_paid(
    pays: tuple[RemedyTerm, ...], total: int, granted: int, percent: int | None
) -> None:
    bounds = Bounds(order_percent=percent)
    found = payment(replace(guarantee(), pays=pays), Money(total, "CNY"), granted, LIMITS, bounds)
    cost = sum(remedy.counts_minor for remedy in found)
    assert cost == 0 or granted + cost <= min(total, LIMITS[Authority.MANAGER])
    who = who_confirms(found, granted, LIMITS, bounds)
    assert granted + cost <= LIMITS[who] or not cost
