"""What comes of a time limit that nears or passes: warned, told to superiors, taken back."""

from dataclasses import replace

from actions.due import fire
from actions.staff.talking import answer, take
from store.tables import Note, Staff, Timer
from tests.actions.case_clocks import clocks, refused, running, told
from tests.actions.dialogue import Customer, Shop

# --- warned, missed --------------------------------------------------------------------------------------------------


def test_the_owner_is_warned_before_and_superiors_told_after_once_each(
    shop: Shop, held: Customer, alice: Staff, bob: Staff
) -> None:
    shop.waits(hours=5, minutes=59)
    assert told(shop, "due_soon") == []
    shop.waits(minutes=1)  # 75 % of eight hours
    assert told(shop, "due_soon") == ["alice"]
    shop.waits(hours=2)
    assert told(shop, "overdue") == ["alice", "bob"]
    assert held.reasons[-1] == "next_update_missed"
    (missed,) = [passed for passed in held.case.hand_overs if passed.reason == "next_update_missed"]
    assert (missed.by, missed.at, missed.ended_at) == ("timer", shop.clock.now, shop.clock.now)
    shop.waits(hours=6)
    assert told(shop, "overdue") == ["alice", "bob"]
    assert held.conversation.taken_by_id == alice.id


def test_after_a_miss_a_word_begins_a_new_round_and_the_missed_one_stays_on_record(
    shop: Shop, held: Customer, alice: Staff
) -> None:
    shop.waits(hours=9)
    shop.does(answer, shop.firm, alice, held.conversation.id, "抱歉让您久等。")
    first, second = clocks(shop, "next_update")
    assert (first.state, first.missed_at is not None, first.round) == ("stopped", True, 1)
    assert (second.state, second.missed_at, second.round) == ("running", None, 2)


def test_without_an_owner_the_departments_staff_on_duty_are_warned(shop: Shop, queued: Customer, bob: Staff) -> None:
    people = {login: shop.hires(login, "agent") for login in ("lin", "luo", "sun")}
    with shop.database.begin() as work:
        for login, departments in (("lin", ["logistics"]), ("luo", ["logistics"]), ("sun", ["sales"])):
            person = work.session.get_one(Staff, people[login].id)
            person.departments, person.on_duty = departments, login != "luo"
        work.commit()
    shop.waits(hours=3, minutes=30)
    assert told(shop, "due_soon") == ["lin"]
    shop.waits(hours=1)
    assert told(shop, "overdue") == ["bob"]
    assert "first_response_missed" in queued.reasons


def test_a_departments_own_supervisor_comes_before_all_others(shop: Shop, held: Customer, bob: Staff) -> None:
    own = shop.hires("lena", "supervisor")
    with shop.database.begin() as work:
        work.session.get_one(Staff, own.id).departments = ["logistics"]
        work.commit()
    shop.waits(hours=9)
    assert told(shop, "overdue") == ["alice", "lena"]


def test_where_there_is_no_supervisor_a_manager_is_told(shop: Shop, held: Customer, dora: Staff) -> None:
    shop.waits(hours=9)
    assert told(shop, "overdue") == ["alice", "dora"]


def test_a_worker_that_was_down_misses_without_warning_late(shop: Shop, held: Customer, bob: Staff) -> None:
    shop.clock.advance(hours=9)
    shop.fires_due()
    assert told(shop, "due_soon") == [] and told(shop, "overdue") == ["alice", "bob"]


def test_a_timer_claimed_before_the_clock_moved_does_nothing_and_stays(
    shop: Shop, held: Customer, alice: Staff
) -> None:
    (timer,) = [t for t in shop.all(Timer) if t.key == f"clock_missed:{running(shop)['next_update'].id}"]
    shop.clock.advance(hours=8)
    # The answer comes while the worker is on its way.
    shop.does(answer, shop.firm, alice, held.conversation.id, "还在处理。")
    fire(shop.database, shop.firm, shop.connectors, timer.id)
    (timer,) = [t for t in shop.all(Timer) if t.id == timer.id]
    assert (timer.state, timer.due_at) == ("open", held.case.next_update_due)
    assert told(shop, "overdue") == []


