"""What staff learn of a customer and of a complaint: who may say it, and what follows."""

from collections.abc import Callable
from typing import Any

import pytest

from actions.staff import customers
from actions.staff.access import DeedRefused
from actions.staff.facts import correct_fact
from actions.staff.talking import take
from recovery.case_states import CaseState
from store.tables import AuditEntry, Staff
from store.tables import Customer as CustomerRow
from tests.actions.dialogue import Customer, Shop

ORDER, OTHER_ORDER = "202611120007", "202611120008"


def refused(shop: Shop, deed: Callable[..., Any], *args: Any) -> str:
    with pytest.raises(DeedRefused) as refusal:
        shop.does(deed, *args)
    return refusal.value.code


def card(shop: Shop) -> CustomerRow:
    return shop.all(CustomerRow)[0]


@pytest.fixture
def talk(shop: Shop, wang: Customer) -> int:
    wang.complains("delivery", emotion=2)
    return wang.conversation.id


def test_name_and_phone_are_kept_and_can_be_emptied(shop: Shop, talk: int, alice: Staff) -> None:
    shop.does(customers.set_contact, alice, talk, " 王  小明 ", "+86 138-0013-8000")
    assert (card(shop).name, card(shop).phone) == ("王 小明", "13800138000")
    assert "王" not in str(shop.all(AuditEntry)[-1].details), "the log names nobody"
    shop.does(customers.set_contact, alice, talk, "", "")
    assert (card(shop).name, card(shop).phone) == (None, None)
    assert refused(shop, customers.set_contact, alice, talk, "x" * 101, "") == "name_too_long"
    for phone in ("call me", "12", "1" * 40, "<b>13800138000</b>"):
        assert refused(shop, customers.set_contact, alice, talk, "", phone) == "phone_wrong"


def test_a_superior_sets_the_tier_with_a_reason_and_open_cases_follow(
    shop: Shop, wang: Customer, talk: int, alice: Staff, bob: Staff
) -> None:
    assert refused(shop, customers.set_tier, shop.firm, alice, talk, "vip", "asks for it") == "superiors_only"
    assert refused(shop, customers.set_tier, shop.firm, bob, talk, "vip", " ") == "tier_reason_missing"
    assert refused(shop, customers.set_tier, shop.firm, bob, talk, "king", "x") == "unknown_tier"
    assert wang.case.severity == "medium"
    due = wang.case.resolution_due
    shop.does(customers.set_tier, shop.firm, bob, talk, "vip", "ten years with us")
    assert (card(shop).tier, card(shop).tier_set_by, card(shop).tier_reason) == ("vip", "bob", "ten years with us")
    assert (wang.case.tier, wang.case.severity) == ("vip", "high")
    assert wang.case.resolution_due < due


def test_a_person_is_named_by_superiors_and_must_handle_cases(
    shop: Shop, talk: int, alice: Staff, bob: Staff, carol: Staff
) -> None:
    assert refused(shop, customers.name_person, alice, talk, "alice") == "superiors_only"
    assert refused(shop, customers.name_person, bob, talk, "carol") == "named_person_unknown"
    assert refused(shop, customers.name_person, bob, talk, "nobody") == "named_person_unknown"
    shop.does(customers.name_person, bob, talk, "alice")
    assert card(shop).named_staff_id == alice.id
    shop.does(customers.name_person, bob, talk, "")
    assert card(shop).named_staff_id is None


def test_preferences_come_and_go(shop: Shop, talk: int, alice: Staff) -> None:
    for text in (" Calls  after six ", "calls after six", "e-mail only"):
        shop.does(customers.add_preference, alice, talk, text)
    assert card(shop).preferences == ["Calls after six", "e-mail only"]
    shop.does(customers.drop_preference, alice, talk, "Calls after six")
    shop.does(customers.drop_preference, alice, talk, "never said")
    assert card(shop).preferences == ["e-mail only"]
    assert refused(shop, customers.add_preference, alice, talk, " ") == "preference_empty"
    assert refused(shop, customers.add_preference, alice, talk, "x" * 61) == "preference_too_long"
    for number in range(11):
        shop.does(customers.add_preference, alice, talk, f"wish {number}")
    assert refused(shop, customers.add_preference, alice, talk, "one more") == "preferences_enough"


