"""A category of the firm's own is judged and made good; tests/e2e/test_category_taught.py is about how it is taught."""

from collections.abc import Callable
from pathlib import Path

import pytest

from actions.firm import Firm
from actions.staff.judging import correct
from recovery.severity import Severity
from store.tables import OutcomeEventRow
from tests.actions.dialogue import Customer, Shop
from tests.actions.own_category import OWN_RULE, keep_own_firm
from tests.conftest import Clock

ORDER = "202611120007"

Keep = Callable[..., Firm]


@pytest.fixture
def firm_with(tmp_path: Path) -> Keep:
    """Makes a firm that has gift cards as well; replacements are (file, old words, new words)."""

    def keep(like: str | None = "billing_price", *replacements: tuple[str, str, str]) -> Firm:
        return keep_own_firm(tmp_path / "firm", like, *replacements)

    return keep


def test_without_rules_of_its_own_those_of_its_like_apply(firm_with: Keep) -> None:
    firm = firm_with("billing_price")
    assert firm.category_name("gift_card", "zh") == "礼品卡"
    for severity in Severity:
        assert firm.policy.rule_for(["gift_card"], severity) == firm.policy.rule_for(["billing_price"], severity)
    assert firm.department_for(["gift_card"]) == firm.department_for(["billing_price"])
    assert firm.department_for(["gift_card"]).key == "service_marketing"
    assert firm.service_step_for(["gift_card"]) == firm.service_step_for(["billing_price"]) == "payment"
    assert firm.words_for(["gift_card", "delivery"]) == "failure.billing_price"
    assert firm.read_failure(["gift_card"]) == firm.read_failure(["billing_price"])


def test_without_a_like_it_goes_by_what_fits_anything(firm_with: Keep) -> None:
    firm = firm_with(None)
    rule = firm.policy.rule_for(["gift_card"], Severity.LOW)
    assert rule is not None and rule.id == "anything-else"
    assert firm.department_for(["gift_card"]).key == "customer_service"
    assert firm.service_step_for(["gift_card"]) == ""
    assert firm.words_for(["gift_card"]) == "failure.other"


def test_rules_of_its_own_come_first(firm_with: Keep) -> None:
    firm = firm_with(
        "billing_price",
        ("remedies.yml", "remedy_rules:", "remedy_rules:" + OWN_RULE),
        ("departments.yml", "categories: [delivery]", "categories: [delivery, gift_card]"),
        ("blueprint.yml", "categories: [digital_app,", "categories: [gift_card, digital_app,"),
        ("replies/zh.yml", "failure:\n", "failure:\n  gift_card: 礼品卡出了岔子，是我们没做好。\n"),
        ("replies/en.yml", "failure:\n", "failure:\n  gift_card: A gift card should just work.\n"),
    )
    rule = firm.policy.rule_for(["gift_card"], Severity.LOW)
    assert rule is not None and rule.id == "gift-cards"
    assert firm.policy.rule_for(["gift_card"], Severity.HIGH) is None, "left to a person by its own rule"
    assert firm.department_for(["gift_card"]).key == "logistics"
    assert firm.service_step_for(["gift_card"]) == "ordering"
    assert firm.words_for(["gift_card"]) == "failure.gift_card"


def test_it_opens_a_case_and_gets_the_offers_of_its_like(
    shop: Shop, firm_with: Keep, clock: Clock, language: str
) -> None:
    shop = Shop(shop.database, firm_with("billing_price"), clock)
    customer = Customer(shop, "wang", language)
    shop.sells(ORDER, total=30000, to="rest:wang")
    answer = customer.complains("gift_card", order_number=ORDER)
    assert customer.words("failure.billing_price") in answer
    case = customer.case
    assert (case.categories, case.department, case.service_step) == (["gift_card"], "service_marketing", "payment")
    # 20 % of 300, capped at 200; then the voucher of 25 %; then the call.
    assert [offer.cost for offer in customer.choices] == [6000, 7500, 0]
    assert {offer.rule for offer in customer.choices} == {"price-or-billing"}
    name = shop.firm.category_name("gift_card", language)
    assert all(name in offer.reason for offer in customer.choices)
    customer.chooses(1)
    assert customer.case.state == "resolved"


def test_a_danger_of_the_firms_own_is_a_persons_at_once(shop: Shop, firm_with: Keep, clock: Clock) -> None:
    shop = Shop(shop.database, firm_with("safety"), clock)
    wang = Customer(shop, "wang")
    wang.complains("delivery", "gift_card")
    assert wang.control == "queued" and wang.reasons == ["safety"]
    assert (wang.case.severity, wang.case.categories) == ("critical", ["gift_card", "delivery"])
    (opened,) = [row for row in shop.all(OutcomeEventRow) if row.kind == "case_opened"]
    assert opened.dimensions["category"] == "gift_card"


def test_staff_can_correct_to_it(shop: Shop, firm_with: Keep, clock: Clock) -> None:
    shop = Shop(shop.database, firm_with("billing_price"), clock)
    wang, alice = Customer(shop, "wang"), shop.hires("alice", "agent")
    wang.complains("delivery")
    shop.does(correct, shop.firm, alice, wang.case.id, ["gift_card"], 1, [])
    assert (wang.case.categories, wang.case.department) == (["gift_card"], "service_marketing")
