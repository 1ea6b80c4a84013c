"""An offer is carried out whole, in a fixed order, or not at all; customers hear of what they have, once."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from actions.account import granted_minor
from actions.carrying_out import NOT_TRIED
from actions.connectors.errors import ConnectorError
from actions.connectors.refunds import RefundTwin
from actions.connectors.shipments import ShipmentTwin
from actions.connectors.vouchers import VoucherTwin
from actions.due import fire
from actions.staff.access import DeedRefused
from actions.staff.granting import RemedyWish, grant_by_hand
from actions.staff.promises import keep_promise
from actions.staff.talking import take
from recovery.case_states import CaseState
from recovery.money import Money
from store.tables import BudgetDay, Case, Notification, Offer, RefundEntry, Shipment, Timer, Voucher
from tests.actions.dialogue import Customer, Shop

ORDER = "202611120007"
REFUND, VOUCHER, REPLACEMENT = (
    {"kind": "refund", "amount": 1000, "currency": "CNY"},
    {"kind": "voucher", "amount": 2000, "currency": "CNY"},
    {"kind": "replacement", "amount": None, "currency": "CNY"},
)
GONE = ConnectorError("gone for good", permanent=True)
AWAY = ConnectorError("away", permanent=False)


class Moody:
    """Lets calls through to a twin, but for the errors given; an error may come after the work was done."""

    def __init__(self, twin: object, *errors: ConnectorError, after: bool = False) -> None:
        self._twin, self._errors, self._after = twin, list(errors), after
        self.keys: list[str] = []

    def recovers(self) -> None:
        self._errors.clear()

    def __getattr__(self, name: str) -> Callable[..., object]:
        def call(key: str, *rest: object) -> object:
            self.keys.append(key)
            error = self._errors.pop(0) if self._errors else None
            if error is not None and not self._after:
                raise error
            done = getattr(self._twin, name)(key, *rest)
            if error is not None:
                raise error
            return done

        return call


def is_offered(shop: Shop, wang: Customer, *remedies: dict[str, object]) -> None:
    """Wang has one choice, which holds these."""
    shop.sells(ORDER, total=10000, to=wang.address.public)
    wang.complains("delivery", order_number=ORDER)
    with shop.database.begin() as work:
        first, *others = work.session.scalars(select(Offer).order_by(Offer.position))
        first.remedies, first.cost = list(remedies), sum(int(r["amount"] or 0) for r in remedies)  # type: ignore[call-overload]
        for other in others:
            other.state = "superseded"
        work.commit()


def accepts(wang: Customer) -> None:
    """Wang takes it; nothing is carried out yet."""
    wang.is_answered(wang.types("1"), "action_accept_offer", choice=1)


def tries(shop: Shop) -> list[ConnectorError]:
    """Fire what is due, as long as something can be done; the passing failures on the way."""
    failures: list[ConnectorError] = []
    while True:
        with shop.database.reading() as work:
            due = work.session.scalars(
                select(Timer.id).where(Timer.state == "open", Timer.due_at <= shop.clock.now).order_by(Timer.id)
            ).all()
        tried = len(failures)
        for timer in due:
            try:
                fire(shop.database, shop.firm, shop.connectors, timer)
            except ConnectorError as error:
                failures.append(error)
        if len(failures) - tried == len(due):
            return failures


def states(wang: Customer) -> dict[str, str]:
    return {remedy.kind: remedy.state for remedy in wang.case.remedies}


# --- in a fixed order, told of when all is done ---------------------------------------------------------------------


def test_what_can_be_taken_back_comes_first_and_money_last(shop: Shop, wang: Customer) -> None:
    is_offered(shop, wang, REFUND, REPLACEMENT, VOUCHER)
    called: list[str] = []
    for name in ("vouchers", "shipments", "refunds"):
        moody = Moody(getattr(shop, name))
        moody.keys = called
        setattr(shop, name, moody)
    accepts(wang)
    before = len(wang.was_told)
    tries(shop)
    keys = {remedy.kind: remedy.idempotency_key for remedy in wang.case.remedies}
    assert called == [keys["voucher"], keys["replacement"], keys["refund"]]
    assert set(states(wang).values()) == {"executed"} and wang.case.state == CaseState.RESOLVED
    (confirmation,) = wang.was_told[before:]
    assert all(confirmation.count(remedy.reference or "?") == 1 for remedy in wang.case.remedies)


def test_nobody_hears_of_a_part_before_the_whole_is_done(shop: Shop, wang: Customer) -> None:
    is_offered(shop, wang, VOUCHER, REFUND)
    shop.refunds = Moody(shop.refunds, AWAY)  # type: ignore[assignment]
    accepts(wang)
    before = len(wang.was_told)
    with pytest.raises(ConnectorError):
        shop.fires_due()
    assert states(wang) == {"voucher": "executed", "refund": "intended"} and len(wang.was_told) == before
    shop.fires_due()
    assert len(wang.was_told) == before + 1 and len(shop.all(RefundEntry)) == 1


def test_the_customer_is_told_the_end_that_the_issuer_gave_the_voucher(shop: Shop, wang: Customer) -> None:
    is_offered(shop, wang, VOUCHER)
    accepts(wang)
    tries(shop)
    (voucher,) = shop.all(Voucher)
    (remedy,) = wang.case.remedies
    assert remedy.valid_until == voucher.expires_at
    assert "2027年2月16日" in wang.was_told[-1]  # firm.yml: valid for 90 days from 18 November


# --- where a part fails for good ------------------------------------------------------------------------------------


@pytest.mark.parametrize("fails", ["vouchers", "shipments", "refunds"])
def test_whichever_part_fails_nothing_of_the_offer_stays(shop: Shop, wang: Customer, fails: str) -> None:
    is_offered(shop, wang, REFUND, REPLACEMENT, VOUCHER)
    with shop.database.reading() as work:
        had = granted_minor(work, work.session.get_one(Case, wang.case.id))
    setattr(shop, fails, Moody(getattr(shop, fails), GONE))
    accepts(wang)
    before = len(wang.was_told)
    tries(shop)
    assert "executed" not in states(wang).values() and "intended" not in states(wang).values()
    assert all(voucher.cancelled_at for voucher in shop.all(Voucher))
    assert {shipment.state for shipment in shop.all(Shipment)} <= {"cancelled"} and shop.all(RefundEntry) == []
    assert wang.case.state == CaseState.WITH_STAFF and wang.reasons == ["remedy_failed"]
    with shop.database.reading() as work:
        assert granted_minor(work, work.session.get_one(Case, wang.case.id)) == had
        assert {row.spent for row in work.session.scalars(select(BudgetDay))} <= {0}
    taken_back = [remedy for remedy in wang.case.remedies if remedy.state == "reversed"]
    executed = [event["reference"] for event in shop.events("remedy_executed")]
    assert [event["reference"] for event in shop.events("remedy_reversed")] == executed
    assert sorted(executed) == sorted(str(remedy.reference) for remedy in taken_back)
    told = "\n".join(wang.was_told[before:])
    assert wang.words("hand_over.remedy_failed") in told
    assert not any(str(remedy.reference) in told for remedy in taken_back), "nobody hears of what is taken back"


def test_what_was_not_tried_says_so(shop: Shop, wang: Customer) -> None:
    is_offered(shop, wang, REFUND, VOUCHER)
    shop.vouchers = Moody(shop.vouchers, GONE)  # type: ignore[assignment]
    accepts(wang)
    tries(shop)
    assert {remedy.kind: remedy.error for remedy in wang.case.remedies} == {"voucher": str(GONE), "refund": NOT_TRIED}


def test_what_cannot_be_taken_back_stays_counts_and_is_told(shop: Shop, wang: Customer) -> None:
    is_offered(shop, wang, REFUND, REPLACEMENT, VOUCHER)
    shop.refunds = Moody(shop.refunds, GONE)  # type: ignore[assignment]
    shipments = shop.shipments

    class LeavesAtOnce(ShipmentTwin):
        def order(self, key: str, order_number: str) -> str:
            reference = super().order(key, order_number)
            shipments.ship(reference)
            return reference

    shop.shipments = LeavesAtOnce(shop.database)
    accepts(wang)
    tries(shop)
    assert states(wang) == {"voucher": "reversed", "replacement": "executed", "refund": "failed"}
    (replacement,) = (remedy for remedy in wang.case.remedies if remedy.kind == "replacement")
    told = "\n".join(wang.was_told)
    assert told.count(str(replacement.reference)) == 1 and "仍然归您" in told
    assert len(shop.events("remedy_reversed")) == 1 and replacement.error is not None


def test_taking_back_is_tried_again_under_a_key_of_its_own(shop: Shop, wang: Customer) -> None:
    is_offered(shop, wang, REFUND, VOUCHER)
    shop.refunds = Moody(shop.refunds, GONE)  # type: ignore[assignment]
    accepts(wang)
    issuing = shop.vouchers
    with shop.database.reading() as work:
        first = work.session.scalars(select(Timer.id).where(Timer.kind == "execute_remedy")).one()
    fire(shop.database, shop.firm, shop.connectors, first)
    shop.vouchers = moody = Moody(issuing, AWAY, after=True)  # type: ignore[assignment]
    assert len(tries(shop)) == 1
    tries(shop)
    (voucher,) = (remedy for remedy in wang.case.remedies if remedy.kind == "voucher")
    assert moody.keys == [f"{voucher.idempotency_key}-reversed"] * 2
    assert voucher.state == "reversed" and len(shop.events("remedy_reversed")) == 1


def test_while_a_person_has_the_conversation_they_are_told_and_it_stays_theirs(shop: Shop, wang: Customer) -> None:
    is_offered(shop, wang, REFUND)
    shop.refunds = Moody(shop.refunds, GONE)  # type: ignore[assignment]
    accepts(wang)
    wang.is_answered(wang.types("转人工"), "action_request_person", hand_over="asked")
    alice = shop.hires("alice", "agent")
    shop.does(take, shop.firm, alice, wang.conversation.id)
    tries(shop)
    assert wang.control == "staff" and wang.case.state == CaseState.WITH_STAFF and wang.reasons == ["asked"]
    assert ("remedy_failed", alice.id) in [(row.kind, row.staff_id) for row in shop.all(Notification)]
    assert wang.was_told[-1].startswith("很抱歉，这件事没能办成")


def test_a_failure_that_comes_twice_is_told_once(shop: Shop, wang: Customer) -> None:
    is_offered(shop, wang, REFUND)
    shop.refunds = Moody(shop.refunds, GONE, GONE)  # type: ignore[assignment]
    accepts(wang)
    with shop.database.reading() as work:
        timer = work.session.scalars(select(Timer.id).where(Timer.kind == "execute_remedy")).one()
    for _ in range(2):
        fire(shop.database, shop.firm, shop.connectors, timer)
    assert wang.reasons == ["remedy_failed"]


# --- where a system is away for long --------------------------------------------------------------------------------


def test_after_a_while_staff_and_customer_are_told_once_and_it_goes_on(shop: Shop, wang: Customer) -> None:
    boss = shop.hires("bob", "supervisor")
    is_offered(shop, wang, REFUND)
    shop.refunds = moody = Moody(shop.refunds, *[AWAY] * 50, after=True)  # type: ignore[assignment]
    accepts(wang)
    before = len(wang.was_told)
    tries(shop)
    shop.clock.advance(minutes=14)
    tries(shop)
    assert len(wang.was_told) == before and shop.all(Notification) == []
    shop.clock.advance(minutes=1)  # connectors.yml: told_after
    tries(shop)
    tries(shop)
    assert len(wang.was_told) == before + 1 and wang.case.number in wang.was_told[-1]
    assert [(row.kind, row.staff_id) for row in shop.all(Notification)] == [("remedy_delayed", boss.id)]
    (promise,) = wang.case.promises
    assert promise.kind == "remedy" and promise.state == "open"
    moody.recovers()
    tries(shop)
    assert wang.case.promises[0].state == "kept" and wang.case.state == CaseState.RESOLVED
    assert len(set(moody.keys)) == 1 and [entry.amount for entry in shop.all(RefundEntry)] == [1000]


def test_the_customer_hears_once_of_one_offer_that_takes_longer(shop: Shop, wang: Customer) -> None:
    is_offered(shop, wang, VOUCHER, REFUND)
    shop.vouchers = Moody(shop.vouchers, AWAY)  # type: ignore[assignment]
    shop.refunds = Moody(shop.refunds, AWAY)  # type: ignore[assignment]
    accepts(wang)
    before = len(wang.was_told)
    with shop.database.reading() as work:
        first = work.session.scalars(select(Timer.id).where(Timer.kind == "execute_remedy")).one()
    shop.clock.advance(minutes=16)
    with pytest.raises(ConnectorError):
        fire(shop.database, shop.firm, shop.connectors, first)
    fire(shop.database, shop.firm, shop.connectors, first)
    shop.clock.advance(minutes=16)
    with pytest.raises(ConnectorError):
        shop.fires_due()
    assert len(wang.was_told) == before + 1 and len(wang.case.promises) == 1


def test_a_promise_that_it_takes_longer_ends_with_a_refusal(shop: Shop, wang: Customer) -> None:
    is_offered(shop, wang, REFUND)
    shop.refunds = Moody(shop.refunds, AWAY, GONE)  # type: ignore[assignment]
    accepts(wang)
    shop.clock.advance(minutes=16)
    tries(shop)
    tries(shop)
    assert {made.kind: made.state for made in wang.case.promises} == {"remedy": "released", "person_answers": "open"}


def test_a_system_that_stays_away_breaks_the_promise_and_brings_a_person(shop: Shop, wang: Customer) -> None:
    is_offered(shop, wang, REFUND)
    shop.refunds = Moody(shop.refunds, *[AWAY] * 50)  # type: ignore[assignment]
    accepts(wang)
    shop.clock.advance(minutes=16)
    tries(shop)
    shop.clock.advance(days=2)  # connectors.yml: settled_within 1 working day
    tries(shop)
    assert wang.case.promises[0].state == "broken" and "promise_broken" in wang.reasons
    assert states(wang) == {"refund": "intended"}, "it goes on being tried"


# --- replacements, and what people carry out ------------------------------------------------------------------------


def test_a_replacement_needs_an_order_of_the_customers(shop: Shop, wang: Customer) -> None:
    shop.sells(ORDER, total=10000, phone_last4="4711")
    wang.complains("delivery", order_number=ORDER)
    alice = shop.hires("alice", "agent")
    shop.does(take, shop.firm, alice, wang.conversation.id)
    with pytest.raises(DeedRefused) as refused:
        shop.does(grant_by_hand, shop.firm, alice, wang.conversation.id, RemedyWish("replacement", None), "换一个")
    assert refused.value.code == "order_needed"


def test_a_replacement_is_ordered_once_and_told(shop: Shop, wang: Customer) -> None:
    is_offered(shop, wang, REPLACEMENT)
    shop.shipments = Moody(shop.shipments, AWAY, after=True)  # type: ignore[assignment]
    accepts(wang)
    tries(shop)
    tries(shop)
    (shipment,) = shop.all(Shipment)
    assert shipment.order_number == ORDER and sum(shipment.reference in text for text in wang.was_told) == 1


def test_the_customer_is_told_by_when_people_carry_it_out(shop: Shop, wang: Customer) -> None:
    is_offered(shop, wang, {"kind": "redo", "amount": None, "currency": "CNY"})
    accepts(wang)
    assert "11月23日" in wang.was_told[-1]  # firm.yml: by_hand_within 3 working days; said on a Wednesday


@pytest.mark.parametrize("kind", ["redo", "upgrade", "gift"])
def test_what_people_carry_out_is_owed_by_a_time_until_they_say_so(shop: Shop, wang: Customer, kind: str) -> None:
    shop.sells(ORDER, total=10000, to=wang.address.public)
    wang.complains("delivery", order_number=ORDER)
    bob = shop.hires("bob", "manager")
    shop.does(take, shop.firm, bob, wang.conversation.id)
    shop.does(grant_by_hand, shop.firm, bob, wang.conversation.id, RemedyWish(kind, None), "说好的")
    (promise,) = (made for made in wang.case.promises if made.kind == kind)
    assert shop.firm.local(promise.due_at - timedelta(seconds=1)).date().day == 23
    assert states(wang) == {kind: "intended"} and wang.case.state == CaseState.REMEDYING
    shop.does(keep_promise, shop.firm, bob, promise.id)
    assert states(wang) == {kind: "executed"} and wang.case.state == CaseState.RESOLVED


# --- the twins ------------------------------------------------------------------------------------------------------


def test_a_cancelled_voucher_buys_nothing_and_a_redeemed_one_is_not_cancelled(shop: Shop) -> None:
    vouchers = VoucherTwin(shop.database, timedelta(days=90))
    first, second = (vouchers.issue(key, Money(2000, "CNY")).code for key in ("one", "two"))
    vouchers.cancel("one-reversed", first)
    vouchers.cancel("one-reversed", first)
    assert not vouchers.redeem(first) and vouchers.redeem(second)
    for code in (second, "V-0000-0000-0000"):
        with pytest.raises(ConnectorError) as refused:
            vouchers.cancel("reversed", code)
        assert refused.value.permanent


def test_one_replacement_of_an_order_waits_at_a_time(shop: Shop) -> None:
    shop.sells(ORDER, total=10000)
    shipments = ShipmentTwin(shop.database)
    first = shipments.order("one", ORDER)
    assert shipments.order("one", ORDER) == first
    for order in (ORDER, "unknown"):
        with pytest.raises(ConnectorError) as refused:
            shipments.order("two", order)
        assert refused.value.permanent
    assert shipments.ship(first) and not shipments.ship(first)
    with pytest.raises(ConnectorError):
        shipments.cancel("one-reversed", first)
    second = shipments.order("two", ORDER)
    shipments.cancel("two-reversed", second)
    shipments.cancel("two-reversed", second)
    assert [shipment.state for shipment in shop.all(Shipment)] == ["shipped", "cancelled"]
    with pytest.raises(ConnectorError):
        shipments.cancel("three", "RS-0000-0000")


def test_money_never_goes_back_twice_under_one_key(shop: Shop) -> None:
    shop.sells(ORDER, total=10000)
    refunds = Moody(RefundTwin(shop.database), AWAY, after=True)
    with pytest.raises(ConnectorError):
        refunds.refund("key", ORDER, Money(1000, "CNY"))
    refunds.refund("key", ORDER, Money(1000, "CNY"))
    assert len(shop.all(RefundEntry)) == 1
