"""What customers of an official account say, taken in: once, in words that people can read, and never lost."""

from datetime import UTC

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from actions.conversations import await_answer, lock_conversation, say
from actions.firm import Firm
from actions.turns import StaleTurn, TurnKey, take_turn
from actions.understanding import Understanding
from desk.channels.incoming import Incoming, Kind, Media
from desk.channels.intake import Taken, take_in
from recovery.control import Control
from store.database import Database
from store.tables import Customer, Message, OutboxRow
from tests.actions.dialogue import Shop
from tests.desk.channels.following import Follower

# --- words -----------------------------------------------------------------------------------------------------------


def test_words_wait_for_the_bot_under_an_identity_of_the_account(alice: Follower) -> None:
    taken = alice.sends(words="快递三天没到")
    [row] = alice.inbox
    assert (row.id, row.text, row.state) == (taken.inbox_id, "快递三天没到", "open")
    assert (alice.conversation.identity.public, alice.conversation.identity.account) == ("wechat:oAlice", "main")


def test_what_is_told_three_times_is_taken_in_once(alice: Follower) -> None:
    first = alice.sends(words="快递三天没到", key="message:1")
    for words in ("快递三天没到", "别的话"):
        again = alice.sends(words=words, key="message:1")
        assert again.repeated and again.inbox_id == first.inbox_id
    assert alice.said("in") == ["快递三天没到"]


def test_two_accounts_may_know_two_people_by_one_name(database: Database, firm: Firm, alice: Follower) -> None:
    alice.sends(words="一")
    other = Follower(database, firm, account="second")
    other.sends(words="二")
    assert alice.said("in") == ["一"] and other.said("in") == ["二"]
    with database.reading() as work:
        assert len(work.session.scalars(select(Customer)).all()) == 2


def test_two_customer_service_accounts_of_one_wecom_know_one_person(database: Database, firm: Firm) -> None:
    one = Follower(database, firm, "wmBob", "corp/kf1", "wecom")
    two = Follower(database, firm, "wmBob", "corp/kf2", "wecom")
    other = Follower(database, firm, "wmBob", "corpx/kf1", "wecom")
    for who in (one, two, other):
        who.sends(words="您好")
    assert one.conversation.id != two.conversation.id
    assert one.conversation.identity.customer_id == two.conversation.identity.customer_id
    assert one.conversation.identity.customer_id != other.conversation.identity.customer_id


@pytest.mark.parametrize("words", ["", "  ", "【收到不支持的消息类型，暂无法显示】"])
def test_a_text_that_says_nothing_reaches_a_person(alice: Follower, shop: Shop, words: str) -> None:
    alice.sends(words=words)
    shop.fires_due()
    assert alice.conversation.control == Control.QUEUED
    assert alice.said("in") == [alice.words("shown.unreadable", what="")]
    assert alice.said("out")[-1].startswith(alice.words("received.unreadable"))


def test_what_no_database_keeps_is_replaced(alice: Follower) -> None:
    alice.sends(words="坏\0了\ud800")
    assert alice.said("in") == ["坏�了�"]


def test_a_long_key_is_one_key_still(alice: Follower) -> None:
    for _ in range(2):
        alice.sends(words="您好", key="k" * 500)
    assert len(alice.inbox) == 1


# --- questions -------------------------------------------------------------------------------------------------------


def asks(database: Database, follower: Follower, question: str, state: str) -> int:
    """The bot asks; ``state`` says what became of the words. The question's revision."""
    with database.begin() as work:
        conversation = lock_conversation(work, follower.conversation.id)
        await_answer(conversation, "offer", ["1", "2"])
        buttons = [{"title": "退款", "payload": "1"}, {"title": "代金券", "payload": "2"}]
        message = say(work, conversation, question, buttons=buttons)
        row = work.session.scalars(select(OutboxRow).where(OutboxRow.message_id == message.id)).one()
        row.state = state
        if state == "held":
            row.held_at, row.error = work.now, "window_closed"
        work.commit()
        return conversation.awaited_revision


