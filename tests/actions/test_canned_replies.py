"""Canned replies and macros: written once, filled in, done whole or not at all."""

import pytest

from actions.conversations import receive
from actions.firm.canned_replies import read_canned_replies
from actions.staff.access import DeedRefused
from actions.staff.canned_replies import (
    NotSaved,
    ReplyDraft,
    add_starters,
    choices_for,
    save_reply,
    set_active,
)
from actions.staff.macros import MacroDraft, Plan, Planned, plan_macro, run_macro, save_macro, set_macro_active
from actions.staff.talking import take
from actions.words.fill_ins import TextRefused, check_text, fill_in
from recovery.case_states import CaseState
from store.firm_files import FirmDataError
from store.tables import CannedReply, Conversation, Macro, Message, Offer, Staff, Voucher
from tests.actions.dialogue import Customer, Shop
from tests.conftest import ROOT

ORDER = "202611120007"


# --- texts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code", "what"),
    [
        ("{{ custmer }}", "unknown_name", "custmer"),
        ("{{ customer", "text_unreadable", "unexpected"),
        ("{% for c in customer %}x{% endfor %}", "text_too_clever", "For"),
        ("{{ customer.__class__ }}", "text_too_clever", "Getattr"),
        ("{{ customer|upper }}", "text_too_clever", "Filter"),
        ("{{ 9 ** 9 ** 9 }}", "text_too_clever", "Pow"),
        ("{% set a = 1 %}", "text_too_clever", "Assign"),
        ("{{ agent() }}", "text_too_clever", "Call"),
    ],
)
def test_a_text_holds_names_and_conditions_and_nothing_else(text: str, code: str, what: str) -> None:
    with pytest.raises(TextRefused) as refusal:
        check_text(text)
    assert refusal.value.code == code and what in refusal.value.what


def test_what_is_not_known_stands_in_brackets_and_a_condition_leaves_it_out() -> None:
    text = "Hello {{ customer }}{% if order %}, about order {{ order }}{% endif %}."
    assert fill_in(text, "en", {"customer": "Ms Wang"}).text == "Hello Ms Wang."
    filled = fill_in(text, "en", {"order": "1"})
    assert (filled.text, filled.gaps) == ("Hello [customer's name], about order 1.", ("customer",))


def test_what_a_customer_is_called_is_no_template() -> None:
    assert fill_in("{{ customer }}", "en", {"customer": "{{ agent }}"}).text == "{{ agent }}"


# --- replies ---------------------------------------------------------------------------------------------------------


def reply(shop: Shop, person: Staff, shortcut: str, department: str = "", **texts: str) -> CannedReply:
    return shop.does(save_reply, shop.firm, person, ReplyDraft(shortcut, department, texts))


def test_a_supervisor_writes_and_an_agent_does_not(shop: Shop, alice: Staff, bob: Staff, carol: Staff) -> None:
    made = reply(shop, bob, "/Hello", zh="您好", en="Hello")
    assert (made.shortcut, made.changed_by) == ("hello", "bob")
    for person in (alice, carol):
        with pytest.raises(DeedRefused, match="not_your_role"):
            reply(shop, person, "other", en="Hello")
        with pytest.raises(DeedRefused, match="not_your_role"):
            shop.does(set_active, person, made.id, False)


@pytest.mark.parametrize(
    ("draft", "code"),
    [
        (ReplyDraft("a b", "", {"en": "x"}), "wrong_shortcut"),
        (ReplyDraft("x" * 33, "", {"en": "x"}), "wrong_shortcut"),
        (ReplyDraft("hello", "", {"en": "x"}), "shortcut_taken"),
        (ReplyDraft("new", "nowhere", {"en": "x"}), "unknown_department"),
        (ReplyDraft("new", "", {"zh": " ", "en": ""}), "no_text"),
        (ReplyDraft("new", "", {"en": "x" * 4001}), "text_too_long"),
        (ReplyDraft("new", "", {"zh": "{{ 谁 }}"}), "unknown_name"),
    ],
)
def test_what_cannot_be_saved_says_why(shop: Shop, bob: Staff, draft: ReplyDraft, code: str) -> None:
    reply(shop, bob, "hello", en="Hello")
    with pytest.raises(NotSaved) as refusal:
        shop.does(save_reply, shop.firm, bob, draft)
    assert refusal.value.code == code
    assert len(shop.all(CannedReply)) == 1


def test_the_list_fits_language_department_and_case(shop: Shop, mary: Customer, alice: Staff, bob: Staff) -> None:
    reply(shop, bob, "all", zh="工单{{ case }}", en="Case {{ case }} by {{ agent }}")
    reply(shop, bob, "only-chinese", zh="您好")
    reply(shop, bob, "shops", "sales", en="In the shop")
    reply(shop, bob, "parcels", "logistics", en="On its way")
    retired = reply(shop, bob, "old", en="Old")
    shop.does(set_active, bob, retired.id, False)
    mary.complains("delivery")
    with shop.database.reading() as work:
        conversation = work.session.get_one(Conversation, mary.conversation.id)
        found = choices_for(work, shop.firm, alice, conversation, mary.case)
    assert [(one.shortcut, one.language, one.fallback) for one in found] == [
        ("all", "en", False),
        ("only-chinese", "zh", True),
        ("parcels", "en", False),
    ]
    assert found[0].filled.text == f"Case {mary.case.number} by Alice"


