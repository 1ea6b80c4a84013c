"""The turn protocol of design.md section 2, lines 1 to 4; on both databases where the database matters."""

from dataclasses import replace
from datetime import datetime, timedelta, tzinfo

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from actions.conversations import Address, MessageConflict, lock_conversation
from actions.firm import Firm
from actions.turns import StaleTurn
from desk.workers.leases import claim, renew, void_all
from recovery.control import Control
from store.database import Database
from store.tables import (
    Case,
    Conversation,
    InboxRow,
    Message,
    Turn,
)
from tests.conftest import Clock
from tests.desk.turning import (
    acts,
    at_once,
    count,
    hears,
    leases,
    said_to,
    settles,
)

# --- 1. Duplicates ---------------------------------------------------------------------------------------------------


def test_line_01_a_repeated_message_is_one_row(database: Database) -> None:
    first = hears(database, "还没到", key="m1")
    again = hears(database, "还没到", key="m1")
    assert (again.inbox_id, again.repeated) == (first.inbox_id, True)
    assert (count(database, InboxRow), count(database, Message)) == (1, 1)


def test_line_01_the_same_id_with_another_text_is_refused(database: Database) -> None:
    hears(database, "还没到", key="m1")
    with pytest.raises(MessageConflict):
        hears(database, "到了", key="m1")
    assert count(database, InboxRow) == 1


def test_line_01_a_message_sent_three_times_at_once_is_one_row(database: Database) -> None:
    at_once(3, lambda _: hears(database, "还没到", key="m1"))
    assert (count(database, InboxRow), count(database, Conversation)) == (1, 1)


def test_line_01_a_known_customers_message_sent_three_times_at_once_is_one_row(database: Database) -> None:
    hears(database, "在吗", key="m0")
    at_once(3, lambda _: hears(database, "还没到", key="m1"))
    assert (count(database, InboxRow), count(database, Message)) == (2, 2)


def test_line_01_the_store_itself_refuses_a_second_row_of_one_message(database: Database) -> None:
    hears(database, "还没到", key="m1")
    with database.begin() as work:
        row = work.session.scalars(select(InboxRow)).one()
        values = {column.key: getattr(row, column.key) for column in InboxRow.__table__.columns}
        work.session.add(InboxRow(**{**values, "id": "another", "number": 2}))
        with pytest.raises(IntegrityError):
            work.session.flush()


# --- 2. Lease --------------------------------------------------------------------------------------------------------


def test_line_02_one_conversation_is_served_by_one_worker_at_a_time(database: Database) -> None:
    hears(database, "还没到")
    hears(database, "太慢了")
    leases(database)
    with database.begin() as work:
        assert claim(work, "worker two") is None


def test_line_02_many_workers_never_take_the_same_conversation(database: Database) -> None:
    for n in range(12):
        hears(database, "还没到", who=Address("rest", f"customer {n}"))
    taken: list[int] = []

    def work_through(n: int) -> None:
        while True:
            with database.begin() as work:
                lease = claim(work, f"worker {n}")
                work.commit()
            if lease is None:
                return
            taken.append(lease.conversation_id)

    at_once(4, work_through)
    assert sorted(taken) == sorted(set(taken)) and len(taken) == 12


def test_line_02_renewing_keeps_the_fence_and_a_run_out_lease_passes_on(database: Database, clock: Clock) -> None:
    hears(database, "还没到")
    lease = leases(database)
    clock.advance(seconds=25)
    with database.begin() as work:
        assert renew(work, lease)
        work.commit()
    clock.advance(seconds=25)
    with database.begin() as work:
        assert claim(work, "worker two") is None
    clock.advance(seconds=6)
    later = leases(database, "worker two")
    assert later.fence > lease.fence
    with database.begin() as work:
        assert not renew(work, lease)


def test_line_02_a_run_out_lease_that_nobody_took_over_may_still_commit(
    database: Database, firm: Firm, clock: Clock
) -> None:
    hears(database, "还没到")
    lease = leases(database)
    clock.advance(minutes=1)
    assert acts(database, firm, lease)
    assert settles(database, lease) == "done"


def test_line_02_messages_of_one_customer_are_taken_in_their_order(
    database: Database, firm: Firm, clock: Clock
) -> None:
    for text in ("还没到", "太慢了", "人呢"):
        hears(database, text)
        clock.advance(seconds=1)
    taken = []
    for _ in range(3):
        lease = leases(database)
        taken.append(lease.text)
        acts(database, firm, lease)
        settles(database, lease)
    assert taken == ["还没到", "太慢了", "人呢"]


