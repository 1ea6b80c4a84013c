"""What customers do beside writing: follow, tap the menu, agree to messages, take words back."""

from datetime import timedelta

from sqlalchemy import select

from desk.channels.incoming import Kind
from store.database import Database
from store.tables import Identity, ReceivedDeed, ReplyWindow
from tests.conftest import Clock
from tests.desk.channels.following import Follower


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