def test_a_new_desk_starts_with_the_shipped_replies_and_only_a_new_one(shop: Shop, bob: Staff) -> None:
    starters = read_canned_replies(ROOT / "data" / "firm")
    assert len(starters) >= 12
    assert {one.department for one in starters} - {None} <= {one.key for one in shop.firm.departments}
    assert shop.does(add_starters, starters) == len(starters)
    assert shop.does(add_starters, starters) == 0
    for one in shop.all(CannedReply):
        for language, text in one.texts.items():
            assert fill_in(text, language, {}).text


def test_a_mistake_in_the_shipped_file_is_told_with_its_line(tmp_path: object) -> None:
    path = tmp_path / "canned_replies.yml"  # type: ignore[operator]
    path.write_text("canned_replies:\n  - shortcut: hi\n    texts: {zh: '{{ foo }}', en: hi}\n")
    with pytest.raises(FirmDataError, match=r"canned_replies.yml:3.*unknown_name: foo"):
        read_canned_replies(tmp_path)  # type: ignore[arg-type]


# --- macros ----------------------------------------------------------------------------------------------------------


def macro(
    shop: Shop, person: Staff, reply_id: str = "", kind: str = "", amount: int | None = None, state: str = ""
) -> Macro:
    draft = MacroDraft({"en": "Make it good"}, "", reply_id, kind, amount, state)
    return shop.does(save_macro, shop.firm, person, draft)


def plan(shop: Shop, person: Staff, conversation: int, made: Macro) -> Plan:
    with pytest.raises(Planned) as planned:
        shop.does(plan_macro, shop.firm, person, conversation, made.id)
    return planned.value.plan


@pytest.fixture
def talking(shop: Shop, mary: Customer, alice: Staff) -> Customer:
    shop.sells(ORDER, total=300000, to=mary.address.public)
    mary.complains("product_quality", order_number=ORDER)
    shop.does(take, shop.firm, alice, mary.conversation.id)
    return mary


def test_a_plan_tells_exactly_what_happens_and_leaves_nothing(
    shop: Shop, talking: Customer, alice: Staff, bob: Staff
) -> None:
    sorry = reply(shop, bob, "sorry", en="Sorry about order {{ order }}; {{ amount }} is on its way. {{ agent }}")
    made = macro(shop, bob, sorry.public_id, "voucher", 2000, "give_back")
    told, offers = talking.was_told, len(shop.all(Offer))
    seen = plan(shop, alice, talking.conversation.id, made)
    assert talking.was_told == told and len(shop.all(Offer)) == offers and talking.control == "staff"
    assert seen.texts[0] == ("staff", f"Sorry about order {ORDER}; ¥20.00 is on its way. Alice")
    assert (seen.remedy, seen.authority, seen.waits) == (("voucher", 2000, "CNY"), "bot", False)
    assert (seen.case_state, seen.control) == ("remedying", "bot")
    shop.clock.advance(minutes=7)
    shop.does(run_macro, shop.firm, alice, talking.conversation.id, made.id, seen.digest)
    assert talking.was_told[len(told) :] == [text for _, text in seen.texts]
    assert talking.control == "bot" and talking.case.state == CaseState.REMEDYING


def test_a_macro_above_authority_waits_for_approval_as_by_hand_does(
    shop: Shop, talking: Customer, alice: Staff, bob: Staff
) -> None:
    made = macro(shop, bob, kind="refund", amount=90000)
    seen = plan(shop, alice, talking.conversation.id, made)
    assert (seen.waits, seen.authority, seen.case_state) == (True, "supervisor", "awaiting_approval")


def test_a_macro_is_refused_whole_if_a_part_is(shop: Shop, talking: Customer, alice: Staff, bob: Staff) -> None:
    sorry = reply(shop, bob, "sorry", en="Sorry.")
    made = macro(shop, bob, sorry.public_id, "refund", 300001)
    told = talking.was_told
    for deed in (
        lambda: shop.does(plan_macro, shop.firm, alice, talking.conversation.id, made.id),
        lambda: shop.does(run_macro, shop.firm, alice, talking.conversation.id, made.id, "x"),
    ):
        with pytest.raises(DeedRefused, match="more_than_paid"):
            deed()
    assert talking.was_told == told and not [m for m in shop.all(Message) if m.text == "Sorry."]


def test_a_macro_that_says_what_nobody_knows_is_refused(shop: Shop, mary: Customer, alice: Staff, bob: Staff) -> None:
    mary.complains("service_attitude")
    shop.does(take, shop.firm, alice, mary.conversation.id)
    made = macro(shop, bob, reply(shop, bob, "order", en="Order {{ order }}").public_id)
    chinese = macro(shop, bob, reply(shop, bob, "chinese", zh="您好").public_id)
    for one, code in ((made, "macro_gap"), (chinese, "macro_language_missing")):
        with pytest.raises(DeedRefused, match=code):
            shop.does(plan_macro, shop.firm, alice, mary.conversation.id, one.id)