def test_line_02_what_another_worker_tried_meanwhile_is_not_tried_again_at_once(
    postgresql_database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between reading and locking, another worker may have had its turn and put the message off."""
    received = hears(postgresql_database, "还没到")
    refresh = Session.refresh

    def put_off_first(session: Session, row: object, *arguments: object) -> None:
        with postgresql_database.begin() as work:
            work.session.get_one(InboxRow, received.inbox_id).next_attempt_at = clock.now + timedelta(seconds=4)
            work.commit()
        refresh(session, row, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Session, "refresh", put_off_first)
    with postgresql_database.begin() as work:
        assert claim(work, "worker two") is None


def test_line_02_a_desk_whose_clock_is_ahead_takes_no_lease_that_holds(
    migrated_postgresql_url: str, postgresql_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Leases are compared between machines: on PostgreSQL they go by the server's clock."""
    with Database(migrated_postgresql_url) as first, Database(migrated_postgresql_url) as second:
        hears(first, "还没到")
        lease = leases(first)

        class Ahead(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
                return datetime.now(tz) + timedelta(minutes=1)

        monkeypatch.setattr("store.database.datetime", Ahead)
        with second.begin() as work:
            assert claim(work, "worker two") is None
        with first.begin() as work:
            assert renew(work, lease)


def test_line_02_at_the_start_of_the_only_process_old_leases_are_void(sqlite_database: Database, firm: Firm) -> None:
    hears(sqlite_database, "还没到")
    lease = leases(sqlite_database)
    with sqlite_database.begin() as work:
        void_all(work)
        work.commit()
    with pytest.raises(StaleTurn):
        acts(sqlite_database, firm, lease)
    assert leases(sqlite_database).attempt == 2


# --- 3. One turn, one key --------------------------------------------------------------------------------------------


def test_line_03_a_replayed_turn_does_nothing_again(database: Database, firm: Firm) -> None:
    hears(database, "还没到")
    lease = leases(database)
    assert acts(database, firm, lease)
    before = said_to(database)
    assert not acts(database, firm, lease)
    assert said_to(database) == before
    assert (count(database, Turn), count(database, Case)) == (1, 1)


# --- 4. Lock, fence, control -----------------------------------------------------------------------------------------


def test_line_04_a_late_action_finds_the_fence_moved_and_leaves_nothing(
    database: Database, firm: Firm, clock: Clock
) -> None:
    hears(database, "还没到")
    late = leases(database, "worker one")
    clock.advance(seconds=31)
    current = leases(database, "worker two")
    with pytest.raises(StaleTurn):
        acts(database, firm, late)
    assert (count(database, Turn), count(database, Case), said_to(database)) == (0, 0, [])
    assert acts(database, firm, current)
    assert count(database, Case) == 1


def test_line_04_two_attempts_at_once_make_one_case(database: Database, firm: Firm) -> None:
    hears(database, "还没到")
    lease = leases(database)
    at_once(4, lambda _: acts(database, firm, lease))
    assert (count(database, Turn), count(database, Case), len(said_to(database))) == (1, 1, 1)


def test_line_04_an_action_whose_conversation_a_person_has_leaves_nothing(database: Database, firm: Firm) -> None:
    """Control is looked at for itself: whoever changes it without the fence stops the bot all the same."""
    hears(database, "还没到")
    lease = leases(database)
    with database.begin() as work:
        work.session.scalars(select(Conversation)).one().control = Control.QUEUED
        work.commit()
    with pytest.raises(StaleTurn):
        acts(database, firm, lease)
    assert (count(database, Turn), count(database, Case), said_to(database)) == (0, 0, [])


def test_line_04_a_fence_of_the_future_is_no_right_either(database: Database, firm: Firm) -> None:
    hears(database, "还没到")
    lease = leases(database)
    with pytest.raises(StaleTurn):
        acts(database, firm, replace(lease, fence=lease.fence + 1))


def test_line_04_what_was_read_before_the_lock_is_read_again_behind_it(database: Database, firm: Firm) -> None:
    hears(database, "还没到")
    with database.begin() as early:
        seen = early.session.scalars(select(Conversation)).one()
        if not database.is_sqlite:  # there nobody writes while somebody else does
            hears(database, "太慢了")
        locked = lock_conversation(early, seen.id)
        assert locked.last_number == count(database, Message)
