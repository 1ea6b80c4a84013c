"""Pictures, recordings and places that customers send: shown, asked about, explained, or brought to a person."""

import pytest
from sqlalchemy import select

from actions.due import NotNow
from actions.firm import Firm
from actions.staff.talking import give_back
from desk.channels.incoming import Kind, Media
from recovery.control import Control
from store.database import Database
from store.tables import HandOver, IncomingMedia, Staff
from tests.actions.dialogue import Shop
from tests.desk.channels.following import Follower


def reason_of(database: Database) -> list[str]:
    with database.reading() as work:
        return list(work.session.scalars(select(HandOver.reason)))


def answers(follower: Follower) -> None:
    """The bot has answered all that was open."""
    with follower.database.begin() as work:
        for row in follower.inbox:
            if row.state == "open":
                kept = work.session.get_one(type(row), row.id)
                kept.state, kept.disposition, kept.done_at = "done", "bot", work.now
        work.commit()


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
