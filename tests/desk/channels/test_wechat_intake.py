"""What customers of an official account say and do, taken in: once, in words that people can read, and never lost."""

from datetime import UTC, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from actions.conversations import await_answer, lock_conversation, say
from actions.due import NotNow
from actions.firm import Firm
from actions.staff.talking import give_back
from actions.turns import StaleTurn, TurnKey, take_turn
from actions.understanding import Understanding
from desk.channels.incoming import Incoming, Kind, Media
from desk.channels.intake import Taken, take_in
from recovery.control import Control
from store.database import Database
from store.tables import (
    Customer,
    HandOver,
    Identity,
    IncomingMedia,
    Message,
    OutboxRow,
    ReceivedDeed,
    ReplyWindow,
    Staff,
)
from tests.actions.dialogue import Shop
from tests.conftest import Clock
from tests.desk.channels.following import Follower


@pytest.fixture
def alice(database: Database, firm: Firm) -> Follower:
    return Follower(database, firm)


@pytest.fixture
def shop(database: Database, firm: Firm, clock: Clock) -> Shop:
    return Shop(database, firm, clock)


def reason_of(database: Database) -> list[str]:
    with database.reading() as work:
        return list(work.session.scalars(select(HandOver.reason)))


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


# --- pictures and the like -------------------------------------------------------------------------------------------


def test_a_picture_is_shown_at_once_asked_about_once_and_fetched_later(database: Database, alice: Follower) -> None:
    alice.sends_picture("M1")
    alice.sends_picture("M2")
    assert alice.said("in") == ["〔图片〕", "〔图片〕"]
    [asked] = alice.said("out")
    assert asked.startswith(alice.words("attachment.ask_words"))
    assert {row.disposition for row in alice.inbox} == {"file"}
    with database.reading() as work:
        rows = work.session.scalars(select(IncomingMedia).order_by(IncomingMedia.message_id)).all()
    assert [(row.media_id, row.kind, row.channel, row.account) for row in rows] == [
        ("M1", "image", "wechat", "main"),
        ("M2", "image", "wechat", "main"),
    ]


def test_a_picture_without_words_reaches_a_person_after_ten_minutes(
    database: Database, alice: Follower, shop: Shop
) -> None:
    alice.sends_picture()
    shop.waits(minutes=9)
    assert alice.conversation.control == Control.BOT
    shop.waits(minutes=1)
    assert alice.conversation.control == Control.QUEUED
    assert reason_of(database) == ["unreadable"]
    assert alice.said("out")[-1].startswith(alice.words("received.image"))


def test_words_after_a_picture_leave_it_with_the_bot(alice: Follower, shop: Shop) -> None:
    alice.sends_picture()
    shop.waits(minutes=3)
    alice.sends(words="屏幕碎了")
    answers(alice)
    shop.waits(minutes=10)
    assert alice.conversation.control == Control.BOT


def test_a_picture_that_a_person_has_seen_calls_nobody_once_it_is_the_bots_again(
    database: Database, firm: Firm, alice: Follower, shop: Shop
) -> None:
    alice.sends_picture()
    shop.waits(minutes=3)
    alice.is_taken_by("bob")
    with database.begin() as work:
        give_back(work, firm, work.session.scalars(select(Staff)).one(), alice.conversation.id)
        work.commit()
    shop.waits(minutes=8)
    assert alice.conversation.control == Control.BOT


def test_words_in_the_same_breath_before_a_picture_explain_it(alice: Follower, shop: Shop) -> None:
    alice.sends(words="屏幕碎了")
    answers(alice)
    shop.waits(seconds=20)
    alice.sends_picture()
    shop.waits(minutes=11)
    assert alice.conversation.control == Control.BOT


def test_the_timer_of_a_picture_waits_until_words_are_answered(alice: Follower, shop: Shop) -> None:
    alice.sends_picture()
    shop.waits(minutes=5)
    alice.sends(words="屏幕碎了")
    shop.clock.advance(minutes=6)
    with pytest.raises(NotNow):
        shop.fires_due()
    assert alice.conversation.control == Control.BOT


