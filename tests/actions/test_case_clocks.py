"""The clocks of a case through its life: started, stopped, begun anew."""

from datetime import timedelta

from actions.staff.judging import correct
from actions.staff.talking import answer, close, give_back, take
from store.tables import CaseClock, Staff, Timer
from tests.actions.case_clocks import FIRST_RESPONSE, NEXT_UPDATE, clocks, running, told
from tests.actions.dialogue import Customer, Shop


def test_a_new_case_has_its_resolution_before_it(shop: Shop, wang: Customer) -> None:
    wang.complains("delivery")
    (clock,) = clocks(shop)
    # Paused at once: the bot asks for the order.
    assert (clock.kind, clock.state, clock.department) == ("resolution", "paused", "logistics")
    assert clock.due_at == wang.case.resolution_due
    assert wang.case.next_update_due is None


def test_the_first_answer_is_owed_from_when_a_person_is_needed(shop: Shop, wang: Customer) -> None:
    wang.complains("delivery")
    shop.clock.advance(minutes=30)
    now = shop.clock.now
    wang.asks_for_a_person()
    clock = running(shop)["first_response"]
    assert clock.started_at == now
    assert clock.due_at == wang.case.first_response_due == now + FIRST_RESPONSE[wang.case.severity]


def test_an_answer_ends_it_and_the_next_word_is_due(shop: Shop, held: Customer, alice: Staff) -> None:
    assert set(running(shop)) == {"resolution", "next_update"}
    due = shop.clock.now + NEXT_UPDATE[held.case.severity]
    assert running(shop)["next_update"].due_at == held.case.next_update_due == due


def test_every_word_of_staff_begins_the_next_update_anew(shop: Shop, held: Customer, alice: Staff) -> None:
    shop.clock.advance(hours=1)
    shop.does(answer, shop.firm, alice, held.conversation.id, "仓库正在找。")
    assert held.case.next_update_due == shop.clock.now + NEXT_UPDATE[held.case.severity]
    assert len(clocks(shop, "next_update")) == 1


def test_taken_straight_from_the_bot_a_first_answer_is_owed(shop: Shop, wang: Customer, alice: Staff) -> None:
    wang.complains("delivery")
    shop.does(take, shop.firm, alice, wang.conversation.id)
    assert set(running(shop)) == {"resolution", "first_response"}


def test_given_back_nothing_of_a_person_runs(shop: Shop, held: Customer, alice: Staff) -> None:
    shop.does(give_back, shop.firm, alice, held.conversation.id)
    assert set(running(shop)) == {"resolution"}
    assert held.case.next_update_due is None


def test_all_stop_when_resolved_even_if_the_customer_spoke_last(shop: Shop, held: Customer, alice: Staff) -> None:
    """Chatwoot 10178."""
    held.types("谢谢")
    shop.fires_due()
    shop.does(close, shop.firm, alice, held.conversation.id, valid=True, service_step="")
    assert running(shop) == {}
    shop.waits(days=5)
    assert [clock for clock in clocks(shop) if clock.missed_at] == []
    assert told(shop, "overdue") == told(shop, "taken_back") == []


def test_a_reopened_case_starts_anew(shop: Shop, held: Customer, alice: Staff) -> None:
    shop.does(close, shop.firm, alice, held.conversation.id, valid=True, service_step="")
    shop.clock.advance(hours=30)
    now = shop.clock.now
    held.rates(1)
    assert {clock.started_at for clock in running(shop).values()} == {now}
    assert set(running(shop)) == {"resolution", "first_response"}
    assert held.case.first_response_due == running(shop)["first_response"].due_at
    assert held.case.resolution_due == running(shop)["resolution"].due_at > now


def test_a_graver_case_is_due_earlier_and_a_calmer_one_never_later(shop: Shop, queued: Customer, alice: Staff) -> None:
    before = queued.case.first_response_due
    shop.does(correct, shop.firm, alice, queued.case.id, ["delivery"], 2, [])
    assert queued.case.severity == "medium"
    due = queued.case.first_response_due
    assert due == running(shop)["first_response"].due_at == before - timedelta(hours=2)
    shop.does(correct, shop.firm, alice, queued.case.id, ["delivery"], 0, [])
    assert queued.case.severity == "low" and queued.case.first_response_due == due


def test_another_department_starts_anew(shop: Shop, held: Customer, alice: Staff) -> None:
    """Zammad 5177."""
    shop.clock.advance(hours=2)
    shop.does(correct, shop.firm, alice, held.case.id, ["product_quality"], 1, [])
    assert {clock.department for clock in running(shop).values()} == {"after_sales"}
    assert {clock.started_at for clock in running(shop).values()} == {shop.clock.now}
    assert held.case.resolution_due == running(shop)["resolution"].due_at
    assert held.case.next_update_due == running(shop)["next_update"].due_at


def test_a_case_from_before_there_were_clocks_gets_them_with_the_due_time_it_has(
    shop: Shop, queued: Customer, alice: Staff
) -> None:
    due = queued.case.resolution_due
    with shop.database.begin() as work:
        work.session.query(Timer).filter(Timer.kind.like("clock%")).delete()
        work.session.query(CaseClock).delete()
        work.commit()
    shop.does(take, shop.firm, alice, queued.conversation.id)
    assert running(shop)["resolution"].due_at == queued.case.resolution_due == due