def test_who_was_erased_is_not_written_to(shop: Shop, talk: int, alice: Staff) -> None:
    with shop.database.begin() as work:
        work.session.get_one(CustomerRow, card(shop).id).erased_at = work.now
        work.commit()
    assert refused(shop, customers.set_contact, alice, talk, "Wang", "") == "customer_erased"


# --- facts ------------------------------------------------------------------------------------------------------------


def facts(wang: Customer) -> dict[str, str]:
    return {fact.key: fact.value for fact in wang.case.facts}


def test_a_fact_is_corrected_or_added_and_tells_by_whom(shop: Shop, wang: Customer, talk: int, alice: Staff) -> None:
    shop.does(correct_fact, shop.firm, alice, wang.case.id, "product", "blender")
    shop.does(correct_fact, shop.firm, alice, wang.case.id, "amount", "¥1,299.50")
    assert facts(wang) == {"product": "blender", "amount": "129950 CNY"}
    assert {fact.by for fact in wang.case.facts} == {"alice"}


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        ("shoe_size", "43", "unknown_fact"),
        ("product", " ", "fact_empty"),
        ("product", "x" * 501, "fact_too_long"),
        ("amount", "a lot", "fact_amount_wrong"),
        ("amount", "-5", "fact_amount_wrong"),
        ("amount", "9" * 30, "fact_amount_wrong"),
        ("order_number", "12 34", "order_number_wrong"),
        ("order_number", "x" * 65, "order_number_wrong"),
    ],
)
def test_a_fact_that_is_none_is_refused(
    shop: Shop, wang: Customer, talk: int, alice: Staff, key: str, value: str, code: str
) -> None:
    assert refused(shop, correct_fact, shop.firm, alice, wang.case.id, key, value) == code
    assert facts(wang) == {}


def test_an_order_is_proved_by_the_merchants_list_or_by_its_digits_and_not_by_saying_so(
    shop: Shop, wang: Customer, talk: int, alice: Staff
) -> None:
    shop.sells(ORDER, total=30000, phone_last4="4321")
    shop.sells(OTHER_ORDER, total=300000, to=wang.address.public)
    shop.does(correct_fact, shop.firm, alice, wang.case.id, "order_number", ORDER)
    assert facts(wang)["order_number"] == ORDER and not wang.case.order_proved
    assert (
        refused(shop, correct_fact, shop.firm, alice, wang.case.id, "order_number", ORDER, "9999") == "order_not_proved"
    )
    assert refused(shop, correct_fact, shop.firm, alice, wang.case.id, "order_number", ORDER, "99") == "digits_wrong"
    shop.does(correct_fact, shop.firm, alice, wang.case.id, "order_number", ORDER, "4321")
    assert wang.case.order_proved
    shop.does(correct_fact, shop.firm, alice, wang.case.id, "order_number", OTHER_ORDER)
    assert wang.case.order_proved and wang.case.severity == "high", "what is at stake counts"


def test_the_order_stays_while_its_offers_stand_and_once_something_was_granted(
    shop: Shop, wang: Customer, alice: Staff
) -> None:
    shop.sells(ORDER, total=30000, to=wang.address.public)
    wang.complains("delivery", order_number=ORDER)
    case = wang.case.id
    assert wang.case.state == CaseState.OFFERED
    assert refused(shop, correct_fact, shop.firm, alice, case, "order_number", OTHER_ORDER) == "order_offered"
    shop.does(take, shop.firm, alice, wang.conversation.id)
    shop.does(correct_fact, shop.firm, alice, case, "order_number", OTHER_ORDER)
    assert {offer.state for offer in wang.case.offers} == {"superseded"}


def test_the_order_stays_once_money_was_granted_for_it(shop: Shop, wang: Customer, alice: Staff) -> None:
    shop.sells(ORDER, total=30000, to=wang.address.public)
    wang.complains("delivery", order_number=ORDER)
    wang.chooses(1)
    assert refused(shop, correct_fact, shop.firm, alice, wang.case.id, "order_number", OTHER_ORDER) == "order_in_use"