def answers(follower: Follower) -> None:
    """The bot has answered all that was open."""
    with follower.database.begin() as work:
        for row in follower.inbox:
            if row.state == "open":
                kept = work.session.get_one(type(row), row.id)
                kept.state, kept.disposition, kept.done_at = "done", "bot", work.now
        work.commit()


@pytest.mark.parametrize(
    ("kind", "shown", "line"),
    [
        (
            Kind.LOCATION,
            {"address": "北京路1号", "latitude": "23.1", "longitude": "113.3"},
            "〔位置〕北京路1号 · 23.1 · 113.3",
        ),
        (
            Kind.LINK,
            {"title": "评测", "description": "评测", "url": "https://a.example"},
            "〔链接〕评测 · https://a.example",
        ),
        (Kind.CARD, {"title": "小程序\n一"}, "〔名片或小程序〕小程序 一"),
        (Kind.VOICE, {}, "〔语音〕"),
    ],
)
def test_what_words_would_not_explain_gets_a_kind_answer_and_a_person(
    database: Database, alice: Follower, shop: Shop, kind: Kind, shown: dict[str, str], line: str
) -> None:
    # Of a voice message, blanks are what was made of a noise.
    alice.sends(kind, words="  ", shown=shown)
    assert alice.said("in") == [line]
    shop.fires_due()
    assert alice.conversation.control == Control.QUEUED
    [answer] = alice.said("out")
    assert answer.startswith(alice.words(f"received.{kind}"))
    assert alice.words("hand_over.unreadable") in answer
    assert reason_of(database) == ["unreadable"]


def test_what_was_said_before_is_answered_before_a_place_is_handed_over(alice: Follower, shop: Shop) -> None:
    alice.sends(words="快递没到")
    alice.sends(Kind.LOCATION, shown={"address": "北京路1号"})
    with pytest.raises(NotNow):
        shop.fires_due()
    assert alice.conversation.control == Control.BOT
    answers(alice)
    shop.fires_due()
    assert alice.conversation.control == Control.QUEUED


def test_spoken_words_go_to_the_bot_and_the_recording_is_kept(database: Database, alice: Follower) -> None:
    alice.sends(Kind.VOICE, words="包裹没到", media=Media("V1"))
    [row] = alice.inbox
    assert (row.state, row.text, row.caller_metadata["kind"]) == ("open", "包裹没到", "voice")
    with database.reading() as work:
        assert work.session.scalars(select(IncomingMedia.media_id)).all() == ["V1"]


def test_who_has_the_conversation_sees_a_picture_and_the_bot_says_nothing(alice: Follower, shop: Shop) -> None:
    alice.sends(words="转人工")
    alice.is_taken_by("bob")
    before = alice.said("out")
    alice.sends_picture()
    shop.waits(minutes=11)
    assert alice.said("in")[-1] == "〔图片〕"
    assert alice.said("out") == before
    assert alice.inbox[-1].disposition == "console"


# --- deeds -----------------------------------------------------------------------------------------------------------


def test_who_follows_is_greeted_once_and_told_that_a_machine_answers(alice: Follower) -> None:
    for _ in range(3):
        alice.sends(Kind.FOLLOWED, key="event:1")
    [greeting] = alice.said("out")
    assert alice.words("greeting.followed") in greeting
    assert alice.words("machine.introduction") in greeting
    alice.sends(Kind.UNFOLLOWED)
    alice.sends(Kind.FOLLOWED, key="event:2")
    assert alice.said("out")[1:] == [alice.words("greeting.back")]


def test_an_account_that_does_not_greet_says_nothing(alice: Follower) -> None:
    alice.sends(Kind.FOLLOWED, greets=False)
    assert alice.said("out") == []


