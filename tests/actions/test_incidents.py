"""Incidents: who is touched hears of it first, once, at the firm's pace; who complains joins."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from actions.conversations import Address, lock_conversation, open_conversation
from actions.firm import Firm
from actions.incidents.choices import playbook_choices
from actions.incidents.claiming import CLAIM, claim
from actions.incidents.closing import close_unanswered, find_unanswered
from actions.incidents.drafting import Draft
from actions.incidents.lists import LineProblem, Problem, read_list
from actions.incidents.preview import preview
from actions.incidents.running import counts, keep_promises, open_promises
from actions.incidents.telling import Told, tell
from actions.staff import incidents as deeds
from actions.staff.access import DeedRefused
from recovery.control import Control
from recovery.incidents import IncidentState, RowState
from store.database import Database
from store.tables import (
    AuditEntry,
    Case,
    Conversation,
    Incident,
    IncidentOrder,
    Notification,
    Promise,
    Staff,
)
from store.tables import (
    Customer as CustomerRow,
)
from tests.actions.dialogue import Customer, Shop
from tests.conftest import Clock

TITLES = {"zh": "3号仓发出的包裹晚了两天", "en": "All parcels from depot 3 are two days late"}


def draws_up(shop: Shop, bob: Staff, orders: str, **options: object) -> Incident:
    draft = Draft("parcels_late", TITLES, read_list(orders), **options)  # type: ignore[arg-type]
    return shop.does(deeds.draw_up, shop.firm, bob, draft).incident


def starts(shop: Shop, bob: Staff, orders: str, **options: object) -> Incident:
    incident = draws_up(shop, bob, orders, **options)
    shop.does(deeds.start, shop.firm, bob, incident.public_id, None)
    return incident


def works(shop: Shop) -> list[Told]:
    """A worker does once what is to be done."""
    return [shop.does(tell, shop.firm, row_id) for row_id in shop.does(claim, shop.firm)]


def states(shop: Shop, incident: Incident) -> dict[str, str]:
    return {row.order_number: row.state for row in shop.all(IncidentOrder) if row.incident_id == incident.id}


def state_of(shop: Shop, incident: Incident) -> str:
    return next(one.state for one in shop.all(Incident) if one.id == incident.id)


@pytest.fixture
def both(database: Database, firm: Firm, clock: Clock) -> Shop:
    """A shop on each database, where it is about who holds what."""
    return Shop(database, firm, clock)


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


# --- complaints join --------------------------------------------------------------------------------------------------


def test_who_complains_before_being_told_joins_and_is_offered_what_the_playbook_has(both: Shop) -> None:
    shop = both
    bob = shop.hires("bob", "supervisor")
    wang = Customer(shop, "wang")
    shop.sells("A1", 20_000, to="rest:wang")
    incident = starts(shop, bob, "A1")
    answer = wang.complains("delivery", order_number="A1")
    assert TITLES["zh"] in answer
    assert (wang.case.incident_id, wang.case.origin) == (incident.id, "complaint")
    assert {offer.rule for offer in wang.choices} == {"playbook:parcels_late"}
    assert states(shop, incident) == {"A1": "joined"}
    before = len(wang.was_told)
    works(shop)
    assert len(wang.was_told) == before and state_of(shop, incident) == "done"


def test_they_need_not_even_say_which_order(shop: Shop, bob: Staff, wang: Customer) -> None:
    shop.sells("A1", 20_000, to="rest:wang")
    incident = starts(shop, bob, "A1")
    answer = wang.complains("delivery")
    assert "A1" in answer and wang.awaited == "offer"
    assert states(shop, incident) == {"A1": "joined"}


def test_who_complains_after_being_told_joins_the_case_there_is(shop: Shop, bob: Staff, wang: Customer) -> None:
    wang.greets()
    shop.sells("A1", 20_000, to="rest:wang")
    starts(shop, bob, "A1")
    works(shop)
    wang.complains("delivery")
    assert len(wang.cases) == 1 and wang.case.complained_at is not None
    assert wang.awaited == "offer"


def test_who_declines_the_playbook_is_offered_what_the_usual_rules_have(shop: Shop, bob: Staff, wang: Customer) -> None:
    wang.greets()
    shop.sells("A1", 20_000, to="rest:wang")
    starts(shop, bob, "A1")
    works(shop)
    wang.says_no()
    with shop.database.reading() as work:
        case = work.session.get_one(Case, wang.case.id)
        assert playbook_choices(work, shop.firm, case) is None
    # The second round is the usual rule's.
    assert wang.choices and {offer.rule for offer in wang.choices} == {"delivery-late-or-damaged"}


def test_somebody_elses_order_joins_nothing(shop: Shop, bob: Staff, wang: Customer) -> None:
    shop.sells("A1", 20_000, to="rest:mary", phone_last4="1234")
    incident = starts(shop, bob, "A1")
    answer = wang.complains("delivery", order_number="A1")
    assert TITLES["zh"] not in answer and wang.case.incident_id is None
    assert states(shop, incident) == {"A1": "waiting"}
    assert TITLES["zh"] in wang.gives_digits("1234")
    assert states(shop, incident) == {"A1": "joined"}


def test_another_failure_of_such_an_order_joins_and_is_offered_what_is_due_for_it(
    shop: Shop, bob: Staff, wang: Customer
) -> None:
    shop.sells("A1", 20_000, to="rest:wang")
    incident = starts(shop, bob, "A1")
    wang.complains("product_quality", order_number="A1")
    assert wang.case.incident_id == incident.id
    assert wang.choices and not any(offer.rule.startswith("playbook:") for offer in wang.choices)


def test_another_order_does_not_join(shop: Shop, bob: Staff, wang: Customer) -> None:
    shop.sells("A1", 20_000, to="rest:wang")
    shop.sells("Z9", 20_000, to="rest:wang")
    incident = starts(shop, bob, "A1")
    wang.complains("delivery", order_number="Z9")
    assert wang.case.incident_id is None and states(shop, incident) == {"A1": "waiting"}


@pytest.mark.parametrize(("days", "joins"), [(13, True), (15, False)])
def test_complaints_join_for_a_while_after_the_end(
    shop: Shop, bob: Staff, wang: Customer, days: int, joins: bool
) -> None:
    shop.sells("A1", 20_000, to="rest:other")
    shop.sells("A2", 20_000, to="web:gone")
    shop.sells("A2b", 20_000, to="rest:wang")
    incident = starts(shop, bob, "A1 A2 A2b")
    shop.does(deeds.stop, bob, incident.public_id)
    shop.clock.advance(days=days)
    wang.complains("delivery", order_number="A2b")
    assert (wang.case.incident_id is not None) is joins


def test_a_draft_is_nobodys_business(shop: Shop, bob: Staff, wang: Customer) -> None:
    shop.sells("A1", 20_000, to="rest:wang")
    draws_up(shop, bob, "A1")
    assert TITLES["zh"] not in wang.complains("delivery", order_number="A1")
    assert wang.case.incident_id is None and shop.does(claim, shop.firm) == []


def test_who_complained_before_we_knew_hears_what_it_was_in_their_case(shop: Shop, bob: Staff, wang: Customer) -> None:
    shop.sells("A1", 20_000, to="rest:wang")
    wang.complains("delivery", order_number="A1")
    usual = wang.choices
    incident = starts(shop, bob, "A1")
    assert works(shop) == [Told.JOINED]
    assert TITLES["zh"] in wang.was_told[-1] and len(wang.cases) == 1
    assert {offer.rule for offer in wang.choices} == {"playbook:parcels_late"}
    assert all(offer.id not in {now.id for now in wang.choices} for offer in usual)
    assert states(shop, incident) == {"A1": "joined"} and wang.awaited == "offer"


def test_whose_case_a_person_has_is_told_by_that_person(shop: Shop, bob: Staff, wang: Customer) -> None:
    shop.sells("A1", 20_000, to="rest:wang")
    wang.complains("delivery", order_number="A1")
    wang.asks_for_a_person()
    before = len(wang.was_told)
    incident = starts(shop, bob, "A1")
    assert works(shop) == [Told.JOINED]
    assert len(wang.was_told) == before and wang.case.incident_id == incident.id
    assert states(shop, incident) == {"A1": "joined"}


# --- started, paused, stopped -----------------------------------------------------------------------------------------


def test_it_is_paused_resumed_and_stopped_and_then_it_is_over(shop: Shop, bob: Staff) -> None:
    for number in range(3):
        shop.sells(f"A{number}", 5_000, to=f"rest:c{number}")
    incident = starts(shop, bob, "A0 A1 A2", per_minute=1)
    assert len(works(shop)) == 1
    shop.does(deeds.pause, bob, incident.public_id)
    shop.clock.advance(minutes=5)
    assert works(shop) == []
    shop.does(deeds.resume, bob, incident.public_id)
    assert len(works(shop)) == 1
    shop.does(deeds.stop, bob, incident.public_id)
    shop.clock.advance(minutes=5)
    assert works(shop) == [] and state_of(shop, incident) == "stopped"
    for deed in (deeds.pause, deeds.resume, deeds.stop):
        with pytest.raises(DeedRefused, match="incident_not_possible_now"):
            shop.does(deed, bob, incident.public_id)
    told = [entry.action for entry in shop.all(AuditEntry)]
    assert {"draft_incident", "start_incident", "pause_incident", "resume_incident", "stop_incident"} <= set(told)


def test_a_pause_holds_for_what_was_claimed_already(shop: Shop, bob: Staff) -> None:
    shop.sells("A1", 5_000, to="rest:c")
    incident = starts(shop, bob, "A1")
    (row_id,) = shop.does(claim, shop.firm)
    shop.does(deeds.pause, bob, incident.public_id)
    assert shop.does(tell, shop.firm, row_id) is Told.WAITS


def test_it_starts_once_and_only_as_it_was_shown(both: Shop) -> None:
    shop = both
    bob = shop.hires("bob", "supervisor")
    shop.sells("A1", 5_000, to="rest:c")
    incident = draws_up(shop, bob, "A1")
    with shop.database.reading() as work:
        shown = preview(work, shop.firm, work.session.get_one(Incident, incident.id)).digest
    shop.sells("A2", 5_000, to="rest:d")
    shop.does(deeds.redraw, shop.firm, bob, incident.public_id, Draft("parcels_late", TITLES, read_list("A2")))
    with pytest.raises(DeedRefused, match="incident_changed"):
        shop.does(deeds.start, shop.firm, bob, incident.public_id, shown)
    shop.does(deeds.start, shop.firm, bob, incident.public_id, None)
    with pytest.raises(DeedRefused, match="incident_not_possible_now"):
        shop.does(deeds.start, shop.firm, bob, incident.public_id, None)


def test_what_reaches_nobody_does_not_start(shop: Shop, bob: Staff) -> None:
    shop.sells("A1", 5_000)
    incident = draws_up(shop, bob, "A1 A2")
    with pytest.raises(DeedRefused, match="incident_reaches_nobody"):
        shop.does(deeds.start, shop.firm, bob, incident.public_id, None)
    assert state_of(shop, incident) == "draft"


@pytest.mark.parametrize("role", ["agent", "quality", "administrator"])
def test_only_supervisors_and_managers_write_to_many(shop: Shop, bob: Staff, role: str) -> None:
    other = shop.hires("other", role)
    shop.sells("A1", 5_000, to="rest:c")
    incident = draws_up(shop, bob, "A1")
    with pytest.raises(DeedRefused, match="not_your_role"):
        draws_up(shop, other, "A1")
    for deed in (deeds.pause, deeds.resume, deeds.stop, deeds.discard, deeds.keep_promises):
        with pytest.raises(DeedRefused, match="not_your_role"):
            shop.does(deed, other, incident.public_id)  # type: ignore[operator]
    with pytest.raises(DeedRefused, match="not_your_role"):
        shop.does(deeds.start, shop.firm, other, incident.public_id, None)


def test_a_draft_can_be_thrown_away_and_nothing_else(shop: Shop, bob: Staff) -> None:
    shop.sells("A1", 5_000, to="rest:c")
    shop.does(deeds.discard, bob, draws_up(shop, bob, "A1").public_id)
    assert not shop.all(Incident) and not shop.all(IncidentOrder)
    with pytest.raises(DeedRefused, match="incident_started"):
        shop.does(deeds.discard, bob, starts(shop, bob, "A1").public_id)


def test_the_same_form_sent_twice_is_one_incident(both: Shop) -> None:
    shop = both
    bob = shop.hires("bob", "supervisor")
    shop.sells("A1", 5_000, to="rest:c")
    first, second = draws_up(shop, bob, "A1", key="form-1"), draws_up(shop, bob, "A1", key="form-1")
    assert first.id == second.id
    with pytest.raises(DeedRefused, match="form_used"):
        shop.does(
            deeds.draw_up, shop.firm, bob,
            Draft("parcels_late", {"zh": "别的", "en": "Other"}, read_list("A1"), key="form-1"),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"playbook": "none"}, "unknown_playbook"),
        ({"titles": {"zh": "晚了", "en": " "}}, "title_missing"),
        ({"titles": {"zh": "晚" * 201, "en": "late"}}, "title_too_long"),
        ({"category": "safety"}, "category_of_other_playbook"),
        ({"per_minute": 0}, "per_minute_wrong"),
        ({"per_minute": 601}, "per_minute_wrong"),
    ],
)
def test_what_will_not_do_is_refused(shop: Shop, bob: Staff, change: dict[str, object], code: str) -> None:
    values: dict[str, object] = {"playbook": "parcels_late", "titles": TITLES, "orders": read_list("A1")}
    with pytest.raises(DeedRefused, match=code):
        shop.does(deeds.draw_up, shop.firm, bob, Draft(**(values | change)))  # type: ignore[arg-type]
    assert not shop.all(Incident)


# --- before it starts -------------------------------------------------------------------------------------------------


def test_the_preview_says_whom_it_reaches_and_what_it_costs_at_most(shop: Shop, bob: Staff, wang: Customer) -> None:
    wang.greets()
    shop.sells("A1", 20_000, to="rest:wang")  # 10 %: 20.00
    shop.sells("A2", 10_000, to="rest:wang")  # the same customer: not counted again
    shop.sells("B1", 90_000, to="rest:new")  # 10 %, at most 30.00
    shop.sells("C1", 10_000)
    shop.sells("D1", 10_000, to="rest:usd", currency="USD")
    incident = draws_up(shop, bob, "A1 A2 B1 C1 D1 E1", per_minute=1)
    with shop.database.reading() as work:
        seen = preview(work, shop.firm, work.session.get_one(Incident, incident.id))
    assert (seen.orders, seen.customers, seen.channels) == (5, 3, {"rest": 3})
    assert (seen.unreachable, seen.unknown) == (["C1"], ["E1"])
    assert (seen.most, seen.dearest) == (2000 + 3000, 3000)
    # All three within the bot's authority: the third is offered a call back, which costs nothing.
    assert seen.authorities == {"bot": 3}
    assert seen.takes == timedelta(minutes=2)


def test_the_list_is_told_line_by_line(shop: Shop, bob: Staff) -> None:
    shop.sells("A1", 5_000, to="rest:c")
    shop.sells("U1", 5_000, to="rest:u", currency="USD")
    shop.sells("N1", 5_000)
    draft = Draft("parcels_late", TITLES, read_list("A1\nA1\n???\nX1\nU1\nN1"))
    problems = shop.does(deeds.draw_up, shop.firm, bob, draft).problems
    assert problems == [
        LineProblem(2, "A1", Problem.REPEATED),
        LineProblem(3, "???", Problem.NO_NUMBER),
        LineProblem(4, "X1", Problem.UNKNOWN),
        LineProblem(5, "U1", Problem.OTHER_CURRENCY),
        LineProblem(6, "N1", Problem.UNREACHABLE),
    ]


def test_an_order_that_came_in_after_the_draft_is_told_too(shop: Shop, bob: Staff) -> None:
    incident = draws_up(shop, bob, "A1")
    assert states(shop, incident) == {"A1": "unknown"}
    shop.sells("A1", 5_000, to="rest:c")
    shop.does(deeds.start, shop.firm, bob, incident.public_id, None)
    assert works(shop) == [Told.TOLD]


# --- afterwards -------------------------------------------------------------------------------------------------------


def test_what_the_news_promised_is_kept_for_all_with_one_click(shop: Shop, bob: Staff) -> None:
    for number in range(3):
        shop.sells(f"A{number}", 5_000, to=f"rest:c{number}")
    incident = starts(shop, bob, "A0 A1 A2")
    works(shop)
    with shop.database.reading() as work:
        assert open_promises(work, incident) == 3
    while shop.does(deeds.keep_promises, bob, incident.public_id):
        pass
    assert {promise.state for promise in shop.all(Promise) if promise.kind == "incident"} == {"kept"}
    assert shop.does(keep_promises, incident, "bob") == 0


def test_what_nobody_ever_answers_is_closed_long_after(shop: Shop, bob: Staff, wang: Customer) -> None:
    wang.greets()
    shop.sells("A1", 5_000, to="rest:wang")
    starts(shop, bob, "A1")
    works(shop)
    shop.does(claim, shop.firm)
    shop.clock.advance(days=13)
    assert shop.does(find_unanswered, shop.firm) == []
    shop.clock.advance(days=2)
    (case_id,) = shop.does(find_unanswered, shop.firm)
    before = len(wang.was_told)
    shop.does(close_unanswered, case_id)
    assert (wang.case.state, wang.awaited, wang.choices) == ("closed", None, [])
    assert len(wang.was_told) == before


def test_the_progress_is_counted_by_state(shop: Shop, bob: Staff) -> None:
    shop.sells("A1", 5_000, to="rest:c")
    shop.sells("A2", 5_000)
    incident = starts(shop, bob, "A1 A2")
    works(shop)
    with shop.database.reading() as work:
        assert counts(work, [incident.id]) == {incident.id: {"told": 1, "unreachable": 1}}


def test_all_rows_have_states_that_the_rules_know(shop: Shop, bob: Staff) -> None:
    shop.sells("A1", 5_000, to="rest:c")
    incident = starts(shop, bob, "A1 A2")
    assert set(states(shop, incident).values()) <= set(RowState)
    assert state_of(shop, incident) in set(IncidentState)
