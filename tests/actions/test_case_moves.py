"""Cases on real rows: only `move` changes their state, guarded and logged; from the log any past state comes back."""

import ast
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from actions.case_history import history_flaws, read_history
from actions.cases import may_move, move, move_if_possible, reopen
from actions.connectors.errors import ConnectorError
from actions.staff import linking
from actions.staff.access import DeedRefused
from actions.staff.granting import RemedyWish, grant_by_hand
from actions.staff.talking import answer, close, give_back, take
from recovery.case_history import state_at
from recovery.case_states import UNSETTLED, CaseState, IllegalTransition, Transition
from recovery.money import Money
from store.tables import Case, Offer, Remedy, Staff
from tests.actions.dialogue import Customer, Shop
from tests.conftest import ROOT

ORDER = "10023"
S, T = CaseState, Transition


# --- nobody else writes it --------------------------------------------------------------------------------------------


def test_no_code_but_move_writes_the_state_of_a_case() -> None:
    """On rows that are kept the table itself refuses; here the ways around it are looked for."""
    writers = []
    for house in ("actions", "analytics", "desk", "store"):
        for path in sorted((ROOT / house).rglob("*.py")):
            if "migrations" not in path.parts:
                writers += [f"{path.relative_to(ROOT)}:{line}" for line in _writes_of_case_state(path)]
    assert [writer.partition(":")[0] for writer in writers] == ["actions/cases.py"] * 2, writers


