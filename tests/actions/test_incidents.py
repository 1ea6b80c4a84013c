"""Incidents: who is touched hears of it first, once, at the firm's pace."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

from actions.conversations import Address, lock_conversation, open_conversation
from actions.incidents.claiming import CLAIM, claim
from actions.incidents.telling import Told, tell
from actions.staff import incidents as deeds
from recovery.control import Control
from store.tables import Conversation, IncidentOrder, Notification, Staff
from store.tables import Customer as CustomerRow
from tests.actions.dialogue import Customer, Shop
from tests.actions.incident_deeds import TITLES, starts, state_of, states, works

# --- the first word ---------------------------------------------------------------------------------------------------


def test_who_is_touched_hears_first_with_an_apology_and_can_choose_at_once(
    shop: Shop, bob: Staff, language: str
) -> None:
    customer = Customer(shop, "wang" if language == "zh" else "mary", language)
    customer.greets()
    shop.sells("A1", 20_000, to=customer.address.public)
    incident = starts(shop, bob, "A1")
    assert works(shop) == [Told.TOLD]
    said = customer.was_told[-1]
    playbook = shop.firm.playbooks.named("parcels_late")
    assert playbook is not None and playbook.promise is not None
    assert playbook.apology.in_language(language) in said
    assert TITLES[language] in said and "A1" in said and playbook.doing.in_language(language) in said
    case = customer.case
    assert (case.origin, case.incident_id, case.state) == ("incident", incident.id, "offered")
    # 10 % of 200.00, as the playbook licenses it.
    assert next((offer.cost, offer.rule, offer.approved_by) for offer in customer.choices) == (
        2000, "playbook:parcels_late", "Head of customer service",
    )  # fmt: skip
    assert customer.awaited == "offer" and len(customer.buttons) == len(customer.choices) + 1
    (owed,) = [promise for promise in case.promises if promise.kind == "incident"]
    assert owed.text == playbook.promise.in_language(language) and owed.due_at > shop.clock.now
    customer.chooses(1)
    assert customer.case.state == "resolved"
    assert states(shop, incident) == {"A1": "told"}


def test_a_customer_of_three_orders_hears_once_and_of_all_three(both: Shop) -> None:
    shop = both
    bob = shop.hires("bob", "supervisor")
    wang = Customer(shop, "wang")
    wang.greets()
    for number, total in (("A1", 5_000), ("A2", 30_000), ("A3", 10_000)):
        shop.sells(number, total, to="rest:wang")
    incident = starts(shop, bob, "A1 A2 A3")
    before = len(wang.was_told)
    while works(shop):
        shop.clock.advance(minutes=2)
    assert len(wang.was_told) == before + 1
    assert all(number in wang.was_told[-1] for number in ("A1", "A2", "A3"))
    assert sorted(states(shop, incident).values()) == ["same_customer", "same_customer", "told"]
    # The offer goes by the dearest of them: 10 % of 300.00.
    assert wang.choices[0].cost == 3000
    assert state_of(shop, incident) == "done"


def test_who_never_wrote_is_told_on_rest_where_a_conversation_may_be_opened_and_nowhere_else(
    shop: Shop, bob: Staff
) -> None:
    shop.sells("A1", 5_000, to="rest:new")
    shop.sells("A2", 6_000, to="rest:new")
    shop.sells("B1", 5_000, to="wechat:unknown")
    shop.sells("C1", 5_000)
    incident = starts(shop, bob, "A1 A2 B1 C1")
    while works(shop):
        shop.clock.advance(minutes=2)
    assert states(shop, incident) == {
        "A1": "told", "A2": "same_customer", "B1": "unreachable", "C1": "unreachable",
    }  # fmt: skip
    assert len(Customer(shop, "new").was_told) == 1


def test_one_person_under_two_identities_hears_once(both: Shop) -> None:
    shop = both
    bob = shop.hires("bob", "supervisor")
    wang = Customer(shop, "wang")
    wang.greets()
    with shop.database.begin() as work:
        other = open_conversation(work, Address("web", "abc"), customer=work.session.get_one(
            CustomerRow, wang.conversation.identity.customer_id
        ))  # fmt: skip
        work.commit()
    shop.sells("A1", 5_000, to="rest:wang")
    shop.sells("A2", 5_000, to="web:abc")
    incident = starts(shop, bob, "A1 A2")
    assert sorted(works(shop)) == [Told.NOTHING, Told.TOLD]
    assert sorted(states(shop, incident).values()) == ["same_customer", "told"]
    with shop.database.reading() as work:
        assert work.session.get_one(Conversation, other.id).last_number == 0


def test_an_order_in_another_currency_is_told_and_no_money_is_offered(shop: Shop, bob: Staff, wang: Customer) -> None:
    wang.greets()
    shop.sells("A1", 20_000, to="rest:wang", currency="USD")
    starts(shop, bob, "A1")
    assert works(shop) == [Told.TOLD]
    assert [offer.cost for offer in wang.choices] == [0]


# --- never twice ------------------------------------------------------------------------------------------------------


def test_two_workers_and_a_restart_tell_everybody_once(both: Shop) -> None:
    shop = both
    bob = shop.hires("bob", "supervisor")
    numbers = [f"A{number}" for number in range(12)]
    for number in numbers:
        # Every customer has two orders.
        shop.sells(number, 5_000, to=f"rest:c{int(number[1:]) // 2}")
    starts(shop, bob, " ".join(numbers), per_minute=600)
    first = shop.does(claim, shop.firm)
    # The first worker dies after its claim; its rows are another's once the claim has run out.
    assert first and shop.does(claim, shop.firm) == []
    shop.clock.advance(seconds=CLAIM.total_seconds() + 1)
    again = shop.does(claim, shop.firm)
    assert sorted(again) == sorted(first)
    # And now it turns out that it was only slow: both tell, at the same moment.
    with ThreadPoolExecutor(4) as both:
        told = list(both.map(lambda row_id: shop.does(tell, shop.firm, row_id), [*first, *again]))
    assert told.count(Told.TOLD) == 6
    assert [len(Customer(shop, f"c{number}").was_told) for number in range(6)] == [1] * 6


def test_a_crash_while_telling_leaves_nothing_behind(both: Shop) -> None:
    shop = both
    bob = shop.hires("bob", "supervisor")
    wang = Customer(shop, "wang")
    wang.greets()
    shop.sells("A1", 5_000, to="rest:wang")
    incident = starts(shop, bob, "A1")
    (row_id,) = shop.does(claim, shop.firm)
    before = len(wang.was_told)
    with shop.database.begin() as work:
        assert tell(work, shop.firm, row_id) is Told.TOLD
        # The process dies before the commit.
    assert len(wang.was_told) == before and states(shop, incident) == {"A1": "waiting"}
    shop.clock.advance(seconds=61)
    assert works(shop) == [Told.TOLD]
    assert len(wang.was_told) == before + 1


# --- the pace ---------------------------------------------------------------------------------------------------------


def test_no_more_than_per_minute_are_told_in_any_minute(shop: Shop, bob: Staff) -> None:
    for number in range(7):
        shop.sells(f"A{number}", 5_000, to=f"rest:c{number}")
    starts(shop, bob, " ".join(f"A{number}" for number in range(7)), per_minute=3)
    assert len(works(shop)) == 3
    assert works(shop) == []
    shop.clock.advance(seconds=59)
    assert works(shop) == []
    shop.clock.advance(seconds=1)
    assert len(works(shop)) == 3
    shop.clock.advance(seconds=60)
    assert len(works(shop)) == 1


def test_two_workers_together_keep_to_one_speed(both: Shop) -> None:
    shop = both
    bob = shop.hires("bob", "supervisor")
    for number in range(6):
        shop.sells(f"A{number}", 5_000, to=f"rest:c{number}")
    starts(shop, bob, " ".join(f"A{number}" for number in range(6)), per_minute=4)
    # What the other has claimed and not told yet counts.
    assert len(shop.does(claim, shop.firm)) == 4
    assert shop.does(claim, shop.firm) == []


def test_in_quiet_hours_nobody_is_written_to(shop: Shop, bob: Staff) -> None:
    shop.sells("A1", 5_000, to="rest:c")
    shop.clock.now = datetime(2026, 11, 18, 13, 0, tzinfo=UTC)  # nine in the evening in Shanghai: just begun
    starts(shop, bob, "A1")
    assert works(shop) == []
    shop.clock.now = datetime(2026, 11, 19, 0, 29, tzinfo=UTC)
    assert works(shop) == []
    shop.clock.now = datetime(2026, 11, 19, 0, 30, tzinfo=UTC)  # half past eight
    assert works(shop) == [Told.TOLD]


def test_quiet_hours_that_begin_after_the_claim_hold_too(shop: Shop, bob: Staff) -> None:
    shop.sells("A1", 5_000, to="rest:c")
    shop.clock.now = datetime(2026, 11, 18, 12, 59, 50, tzinfo=UTC)
    starts(shop, bob, "A1")
    (row_id,) = shop.does(claim, shop.firm)
    shop.clock.advance(seconds=20)
    assert shop.does(tell, shop.firm, row_id) is Told.WAITS


def test_without_hours_of_their_own_those_of_notifications_hold(shop: Shop, bob: Staff) -> None:
    shop.firm = replace(shop.firm, playbooks=shop.firm.playbooks.model_copy(update={"quiet_hours": None}))
    shop.sells("A1", 5_000, to="rest:c")
    shop.clock.now = datetime(2026, 11, 18, 13, 30, tzinfo=UTC)  # half past nine: notifications go out until ten
    starts(shop, bob, "A1")
    assert works(shop) == [Told.TOLD]


# --- not into somebody's words ----------------------------------------------------------------------------------------


def test_while_a_person_has_the_conversation_the_bot_waits_and_the_person_is_told_once(
    shop: Shop, bob: Staff, alice: Staff, wang: Customer
) -> None:
    wang.asks_for_a_person()
    shop.sells("A1", 5_000, to="rest:wang")
    with shop.database.begin() as work:
        conversation = lock_conversation(work, wang.conversation.id)
        conversation.control, conversation.taken_by_id = Control.STAFF, alice.id
        work.commit()
    incident = starts(shop, bob, "A1")
    before = len(wang.was_told)
    for _ in range(3):
        assert works(shop) == [Told.WAITS]
        shop.clock.advance(minutes=2)
    assert len(wang.was_told) == before
    told = [one for one in shop.all(Notification) if one.kind == "incident_touches"]
    assert [one.staff_id for one in told] == [alice.id]
    assert [row.waits_for for row in shop.all(IncidentOrder)] == ["person"]
    # Alice tells them herself, and the bot does not do so again.
    shop.does(deeds.tell_by_hand, alice, incident.public_id, "A1")
    with shop.database.begin() as work:
        lock_conversation(work, wang.conversation.id).control = Control.BOT
        work.commit()
    shop.clock.advance(minutes=5)
    assert works(shop) == [] and states(shop, incident) == {"A1": "by_hand"}
    assert len(wang.was_told) == before


def test_an_open_question_is_answered_first_and_does_not_hold_the_news_up_for_ever(
    shop: Shop, bob: Staff, wang: Customer
) -> None:
    wang.complains("service_attitude")
    assert wang.awaited is not None
    shop.sells("A1", 5_000, to="rest:wang")
    starts(shop, bob, "A1")
    assert works(shop) == [Told.WAITS]
    assert [row.waits_for for row in shop.all(IncidentOrder)] == ["question"]
    shop.clock.now = datetime(2026, 11, 19, 1, 59, tzinfo=UTC)  # a minute before a day has gone by
    assert works(shop) == [Told.WAITS]
    shop.clock.advance(minutes=3)
    assert works(shop) == [Told.TOLD]
    assert wang.awaited == "offer" and wang.conversation.focus_case_id == wang.cases[-1].id


def test_a_message_on_its_way_to_the_bot_comes_first(shop: Shop, bob: Staff, wang: Customer) -> None:
    wang.greets()
    shop.sells("A1", 5_000, to="rest:wang")
    starts(shop, bob, "A1")
    inbox_id = wang.types("在吗")
    assert works(shop) == [Told.WAITS]
    wang.is_answered(inbox_id, "action_greet")
    shop.clock.advance(seconds=11)
    assert works(shop) == [Told.TOLD]
