"""A category of the firm's own goes all the way: taught by past complaints, judged, made good."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from actions.commands.catalogue import command_for
from actions.firm import Firm, load_firm
from actions.staff.judging import correct
from actions.turns import TurnKey, take_turn
from actions.understanding import read_understanding
from recovery.severity import Severity
from store.tables import Conversation, InboxRow, Message, OutcomeEventRow
from tests.actions.dialogue import Customer, Shop
from tests.conftest import ROOT, Clock, missing

BOT_PYTHON = ROOT / "bot" / ".venv" / "bin" / "python"
ORDER = "202611120007"
OWN_RULE = """
  - id: gift-cards
    categories: [gift_card]
    severities: [low, medium]
    approved_by: Head of customer service
    approved_on: 2026-11-01
    choices:
      - [{kind: voucher, amount: 4000}, {kind: apology}]
      - [{kind: call_back}]
"""
# Some hundreds of the shipped examples beside the firm's own: enough to know a complaint, and trained in seconds.
TRAIN_AND_READ = """
import json, sys, tempfile
from pathlib import Path
from bot.without_tensorflow import leave_out_tensorflow
leave_out_tensorflow()
from bot.past_complaints import firm_folder, read_past_complaints
from bot.standalone import Understander, training_examples
past, examples = read_past_complaints(firm_folder()), training_examples()
shipped, own = examples[:-len(past)], examples[-len(past):]
assert len(past) > 30 and [one.data for one in own] == [row.data for row in past]
with tempfile.TemporaryDirectory() as folder:
    understander = Understander.trained(shipped[::60] + own, Path(folder))
    print(json.dumps([understander.understand(text) for text in sys.argv[1:]]))
"""

Keep = Callable[..., Firm]


@pytest.fixture
def firm_with(tmp_path: Path) -> Keep:
    """Makes a firm that has gift cards as well; replacements are (file, old words, new words)."""

    def keep(like: str | None = "billing_price", *replacements: tuple[str, str, str]) -> Firm:
        folder = tmp_path / "firm"
        shutil.copytree(ROOT / "data" / "firm", folder, ignore=shutil.ignore_patterns("*.csv"))
        entry = "  - {key: gift_card, name: {zh: 礼品卡, en: Gift cards}%s}\n" % (f", like: {like}" if like else "")
        for file, old, new in (("taxonomy.yml", "categories:\n", "categories:\n" + entry), *replacements):
            content = (folder / file).read_text(encoding="utf-8")
            assert old in content
            (folder / file).write_text(content.replace(old, new, 1), encoding="utf-8")
        firm = load_firm(folder)
        return replace(firm, value=firm.value.model_copy(update={"choose_by": "table"}))

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


def test_it_is_taught_judged_offered_and_routed(shop: Shop, firm_with: Keep, clock: Clock, tmp_path: Path) -> None:
    if not BOT_PYTHON.exists():
        missing(f"BOT ENVIRONMENT MISSING: {BOT_PYTHON}: a category of the firm's own is NOT tested end to end")
    firm = firm_with("billing_price", ("remedies.yml", "remedy_rules:", "remedy_rules:" + OWN_RULE))
    shop = Shop(shop.database, firm, clock)
    shutil.copy(ROOT / "data" / "samples" / "complaints.csv", tmp_path / "firm" / "complaints.csv")
    texts = {"zh": "礼品卡刚充的钱，余额突然变成零了", "en": "My gift card won't load, the top-up never shows on it"}
    for (language, text), read in zip(texts.items(), understandings(tmp_path / "firm", *texts.values()), strict=True):
        assert read["intent"] == "complain"
        assert read["categories"][0]["key"] == "gift_card", read["categories"]
        assert read["categories"][0]["words"], "what spoke for it is shown at the desk"
        customer = Customer(shop, f"customer-{language}", language)
        order = shop.sells(f"{ORDER}-{language}", total=30000, to=f"rest:customer-{language}")
        said = answers(shop, customer.types(text), read)
        assert customer.case.number in said and customer.case.categories[0] == "gift_card"
        assert (customer.case.department, customer.case.service_step) == ("service_marketing", "payment")
        customer.gives_order(order)
        assert [offer.cost for offer in customer.choices] == [4000, 0]
        assert {offer.rule for offer in customer.choices} == {"gift-cards"}


def understandings(firm: Path, *texts: str) -> list[dict[str, Any]]:
    """How a bot trained on the firm's past complaints reads the texts."""
    done = subprocess.run(
        [BOT_PYTHON, "-c", TRAIN_AND_READ, *texts],
        cwd=ROOT,
        env={**os.environ, "AMENDS_FIRM": str(firm), "TF_CPP_MIN_LOG_LEVEL": "3", "RASA_TELEMETRY_ENABLED": "false"},
        capture_output=True,
        text=True,
        check=False,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


def answers(shop: Shop, inbox_id: str, read: dict[str, Any]) -> str:
    """The turn that the bot's reading leads to; what the customer is told."""
    action = "action_hear_complaint"
    with shop.database.begin() as work:
        row = work.session.get_one(InboxRow, inbox_id)
        key = TurnKey(inbox_id, work.session.get_one(Conversation, row.conversation_id).fence)
        take_turn(work, shop.firm, key, action, read_understanding(read), command_for(action))
        work.commit()
    with shop.database.reading() as work:
        said = select(Message.text).where(Message.inbox_id == inbox_id, Message.direction == "out")
        return "\n".join(work.session.scalars(said.order_by(Message.number)))