def _writes_of_case_state(path: Path) -> list[int]:
    """Lines that set a case's state by a statement, or past the table's own refusal."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        words = ast.unparse(node)
        by_statement = isinstance(node.func, ast.Attribute) and node.func.attr == "values" and "update(Case)" in words
        if by_statement and any(argument.arg in ("state", None) for argument in node.keywords):
            found.append(node.lineno)
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name in ("set_committed_value", "setattr") and "'state'" in words:
            found.append(node.lineno)
    return found


def test_the_table_refuses_a_state_that_is_just_written(shop: Shop, wang: Customer) -> None:
    wang.complains("delivery")
    with shop.database.begin() as work, pytest.raises(AttributeError, match=r"by actions\.cases\.move alone"):
        work.session.get_one(Case, wang.case.id).state = "closed"
    assert wang.case.state == S.OPEN


def test_a_case_that_was_moved_meanwhile_is_not_moved(shop: Shop, wang: Customer) -> None:
    """Behind the lock of its conversation nobody can; this is the second line of defence."""
    wang.complains("delivery")
    with shop.database.begin() as work:
        case = work.session.get_one(Case, wang.case.id)
        stale = update(Case).where(Case.id == case.id).values(state="with_staff")
        work.session.execute(stale, execution_options={"synchronize_session": False})
        with pytest.raises(IllegalTransition, match="was open has been moved meanwhile"):
            move(work, case, T.RESOLVE, "alice")


# --- the guards, on rows ----------------------------------------------------------------------------------------------


def moves(shop: Shop, case: Case, transition: Transition, by: str = "bot") -> str | None:
    """The name of the guard that refuses, or None where it would be moved; nothing is kept."""
    with shop.database.begin() as work:
        row = work.session.get_one(Case, case.id)
        allowed = may_move(work, row, transition, by)
        try:
            move(work, row, transition, by)
        except IllegalTransition as refused:
            assert not allowed
            return refused.guard
        assert allowed
        return None


def test_an_offer_that_nobody_chose_is_not_accepted_whoever_says_so(shop: Shop, wang: Customer) -> None:
    shop.hires("mary", "manager")
    shop.sells(ORDER, total=30000, to=wang.address.public)
    wang.complains("delivery", order_number=ORDER)
    assert wang.case.state == S.OFFERED
    assert moves(shop, wang.case, T.ACCEPT) == moves(shop, wang.case, T.ACCEPT, "mary") == "chosen"
    assert moves(shop, wang.case, T.AWAIT_APPROVAL) == "above_authority"
    assert moves(shop, wang.case, T.DECLINE) == moves(shop, wang.case, T.WITHDRAW) == "no_choice_left"


@pytest.mark.parametrize(
    ("role", "authority", "cost", "guard"),
    [
        # S0: each within their limit; beyond everyone's is nobody's
        (None, "bot", 100, None),
        (None, "agent", 100, "within_authority"),
        ("agent", "agent", 100, None),
        ("agent", "supervisor", 100, "within_authority"),
        ("manager", "supervisor", 100, None),
        ("manager", "nobody", 100, "within_authority"),
        # who looks into figures grants nothing; what is free of charge anybody may give
        ("quality", "agent", 100, "within_authority"),
        ("agent", "supervisor", 0, None),
    ],
)
def test_nothing_is_accepted_above_the_authority_of_who_grants_it(
    shop: Shop, wang: Customer, role: str | None, authority: str, cost: int, guard: str | None
) -> None:
    by = shop.hires("somebody", role).login if role else "bot"
    shop.sells(ORDER, total=30000, to=wang.address.public)
    wang.complains("delivery", order_number=ORDER)
    with shop.database.begin() as work:
        chosen = work.session.scalars(select(Offer).order_by(Offer.id)).first()
        assert chosen is not None
        chosen.state, chosen.authority, chosen.cost = "accepted", authority, cost
        work.commit()
    assert moves(shop, wang.case, T.ACCEPT, by) == guard


def test_a_case_with_money_on_its_way_is_neither_settled_nor_withdrawn_nor_merged(shop: Shop, wang: Customer) -> None:
    shop.hires("alice", "agent")
    shop.sells(ORDER, total=30000, to=wang.address.public)
    wang.complains("delivery", order_number=ORDER)
    wang.is_answered(wang.types("1"), "action_accept_offer", choice=1)
    case = wang.case
    assert [remedy.state for remedy in case.remedies if remedy.amount] == ["intended"]
    assert moves(shop, case, T.RESOLVE) == moves(shop, case, T.RESOLVE, "alice") == "nothing_under_way"
    assert moves(shop, case, T.FAIL_REMEDY, "timer") == "failed"
    with shop.database.begin() as work:
        # As though a part had failed, and a person had it.
        work.session.execute(update(Case).where(Case.id == case.id).values(state="with_staff", merged_into_id=99))
        work.commit()
    assert {moves(shop, case, t) for t in (T.RESOLVE, T.CLOSE, T.WITHDRAW, T.MERGE)} == {"nothing_under_way"}


def test_the_customer_cannot_withdraw_while_money_is_on_its_way(shop: Shop, wang: Customer) -> None:
    shop.sells(ORDER, total=30000, to=wang.address.public)
    wang.complains("delivery", order_number=ORDER)
    wang.is_answered(wang.types("1"), "action_accept_offer", choice=1)
    with shop.database.begin() as work:
        work.session.execute(update(Case).where(Case.id == wang.case.id).values(state="open"))
        work.commit()
    wang.is_answered(wang.types("算了,不投诉了"), "action_withdraw")
    assert wang.case.state == S.OPEN
    assert not shop.does(_move_if_possible, wang.case.id, T.WITHDRAW)


def _move_if_possible(work, case_id: int, transition: Transition) -> bool:  # type: ignore[no-untyped-def]
    return move_if_possible(work, work.session.get_one(Case, case_id), transition, "bot")


def test_long_after_it_was_settled_only_a_person_or_a_low_rating_opens_it_again(shop: Shop, wang: Customer) -> None:
    alice = shop.hires("alice", "agent")
    wang.complains("delivery")
    shop.does(take, shop.firm, alice, wang.conversation.id)
    shop.does(close, shop.firm, alice, wang.conversation.id, valid=True, service_step="")
    shop.clock.advance(days=10)
    with shop.database.begin() as work:
        case = work.session.get_one(Case, wang.case.id)
        with pytest.raises(IllegalTransition, match="may_reopen"):
            reopen(work, shop.firm, case, "bot")
        reopen(work, shop.firm, case, "alice")  # rolled back
    assert wang.case.state in (S.RESOLVED, S.CLOSED)
    wang.rates(1)
    assert wang.case.state == S.WITH_STAFF


# --- whatever happens ------------------------------------------------------------------------------------------------

DEEDS = ("complains", "chooses", "says_no", "withdraws", "rates_low", "rates_high", "asks", "take", "give_back",
"close",
         "grant", "answer", "merge", "unmerge", "wait", "wait_long", "fail")  # fmt: skip


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=12)
@given(st.lists(st.sampled_from(DEEDS), min_size=4, max_size=14), st.integers(0, 10**6))
def test_whatever_is_done_the_log_gives_every_state_there_was(shop: Shop, deeds: list[str], number: int) -> None:
    """Random dialogues and deeds, on real rows: all that any of them does to a case comes back from its log."""
    if not shop.all(Case):
        shop.hires("alice", "supervisor")
    with shop.database.reading() as work:
        count = work.session.scalar(select(func.count(Case.id))) or 0
    wang = Customer(shop, f"somebody-{number}-{count}-{shop.clock.now:%j%H%M%S}")
    order = shop.sells(f"{count}{number}", total=30000, to=wang.address.public)
    wang.complains("delivery", order_number=order)
    seen = []
    for deed in deeds:
        _do(shop, wang, deed)
        shop.clock.advance(minutes=7)
        seen += [(shop.clock.now - timedelta(minutes=1), case.id, case.state) for case in wang.cases]
    with shop.database.reading() as work:
        for case in wang.cases:
            row = work.session.get_one(Case, case.id)
            assert history_flaws(work, row) == ()
            history = read_history(work, row)
            assert all(state_at(history, at) == state for at, case_id, state in seen if case_id == case.id)
            # No money on its way from a case that nobody looks after.
            if row.state not in UNSETTLED:
                intended = select(func.count(Remedy.id)).where(Remedy.case_id == row.id, Remedy.state == "intended")
                assert not work.session.scalar(intended)


def _do(shop: Shop, wang: Customer, deed: str) -> None:
    alice = next(person for person in shop.all(Staff) if person.login == "alice")
    here, firm = wang.conversation.id, shop.firm
    try:
        if deed == "complains":
            wang.complains("service_attitude")
        elif deed == "chooses":
            wang.chooses(1)
        elif deed == "says_no":
            wang.says_no()
        elif deed == "withdraws":
            wang.withdraws()
        elif deed in ("rates_low", "rates_high"):
            wang.rates(1 if deed == "rates_low" else 5)
        elif deed == "asks":
            wang.asks_for_a_person()
        elif deed == "take":
            shop.does(take, firm, alice, here)
        elif deed == "give_back":
            shop.does(give_back, firm, alice, here)
        elif deed == "close":
            shop.does(close, firm, alice, here, valid=True, service_step="")
        elif deed == "grant":
            shop.does(grant_by_hand, firm, alice, here, RemedyWish("voucher", 500), "sorry")
        elif deed == "answer":
            shop.does(answer, firm, alice, here, "我来看看。")
        elif deed == "merge" and len(wang.cases) > 1:
            shop.does(linking.merge, firm, alice, wang.cases[-1].id, wang.cases[0].number)
        elif deed == "unmerge":
            shop.does(linking.undo_merge, firm, alice, wang.cases[-1].id)
        elif deed == "wait":
            shop.waits(hours=2)
        elif deed == "wait_long":
            shop.waits(days=9)
        elif deed == "fail":
            # The next refund is refused for good: all was paid back at the counter.
            shop.refunds.refund(
                f"counter {wang.address.external_id}", wang.cases[0].facts[0].value, Money(30000, "CNY")
            )
    except (DeedRefused, ConnectorError):
        pass  # not now
