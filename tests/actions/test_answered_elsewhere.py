"""A person of the firm answers in WeCom instead of at the desk: what they take, say and end there is so here, too."""

from typing import Any

import pytest
from sqlalchemy import func, select

from actions.case_history import history_flaws, picture_at
from actions.conversations import lock_conversation
from actions.staff.access import DeedRefused
from actions.staff.elsewhere import ended_elsewhere, said_elsewhere, taken_elsewhere
from actions.staff.talking import take
from recovery.case_states import CaseState
from recovery.control import Control
from store.tables import AuditEntry, Case, CaseClock, Message, OutboxRow, Promise, Staff
from tests.actions.dialogue import Customer, Shop

ORDER = "202611120007"


def in_wecom(shop: Shop, customer: Customer, deed: Any, *arguments: Any) -> Any:
    """Something a person does in WeCom."""
    return shop.does(lambda work: deed(work, lock_conversation(work, customer.conversation.id), *arguments))


def takes(shop: Shop, customer: Customer) -> bool:
    taken: bool = in_wecom(shop, customer, lambda work, conversation: taken_elsewhere(work, shop.firm, conversation))
    return taken


def says(shop: Shop, customer: Customer, text: str, key: str = "one") -> Message | None:
    said: Message | None = in_wecom(
        shop, customer, lambda work, conversation: said_elsewhere(work, shop.firm, conversation, text, key)
    )
    return said


def ends(shop: Shop, customer: Customer) -> bool:
    ended: bool = in_wecom(shop, customer, ended_elsewhere)
    return ended


def test_who_takes_it_there_has_it_and_the_queue_is_rid_of_it(shop: Shop, queued: Customer) -> None:
    assert takes(shop, queued)
    conversation = queued.conversation
    assert (conversation.control, conversation.taken_by_id, conversation.queued_at) == (Control.STAFF, None, None)
    (hand_over,) = queued.case.hand_overs
    assert (hand_over.reason, hand_over.taken_by_id, hand_over.taken_at) == ("asked", None, shop.clock.now)
    assert queued.case.state == CaseState.WITH_STAFF
    # Told of twice it is done once.
    assert not takes(shop, queued)
    assert [entry.action for entry in shop.all(AuditEntry) if entry.actor == "wecom"] == ["take"]


def test_the_bot_is_silent_and_its_question_is_gone(shop: Shop, wang: Customer) -> None:
    wang.complains("delivery")
    shop.clock.advance(seconds=5)
    open_message = wang.types("还在吗")
    takes(shop, wang)
    assert wang.awaited is None
    assert wang.is_answered(open_message, "action_greet") == ""
    before = len(wang.was_told)
    wang.types("喂")
    assert len(wang.was_told) == before


def test_their_words_are_on_record_keep_the_promise_and_are_not_sent_again(shop: Shop, queued: Customer) -> None:
    takes(shop, queued)
    sent = len(shop.all(OutboxRow))
    shop.clock.advance(minutes=1)
    said = says(shop, queued, "您好，我马上给您查")
    assert said is not None
    assert says(shop, queued, "您好，我马上给您查") is None
    assert queued.was_told[-1] == "您好，我马上给您查"
    assert len(shop.all(OutboxRow)) == sent
    (promise,) = [one for one in shop.all(Promise) if one.kind == "person_answers"]
    assert promise.state == "kept"
    with shop.database.reading() as work:
        # A person has answered: that clock has stopped.
        running = select(func.count()).where(CaseClock.kind == "first_response", CaseClock.state == "running")
        assert work.session.scalar(running) == 0
        assert work.session.get_one(Case, queued.case.id).first_response_at == shop.clock.now


def test_its_end_gives_it_back_to_the_bot(shop: Shop, queued: Customer) -> None:
    takes(shop, queued)
    shop.clock.advance(minutes=1)
    says(shop, queued, "查到了")
    before = list(queued.was_told)
    shop.clock.advance(minutes=1)
    assert ends(shop, queued)
    assert queued.control == Control.BOT
    assert queued.case.state == CaseState.OPEN
    assert queued.case.hand_overs[0].ended_at == shop.clock.now
    # WeCom takes no words of ours after its end.
    assert queued.was_told == before
    assert not ends(shop, queued)
    with shop.database.reading() as work:
        case = work.session.get_one(Case, queued.case.id)
        assert history_flaws(work, case) == ()
        then = picture_at(work, case, case.hand_overs[0].taken_at or shop.clock.now)
        assert then is not None
        assert (then.control, then.holder) == (Control.STAFF, None)
    assert queued.asks_for_status()


def test_what_a_colleague_at_the_desk_has_stays_theirs(shop: Shop, queued: Customer, alice: Staff) -> None:
    shop.does(take, shop.firm, alice, queued.conversation.id)
    assert not takes(shop, queued)
    assert not ends(shop, queued)
    assert (queued.control, queued.conversation.taken_by_id) == (Control.STAFF, alice.id)


def test_only_superiors_take_it_over_at_the_desk(shop: Shop, queued: Customer, alice: Staff, bob: Staff) -> None:
    takes(shop, queued)
    with pytest.raises(DeedRefused) as refusal:
        shop.does(take, shop.firm, alice, queued.conversation.id)
    assert refusal.value.code == "taken_by_colleague"
    shop.does(take, shop.firm, bob, queued.conversation.id)
    assert queued.conversation.taken_by_id == bob.id


def test_nobody_is_taken_back_from_while_the_customer_waits_there(shop: Shop, queued: Customer) -> None:
    takes(shop, queued)
    queued.types("还没有消息吗")
    shop.waits(hours=30)
    assert queued.control == Control.STAFF