def test_a_deed_told_again_opens_no_new_minute(database: Database, alice: Follower, clock: Clock) -> None:
    alice.sends(Kind.TAPPED, key="event:1", details={"menu_key": "NEWS"})
    with database.reading() as work:
        ends = work.session.scalars(select(ReplyWindow.brief_ends_at)).one()
    clock.advance(seconds=5)
    assert alice.sends(Kind.TAPPED, key="event:1", details={"menu_key": "NEWS"}).repeated
    with database.reading() as work:
        assert work.session.scalars(select(ReplyWindow.brief_ends_at)).one() == ends
        assert len(work.session.scalars(select(ReceivedDeed)).all()) == 1


def test_an_entry_of_the_menu_speaks_for_whoever_taps_it(alice: Follower) -> None:
    alice.sends(Kind.TAPPED, details={"menu_key": "PERSON"})
    [row] = alice.inbox
    assert (row.text, row.state) == ("转人工", "open")


def test_an_entry_without_words_says_nothing(alice: Follower) -> None:
    alice.sends(Kind.TAPPED, details={"menu_key": "NEWS"})
    assert alice.inbox == []


def test_a_time_in_the_future_opens_the_window_no_longer_than_from_now(
    database: Database, alice: Follower, clock: Clock
) -> None:
    alice.sends(words="您好", at=clock.now + timedelta(days=30))
    with database.reading() as work:
        assert work.session.scalars(select(ReplyWindow.ends_at)).one() == clock.now + timedelta(hours=48)


def test_of_somebody_who_never_wrote_there_is_nothing_to_note(database: Database, alice: Follower) -> None:
    for kind in (Kind.UNFOLLOWED, Kind.SENT_OR_NOT, Kind.RECALLED, Kind.OTHER):
        assert alice.sends(kind).conversation_id is None
    with database.reading() as work:
        assert work.session.scalars(select(Identity)).all() == []


def test_agreed_messages_are_counted_and_taken_back(database: Database, alice: Follower) -> None:
    for _ in range(2):
        alice.sends(Kind.SUBSCRIBED, details={"T1": "accept", "T2": "reject"})
    alice.sends(Kind.SUBSCRIBED, key="again", details={"T3": "accept"})
    alice.sends(Kind.SUBSCRIBED, key="again", details={"T3": "accept"})
    with database.reading() as work:
        assert work.session.scalars(select(ReplyWindow.subscriptions)).one() == {"T1": 2, "T3": 1}
    alice.sends(Kind.SUBSCRIBED, details={"T1": "reject"})
    with database.reading() as work:
        assert work.session.scalars(select(ReplyWindow.subscriptions)).one() == {"T3": 1}


def test_what_became_of_a_notice_is_noted(database: Database, alice: Follower) -> None:
    alice.sends(words="您好")
    with database.begin() as work:
        work.session.scalars(select(ReplyWindow)).one().notice_receipt = "200163836"
        work.commit()
    alice.sends(Kind.SENT_OR_NOT, details={"200163836": "failed:user block"})
    with database.reading() as work:
        assert work.session.scalars(select(ReplyWindow.told_outside)).one() == "refused"


def test_who_takes_words_back_is_not_answered(alice: Follower) -> None:
    alice.sends(words="说错了", key="m1")
    alice.sends(Kind.RECALLED, details={"recalled": "m1"})
    assert [(row.state, row.disposition) for row in alice.inbox] == [("done", "taken_back")]


def test_a_picture_that_was_taken_back_is_not_fetched_and_calls_nobody(
    database: Database, alice: Follower, shop: Shop
) -> None:
    alice.sends_picture(key="m1")
    alice.sends(Kind.RECALLED, details={"recalled": "m1"})
    with database.reading() as work:
        [row] = work.session.scalars(select(IncomingMedia))
    assert (row.state, row.error) == ("failed", "taken_back")
    shop.waits(minutes=11)
    assert alice.conversation.control == Control.BOT


def test_a_picture_taken_back_is_no_words_for_another(alice: Follower, shop: Shop) -> None:
    alice.sends_picture(key="m1")
    alice.sends_picture(key="m2")
    alice.sends(Kind.RECALLED, details={"recalled": "m1"})
    shop.waits(minutes=11)
    assert alice.conversation.control == Control.QUEUED


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
