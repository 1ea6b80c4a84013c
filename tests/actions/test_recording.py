"""A complaint that a person takes down is a case like any other; who calls again is known; none is recorded twice."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from actions.conversations import say
from actions.staff.access import DeedRefused
from actions.staff.recording import Taken, add_to_case, find_duplicates, record_complaint, tell
from actions.staff.talking import answer, close, give_back
from recovery.phones import last_four, normalise_phone
from store.database import Database
from store.tables import AuditEntry, Case, Conversation, Customer, HandOver, Identity, Message, OutboxRow, Staff
from tests.actions.dialogue import Customer as Writer
from tests.actions.dialogue import Shop
from tests.desk.turning import at_once

PHONE = "138 0013 8000"


def taken(key: str = "one", **other: Any) -> Taken:
    return Taken(
        **{
            "key": key,
            "door": "phone",
            "said": "水壶用了两天就漏水",
            "language": "zh",
            "phone": PHONE,
            "name": "王女士",
            "categories": ["product_quality"],
            "emotion": 1,
        }
        | other
    )


def records(shop: Shop, staff: Staff, **other: Any) -> Case:
    number = shop.does(record_complaint, shop.firm, staff, taken(**other)).number
    return the_case(shop, number)


def the_case(shop: Shop, number: str) -> Case:
    with shop.database.reading() as work:
        case = work.session.scalars(select(Case).where(Case.number == number)).one()
        _ = (case.facts, case.promises, case.conversation.identity, case.customer)
        return case


def refused(shop: Shop, staff: Staff, **other: Any) -> str:
    with pytest.raises(DeedRefused) as caught:
        records(shop, staff, **other)
    return caught.value.code


def test_it_becomes_a_case_with_clocks_number_and_the_customers_words(shop: Shop, alice: Staff) -> None:
    case = records(shop, alice, wished_remedy="replacement", risks=["vulnerable"])
    assert case.number.startswith("AM-") and case.state == "with_staff" and case.channel == "phone"
    assert (case.owner_id, case.opened_by_id) == (alice.id, alice.id)
    assert case.first_response_at == case.acknowledged_at == case.opened_at < case.resolution_due
    assert (case.department, case.wished_remedy, case.risks) == ("after_sales", "replacement", ["vulnerable"])
    assert {fact.key: fact.value for fact in case.facts} == {"phone": "13800138000"}
    assert (case.customer.name, case.customer.phone) == ("王女士", "13800138000")
    assert case.conversation.identity.public == "phone:13800138000"
    (message,) = shop.all(Message)
    assert (message.text, message.direction, message.author, message.case_id) == (
        "水壶用了两天就漏水",
        "in",
        "customer",
        case.id,
    )
    assert len(shop.events("case_opened")) == 1 and shop.events("case_acknowledged") == []
    assert [(row.action, row.subject) for row in shop.all(AuditEntry)] == [("record", case.number)]


def test_the_form_sent_twice_makes_one_case(shop: Shop, alice: Staff) -> None:
    first, second = records(shop, alice), records(shop, alice)
    assert first.number == second.number
    assert len(shop.all(Case)) == len(shop.all(Message)) == 1


def test_a_form_that_came_back_and_holds_another_complaint_is_not_taken_for_the_first(
    shop: Shop, alice: Staff, wang: Writer
) -> None:
    first = records(shop, alice)
    assert refused(shop, alice, said="另一位客户的话", phone="13900139000") == "form_used"
    wang.complains("delivery")
    more = taken("two", phone="13900139000", said="打电话来催")
    shop.does(add_to_case, shop.firm, alice, wang.case.id, more)
    shop.does(add_to_case, shop.firm, alice, wang.case.id, more)
    with pytest.raises(DeedRefused, match="form_used"):
        shop.does(add_to_case, shop.firm, alice, wang.case.id, taken("two", phone="13900139000", said="别的话"))
    assert {case.number for case in shop.all(Case)} == {first.number, wang.case.number}


def test_two_clicks_at_the_same_moment_make_one_case(database: Database, shop: Shop) -> None:
    here = Shop(database, shop.firm, shop.clock)
    ann = here.hires("ann", "agent")

    at_once(2, lambda _: here.does(record_complaint, here.firm, ann, taken()))
    assert len(here.all(Case)) == len(here.all(Customer)) == len(here.all(Message)) == 1

    def click(_: int) -> None:
        # Without a number there is nothing to hold before: the second is told by the store, and looks again.
        try:
            here.does(record_complaint, here.firm, ann, taken("two", door="counter", phone=""))
        except IntegrityError:
            here.does(record_complaint, here.firm, ann, taken("two", door="counter", phone=""))

    at_once(2, click)
    assert len(here.all(Case)) == len(here.all(Customer)) == len(here.all(Message)) == 2


def test_who_calls_again_is_the_same_customer_however_the_number_is_written(shop: Shop, alice: Staff) -> None:
    first = records(shop, alice)
    second = records(shop, alice, key="two", phone="+86-13800138000", name="")
    assert second.number != first.number and second.customer_id == first.customer_id
    assert second.linked_case_id == first.id and second.customer.name == "王女士"
    assert len(shop.all(Identity)) == 1


def test_who_is_said_to_be_new_is_not_taken_for_whoever_has_the_number(shop: Shop, alice: Staff) -> None:
    records(shop, alice)
    assert refused(shop, alice, key="two", name="李先生", newcomer=True) == "phone_of_another"
    other = records(shop, alice, key="three", name="李先生", phone="", newcomer=True)
    assert other.customer.name == "李先生" and len(shop.all(Customer)) == 2


def test_a_visitor_without_a_number_is_known_by_the_door(shop: Shop, alice: Staff) -> None:
    case = records(shop, alice, door="counter", phone="", name="")
    assert case.conversation.identity.channel == "counter" and len(case.conversation.identity.external_id) == 32
    again = records(shop, alice, key="two", door="counter", phone="", customer=case.customer.public_id)
    assert again.conversation_id == case.conversation_id


def test_a_complaint_passed_to_a_department_waits_there_and_the_recorder_reads_the_words(
    shop: Shop, alice: Staff
) -> None:
    case = records(shop, alice, department="logistics")
    assert case.department == "logistics" and case.state == "with_staff" and case.first_response_at is None
    assert case.conversation.control == "queued" and [made.kind for made in case.promises] == ["person_answers"]
    assert [passed.reason for passed in shop.all(HandOver)] == ["recorded"]
    assert [row.state for row in shop.all(OutboxRow)] == ["sent"]
    by_category = records(shop, alice, key="two", phone="13900139000", department="")
    assert by_category.department == "after_sales"


def test_an_order_is_the_customers_by_the_digits_of_their_phone_or_not_at_all(shop: Shop, alice: Staff) -> None:
    shop.sells("202611120001", 30000, phone_last4="8000")
    shop.sells("202611120002", 30000, phone_last4="4711")
    assert records(shop, alice, order_number="202611120001").order_proved
    assert not records(shop, alice, key="two", order_number="202611120002").order_proved
    assert records(shop, alice, key="three", order_number="202611120002", phone_last4="4711").order_proved
    shop.sells("Web-7c1aE", total=30000, phone_last4="4711")
    spelled = records(shop, alice, key="four", order_number="web-7C1ae", phone_last4="4711")
    assert spelled.order_proved and [fact.value for fact in spelled.facts if fact.key == "order_number"] == [
        "Web-7c1aE"
    ]


def test_a_known_customers_number_is_not_taken_for_another(shop: Shop, alice: Staff, wang: Writer) -> None:
    records(shop, alice)
    wang.complains("delivery")
    with shop.database.reading() as work:
        other = work.session.get_one(Customer, wang.case.customer_id).public_id
    assert refused(shop, alice, key="two", customer=other) == "phone_of_another"


@pytest.mark.parametrize(
    ("code", "other"),
    [
        ("said_missing", {"said": "  "}),
        ("said_too_long", {"said": "长" * 4001}),
        ("wrong_door", {"door": "window"}),
        ("wrong_door", {"language": "fr"}),
        ("wrong_phone", {"phone": "call me"}),
        ("wrong_digits", {"phone_last4": "12a4"}),
        ("category_missing", {"categories": []}),
        ("wrong_assessment", {"categories": ["weather"]}),
        ("wrong_assessment", {"risks": ["ghosts"]}),
        ("wrong_remedy", {"wished_remedy": "gold"}),
        ("unknown_department", {"department": "moon"}),
        ("unknown_customer", {"customer": "0" * 32}),
    ],
)
def test_what_cannot_be_used_is_refused_and_nothing_is_kept(
    shop: Shop, alice: Staff, code: str, other: dict[str, Any]
) -> None:
    assert refused(shop, alice, **other) == code
    assert not shop.all(Case) and not shop.all(Customer)


def test_a_colleague_on_the_phone_with_the_customer_keeps_them(shop: Shop, alice: Staff, bob: Staff) -> None:
    records(shop, alice)
    assert refused(shop, bob, key="two") == "taken_by_colleague"


# --- the same complaint again ----------------------------------------------------------------------------------------


def test_open_cases_of_the_customer_the_phone_and_the_order_are_found(shop: Shop, alice: Staff, wang: Writer) -> None:
    shop.sells("202611120001", 30000, to="rest:wang")
    wang.complains("delivery", order_number="202611120001")
    mine = records(shop, alice)
    with shop.database.reading() as work:
        numbers = [case.number for case in find_duplicates(work, set(), "13800138000", "202611120001")]
        assert numbers == [mine.number, wang.case.number]
        assert [case.number for case in find_duplicates(work, {wang.case.customer_id}, None, "")] == [wang.case.number]
        assert find_duplicates(work, set(), None, "") == []


def test_a_further_word_joins_the_case_once_and_its_owner_is_told(
    shop: Shop, alice: Staff, bob: Staff, wang: Writer
) -> None:
    wang.complains("delivery")
    with shop.database.begin() as work:
        work.session.get_one(Case, wang.case.id).owner_id = alice.id
        work.commit()
    for _ in range(2):
        shop.does(add_to_case, shop.firm, bob, wang.case.id, taken(said="打电话来催", emotion=2))
    case = wang.case
    assert len(shop.all(Case)) == 1 and case.emotion == 2
    assert case.categories == ["product_quality", "delivery"] or set(case.categories) == {"product_quality", "delivery"}
    spoken = [message for message in shop.all(Message) if message.text == "打电话来催"]
    assert [message.case_id for message in spoken] == [case.id]
    # The same customer is known by the number from now on.
    assert {identity.public: identity.customer_id for identity in shop.all(Identity)} == {
        "rest:wang": case.customer_id,
        "phone:13800138000": case.customer_id,
    }
    assert [entry.action for entry in shop.all(AuditEntry)] == ["record_more"]


def test_nothing_is_added_to_a_settled_case(shop: Shop, alice: Staff, wang: Writer) -> None:
    wang.complains("delivery")
    wang.withdraws()
    with pytest.raises(DeedRefused, match="case_settled"):
        shop.does(add_to_case, shop.firm, alice, wang.case.id, taken())


# --- behind a spoken door --------------------------------------------------------------------------------------------


def test_what_a_person_says_there_is_said_and_what_the_service_says_is_held_until_told(
    shop: Shop, alice: Staff
) -> None:
    case = records(shop, alice)
    shop.does(answer, shop.firm, alice, case.conversation_id, "我们明天给您换新的")
    shop.does(close, shop.firm, alice, case.conversation_id, valid=True, service_step="")
    assert {row.state for row in shop.all(OutboxRow)} == {"sent"}
    shop.waits(days=2)
    assert [row.state for row in shop.all(OutboxRow)][-1] == "held"
    shown = shop.all(Message)[-1].number
    with shop.database.begin() as work:
        # While the customer is being told, the service has something more to say.
        say(work, work.session.get_one(Conversation, case.conversation_id), "款项已退回")
        work.commit()
    shop.does(tell, alice, case.conversation_id, shown)
    assert [row.state for row in shop.all(OutboxRow)][-2:] == ["sent", "held"]
    shop.does(tell, alice, case.conversation_id, shown + 1)
    assert {row.state for row in shop.all(OutboxRow)} == {"sent"}


def test_no_bot_is_given_a_spoken_conversation(shop: Shop, alice: Staff) -> None:
    case = records(shop, alice)
    with pytest.raises(DeedRefused, match="no_bot_here"):
        shop.does(give_back, shop.firm, alice, case.conversation_id)


def test_messages_of_a_written_channel_are_not_told(shop: Shop, alice: Staff, wang: Writer) -> None:
    wang.complains("delivery")
    with pytest.raises(DeedRefused, match="not_spoken"):
        shop.does(tell, alice, shop.all(Conversation)[0].id, 9)


# --- telephone numbers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("138 0013 8000", "13800138000"),
        ("+86 138-0013-8000", "13800138000"),
        ("8613800138000", "13800138000"),
        ("008613800138000", "13800138000"),
        ("１３８００１３８０００", "13800138000"),
        ("(010) 8888 8888", "01088888888"),
        ("+44 20 7946 0958", "+442079460958"),
        ("0044 20 7946 0958", "+442079460958"),
        ("12315", "12315"),
        ("1234", None),
        ("wang", None),
        ("AM-7K3Q-9F2D", None),
        ("1234567890123456", None),
        ("", None),
    ],
)
def test_a_number_is_the_same_however_it_is_written(written: str, kept: str | None) -> None:
    assert normalise_phone(written) == kept


def test_the_last_four_digits_prove_and_short_numbers_prove_nothing() -> None:
    assert last_four("13800138000") == "8000"
    assert last_four("12315") is None and last_four(None) is None