def test_what_was_changed_since_it_was_looked_at_is_not_done(
    shop: Shop, talking: Customer, alice: Staff, bob: Staff
) -> None:
    sorry = reply(shop, bob, "sorry", en="Sorry.")
    made = macro(shop, bob, sorry.public_id)
    seen = plan(shop, alice, talking.conversation.id, made)
    shop.does(save_reply, shop.firm, bob, ReplyDraft("sorry", "", {"en": "Very sorry."}), sorry.id)
    told = talking.was_told
    with pytest.raises(DeedRefused, match="macro_changed"):
        shop.does(run_macro, shop.firm, alice, talking.conversation.id, made.id, seen.digest)
    assert talking.was_told == told
    with pytest.raises(DeedRefused, match="not_yours"):
        shop.does(plan_macro, shop.firm, bob, talking.conversation.id, made.id)
    shop.does(set_macro_active, bob, made.id, False)
    with pytest.raises(DeedRefused, match="macro_retired"):
        shop.does(plan_macro, shop.firm, alice, talking.conversation.id, made.id)


def test_a_macro_closes_the_case(shop: Shop, talking: Customer, alice: Staff, bob: Staff) -> None:
    made = macro(shop, bob, reply(shop, bob, "done", en="All done.").public_id, state="close_valid")
    seen = plan(shop, alice, talking.conversation.id, made)
    assert seen.case_state == "resolved"
    shop.does(run_macro, shop.firm, alice, talking.conversation.id, made.id, seen.digest)
    assert (talking.case.state, talking.case.valid, talking.control) == (CaseState.RESOLVED, True, "bot")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "macro_empty"),
        ({"kind": "refund"}, "amount_missing"),
        ({"kind": "gold"}, "unknown_remedy"),
        ({"kind": "refund", "amount": 100, "state": "close_valid"}, "macro_close_waits"),
        ({"kind": "voucher", "amount": 10**9}, "above_everyone"),
        ({"state": "burn"}, "macro_empty"),
        ({"reply_id": "0" * 32}, "macro_reply_gone"),
    ],
)
def test_a_macro_that_could_never_run_is_not_saved(
    shop: Shop, bob: Staff, fields: dict[str, object], code: str
) -> None:
    with pytest.raises(NotSaved) as refusal:
        macro(shop, bob, **fields)  # type: ignore[arg-type]
    assert refusal.value.code == code and shop.all(Macro) == []


def test_an_agent_writes_no_macros(shop: Shop, alice: Staff) -> None:
    with pytest.raises(DeedRefused, match="not_your_role"):
        macro(shop, alice, state="give_back")


@pytest.mark.parametrize(
    "text",
    [
        "{% if order %}" * 110 + "x" + "{% endif %}" * 110,
        "{{ " + "(" * 1900 + "order" + ")" * 1900 + " }}",
        "{% if " + "not " * 980 + "order %}x{% endif %}",
    ],
)
def test_what_would_break_the_page_of_every_conversation_is_not_saved(shop: Shop, bob: Staff, text: str) -> None:
    with pytest.raises(NotSaved, match="text_too_clever"):
        shop.does(save_reply, shop.firm, bob, ReplyDraft("deep", "", {"en": text}))


def test_a_macro_that_is_confirmed_twice_runs_once(shop: Shop, talking: Customer, alice: Staff, bob: Staff) -> None:
    made = macro(shop, bob, kind="voucher", amount=2000)
    seen = plan(shop, alice, talking.conversation.id, made)
    shop.does(run_macro, shop.firm, alice, talking.conversation.id, made.id, seen.digest)
    shop.fires_due()
    assert talking.case.state == CaseState.RESOLVED, "from where another voucher could be granted"
    with pytest.raises(DeedRefused, match="macro_changed"):
        shop.does(run_macro, shop.firm, alice, talking.conversation.id, made.id, seen.digest)
    assert len(shop.all(Voucher)) == 1


def test_what_the_customer_writes_meanwhile_does_not_stand_against_a_macro(
    shop: Shop, talking: Customer, alice: Staff, bob: Staff
) -> None:
    made = macro(shop, bob, kind="apology")
    seen = plan(shop, alice, talking.conversation.id, made)
    shop.does(receive, talking.address, "Hello?", "hello")
    shop.does(run_macro, shop.firm, alice, talking.conversation.id, made.id, seen.digest)


def test_whether_the_complaint_stood_is_kept_where_the_remedy_settled_the_case(
    shop: Shop, talking: Customer, alice: Staff, bob: Staff
) -> None:
    made = macro(shop, bob, kind="apology", state="close_not_valid")
    seen = plan(shop, alice, talking.conversation.id, made)
    shop.does(run_macro, shop.firm, alice, talking.conversation.id, made.id, seen.digest)
    assert (talking.case.state, talking.case.valid) == (CaseState.RESOLVED, False)
    assert [judged["valid"] for judged in shop.events("case_judged")] == [False]