def test_words_answer_a_question_that_was_seen_and_none_that_was_held(database: Database, alice: Follower) -> None:
    alice.sends(words="您好")
    revision = asks(database, alice, "退款还是代金券？", "sent")
    alice.sends(words="1")
    assert alice.inbox[-1].seen_revision == revision
    revision = asks(database, alice, "那这样呢？", "held")
    alice.sends(words="1")
    assert alice.inbox[-1].seen_revision < revision
    assert [row.state for row in alice.outbox()][-1] == "pending"  # what was held goes out now


def test_a_tapped_item_is_its_number_and_answers_no_newer_question(database: Database, alice: Follower) -> None:
    alice.sends(words="您好")
    first = asks(database, alice, "退款还是代金券？", "sent")
    number = alice.conversation.last_number
    alice.sends(words="代金券", choice=f"{number}-1")
    row = alice.inbox[-1]
    assert (row.text, row.caller_metadata["tapped"], row.seen_revision) == ("2", "代金券", first)
    second = asks(database, alice, "再给一个选择", "sent")
    alice.sends(words="代金券", choice=f"{number}-1")
    assert alice.inbox[-1].seen_revision < second


def test_who_takes_words_back_is_not_answered(alice: Follower) -> None:
    alice.sends(words="说错了", key="m1")
    alice.sends(Kind.RECALLED, details={"recalled": "m1"})
    assert [(row.state, row.disposition) for row in alice.inbox] == [("done", "taken_back")]


def test_a_turn_under_way_does_not_answer_what_was_taken_back(database: Database, firm: Firm, alice: Follower) -> None:
    taken = alice.sends(words="说错了", key="m1")
    fence = alice.conversation.fence
    alice.sends(Kind.RECALLED, details={"recalled": "m1"})
    assert taken.inbox_id is not None
    with database.begin() as work, pytest.raises(StaleTurn):
        key = TurnKey(taken.inbox_id, fence)
        take_turn(work, firm, key, "say", Understanding(), lambda turn: turn.say("holding.line"))


def test_a_name_that_is_none_is_left_alone(database: Database, firm: Firm) -> None:
    for name in ("", "o" * 300):
        assert Follower(database, firm, name).sends(words="您好").conversation_id is None


# --- whatever comes --------------------------------------------------------------------------------------------------

ANYTHING = st.text(st.characters(), max_size=30)
DETAILS = st.dictionaries(
    st.sampled_from(["scene", "menu_key", "status", "receipt", "fail_type", "recalled", "welcome_code"]) | ANYTHING,
    ANYTHING | st.sampled_from(["accept", "reject", "success", "4"]),
    max_size=3,
)
INCOMING = st.builds(
    Incoming,
    external_id=st.sampled_from(["oAlice", "oBob"]) | ANYTHING,
    key=st.sampled_from(["1", "2", "3"]) | ANYTHING,
    kind=st.sampled_from(list(Kind)),
    at=st.datetimes(timezones=st.just(UTC)),
    words=ANYTHING,
    choice=st.none() | st.sampled_from(["1-0", "2-7", "9-9"]) | ANYTHING,
    shown=st.dictionaries(ANYTHING, ANYTHING, max_size=2),
    media=st.none() | st.builds(Media, ANYTHING, st.text(max_size=300)),
    details=DETAILS,
)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=8
)
@given(st.lists(INCOMING, min_size=1, max_size=8), st.data())
def test_whatever_comes_is_taken_in_once_and_breaks_nothing(
    database: Database, firm: Firm, sequence: list[Incoming], data: st.DataObject
) -> None:
    """Told again at any later moment, as Tencent does, a thing has no further effect."""

    def tell(one: Incoming) -> Taken:
        with database.begin() as work:
            taken = take_in(work, firm, "wechat", "main", one, menu={"A": "转人工"}, greets=True)
            work.commit()
            return taken

    def said() -> int:
        with database.reading() as work:
            return work.session.scalar(select(func.count(Message.id))) or 0

    for number, one in enumerate(sequence):
        tell(one)
        before = said()
        again = data.draw(st.sampled_from(sequence[: number + 1]))
        taken = tell(again)
        assert said() == before
        assert taken.repeated or taken.conversation_id is None or taken.inbox_id is None