def test_firing_twice_tells_once(shop: Shop, held: Customer, bob: Staff) -> None:
    (timer,) = [t for t in shop.all(Timer) if t.key == f"clock_missed:{running(shop)['next_update'].id}"]
    shop.clock.advance(hours=8)
    for _ in range(2):
        fire(shop.database, shop.firm, shop.connectors, timer.id)
    assert told(shop, "overdue") == ["alice", "bob"]


# --- a silent owner (Chatwoot 13516) ---------------------------------------------------------------------------------


def test_a_silent_owner_loses_the_conversation_to_the_queue_at_its_old_place(
    shop: Shop, held: Customer, alice: Staff, bob: Staff
) -> None:
    queued_at = held.case.hand_overs[0].at
    shop.clock.advance(minutes=10)
    held.types("在吗?")
    before = held.was_told
    shop.waits(hours=1, minutes=59)
    assert held.control == "staff"
    shop.waits(minutes=1)
    conversation = held.conversation
    assert (conversation.control, conversation.taken_by_id, conversation.queued_at) == ("queued", None, queued_at)
    assert held.case.owner_id is None and held.reasons[-1] == "owner_silent"
    assert told(shop, "taken_back") == ["alice", "bob"]
    # The customer hears of the next person, not of this.
    assert held.was_told == before
    assert refused(shop, answer, shop.firm, alice, conversation.id, "等一下") == "not_yours"


def test_taken_back_twice_it_keeps_its_first_place(shop: Shop, held: Customer, alice: Staff, bob: Staff) -> None:
    queued_at = held.case.hand_overs[0].at
    held.types("在吗?")
    shop.waits(hours=2)
    shop.does(take, shop.firm, bob, held.conversation.id)
    shop.waits(hours=1, minutes=59)
    assert held.control == "staff"
    shop.waits(minutes=2)
    assert (held.control, held.conversation.queued_at) == ("queued", queued_at)


def test_who_takes_and_says_nothing_loses_it_too(shop: Shop, queued: Customer, alice: Staff) -> None:
    shop.does(take, shop.firm, alice, queued.conversation.id)
    shop.waits(hours=2)
    assert queued.control == "queued"


def test_an_answer_a_note_or_a_question_to_a_department_is_a_sign_of_life(
    shop: Shop, held: Customer, alice: Staff
) -> None:
    held.types("在吗?")
    shop.waits(hours=1)
    with shop.database.begin() as work:
        conversation_id = held.conversation.id
        work.session.add(Note(conversation_id=conversation_id, staff_id=alice.id, text="问了仓库", at=work.now))
        work.commit()
    shop.waits(hours=1, minutes=59)
    assert held.control == "staff"
    shop.does(answer, shop.firm, alice, held.conversation.id, "找到了。")
    shop.waits(hours=5)
    assert held.control == "staff"
    held.types("好的,什么时候到?")
    shop.waits(hours=2)
    assert held.control == "queued"


def test_a_note_of_somebody_else_is_none(shop: Shop, held: Customer, bob: Staff) -> None:
    held.types("在吗?")
    shop.waits(hours=1)
    with shop.database.begin() as work:
        work.session.add(Note(conversation_id=held.conversation.id, staff_id=bob.id, text="?", at=work.now))
        work.commit()
    shop.waits(hours=1)
    assert held.control == "queued"


def test_a_firm_that_takes_nothing_back_leaves_it(shop: Shop, held: Customer) -> None:
    shop.firm = replace(shop.firm, service_levels=replace(shop.firm.service_levels, take_back_after=None))
    held.types("在吗?")
    shop.waits(hours=48)
    assert held.control == "staff"
