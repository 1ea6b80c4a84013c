"""What was kept long enough goes by itself, a piece at a time; what the law wants stays."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from actions.conversations import say
from desk.workers.letting_go import LettingGoWorker
from recovery.case_states import UNSETTLED
from store.attached_files import AttachedFiles
from store.audit import append, verify
from store.letting_go import count_due, let_go
from store.retention import CalendarSpan, Retention, read_retention
from store.tables import (
    AuditEntry,
    BindingLink,
    Conversation,
    ErasureRequest,
    HeardCallback,
    IncomingMedia,
    Message,
    ReceivedDeed,
)
from tests.actions.dialogue import Customer as Writer
from tests.actions.dialogue import Shop
from tests.conftest import ROOT, Clock
from tests.store.one_person import IDENTITY, NAME, PHONE, SECRET, erases, places_of


def test_what_was_kept_long_enough_goes_in_the_daily_run_and_not_a_day_before(
    shop: Shop, ouyang: Writer, retention: Retention, files: AttachedFiles, clock: Clock
) -> None:
    shop.does(append, "alice", "log_in", "alice")
    shop.waits(days=10)
    assert sum(let_go(shop.database, retention, files).values()) == 0
    clock.advance(days=100)
    assert count_due(shop.database, retention)["web_sessions"] == 1
    assert let_go(shop.database, retention, files)["web_sessions"] == 1
    assert places_of(shop, SECRET)
    clock.advance(days=5 * 366)
    due = count_due(shop.database, retention)
    assert due["messages"] == 2 and due["attachments"] == 1
    let_go(shop.database, retention, files)
    assert places_of(shop, NAME, SECRET, PHONE, IDENTITY) == []
    assert set(count_due(shop.database, retention).values()) == {0}
    clock.advance(days=400)
    assert let_go(shop.database, retention, files)["audit"] > 0
    assert {entry.subject for entry in shop.all(AuditEntry)} == {"erased"}
    with shop.database.reading() as work:
        assert list(verify(work)) == []


def test_an_old_conversation_with_an_open_case_stays(
    shop: Shop, retention: Retention, files: AttachedFiles, clock: Clock
) -> None:
    person = Writer(shop, IDENTITY)
    person.complains("delivery", text=SECRET)
    clock.advance(days=6 * 366)
    assert person.case.state in UNSETTLED
    let_go(shop.database, retention, files)
    assert places_of(shop, SECRET)


def test_spans_follow_the_calendar(clock: Clock) -> None:
    leap = clock.now.replace(year=2024, month=2, day=29)
    assert CalendarSpan(months=12).after(leap).date().isoformat() == "2025-02-28"
    assert CalendarSpan(months=6).before(leap).date().isoformat() == "2023-08-29"
    assert CalendarSpan(days=90).after(leap).date().isoformat() == "2024-05-29"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("keep: 90 days", "keep: 90 weeks", "must be a span such as"),
        ("keep: 6 years", "keep: 5 months", "cannot be both"),
        ("as_of: 2026-11-01", "since: yesterday", "Extra inputs"),
        ("keep: 5 years", "keep: 35 months", "cannot be both"),
    ],
)
def test_a_mistake_in_the_rules_is_told_with_its_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    source = (ROOT / "data" / "firm" / "retention.yml").read_text(encoding="utf-8")
    (tmp_path / "retention.yml").write_text(source.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(Exception, match=rf"retention\.yml:\d+: .*{told}"):
        read_retention(tmp_path)


async def test_the_desk_does_it_daily_and_one_class_that_fails_stops_no_other(
    sqlite_database: Any,
    firm: Any,
    clock: Clock,
    retention: Retention,
    files: AttachedFiles,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*_: Any) -> int:
        raise OSError("no room")

    monkeypatch.setattr("store.letting_go._drop_sessions", fails)
    shop = Shop(sqlite_database, firm, clock)
    people = [Writer(shop, name) for name in ("xiao-yi", "xiao-er")]
    for person in people:
        person.writes("action_answer_question", SECRET)
        with sqlite_database.begin() as work:
            work.session.get_one(Conversation, person.conversation.id).control = "queued"
            work.commit()
        assert erases(shop, retention, files, f"rest:{person.address.external_id}") == "waiting"
    clock.advance(days=1)
    with sqlite_database.begin() as work:
        for conversation in work.session.scalars(select(Conversation)):
            conversation.control = "bot"
        work.commit()
    await LettingGoWorker(sqlite_database, retention, files).once()
    assert [row.state for row in shop.all(ErasureRequest)] == ["done", "done"]
    clock.advance(days=7 * 366)
    await LettingGoWorker(sqlite_database, retention, files).once()
    assert {entry.subject for entry in shop.all(AuditEntry)} == {"erased"}


def test_a_word_that_comes_at_the_last_moment_keeps_its_conversation(
    shop: Shop, retention: Retention, files: AttachedFiles, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = Writer(shop, IDENTITY)
    person.writes("action_answer_question", SECRET)
    clock.advance(days=6 * 366)

    def held(work: Any, found: Any) -> Any:
        # While we wait for the conversation, its customer writes.
        conversation = work.session.get_one(Conversation, person.conversation.id)
        say(work, conversation, "刚刚说的话")
        return found

    monkeypatch.setattr("store.letting_go.lock_person", held)
    assert let_go(shop.database, retention, files)["messages"] == 0
    assert places_of(shop, SECRET) and places_of(shop, "刚刚说的话")


def test_what_channels_told_goes_once_it_tells_nothing_apart_any_more(
    shop: Shop, retention: Retention, files: AttachedFiles, clock: Clock
) -> None:
    person = Writer(shop, IDENTITY)
    person.greets()
    with shop.database.begin() as work:
        conversation = work.session.scalars(select(Conversation)).one()
        said = work.session.scalars(select(Message).order_by(Message.id)).all()
        work.session.add_all(
            ReceivedDeed(identity_id=conversation.identity_id, deed_key=f"event:{number}", at=work.now)
            for number in range(3)
        )
        work.session.add_all(
            IncomingMedia(
                message_id=one.id,
                conversation_id=conversation.id,
                channel="wechat",
                account="main",
                media_id="M",
                kind="image",
                state=state,
                next_attempt_at=work.now,
            )
            for one, state in zip(said, ("fetched", "failed"), strict=False)
        )
        work.session.add(
            BindingLink(
                token_digest="b" * 64,
                customer_id=conversation.identity.customer_id,
                channel="wechat",
                account="main",
                made_by="alice",
                made_at=work.now,
                expires_at=work.now,
            )
        )
        work.session.add(
            HeardCallback(
                channel="wechat",
                account="main",
                external_id="oAlice",
                body={},
                received_at=work.now,
                next_attempt_at=work.now,
            )
        )
        work.commit()
    assert let_go(shop.database, retention, files)["channel_traces"] == 0
    clock.advance(days=31)
    assert count_due(shop.database, retention)["channel_traces"] == 6
    assert let_go(shop.database, retention, files)["channel_traces"] == 6
    # Why a file never came is shown as long as its message is.
    assert [row.state for row in shop.all(IncomingMedia)] == ["failed"]
