"""Tells open pages that something changed; what changed they read anew.

One look at the store serves all pages of this process, however many are open. A look follows every commit of this
process at once, and comes by itself twice a second for those of others (desk.hub). It reads the conversations in which
something happened, and a few more in turn, for what nobody told of.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from desk.console.bell import Bell, read_bells
from desk.console.case_work_changes import case_work_changes
from desk.console.person import person_changes
from desk.console.queue_changes import read_queue_version
from desk.hub import Hub
from store.database import Database, UnitOfWork
from store.tables import (
    Assessment,
    Attachment,
    Case,
    CaseClock,
    Conversation,
    Fact,
    HandOver,
    Offer,
    OutboxRow,
    Promise,
    Rating,
    Remedy,
    ReplyWindow,
)

log = structlog.get_logger()

# Between two looks, so that a busy desk is looked at ten times a second and no more.
_PAUSE_SECONDS = 0.1
_AFTER_AN_ERROR_SECONDS = 2.0
# So many watched conversations are read at each look though nothing rang for them.
_IN_TURN = 3


class Watcher:
    """One open page."""

    def __init__(self, watch: "Watch", conversation_id: int | None, staff_id: int | None) -> None:
        self._watch = watch
        self.conversation_id = conversation_id
        self.staff_id = staff_id
        self.changed = asyncio.Event()

    def versions(self) -> dict[str, str]:
        """What is known now: ``queue``, ``conversation`` and ``bell`` where watched; empty before the first look."""
        return self._watch.versions(self.conversation_id, self.staff_id)

    async def wait(self, at_most: float) -> None:
        """Wait for a change, or until ``at_most`` seconds have passed."""
        with contextlib.suppress(TimeoutError):
            # Not `asyncio.wait_for`: Python 3.11's loses a cancellation that comes at the same moment.
            async with asyncio.timeout(at_most):
                await self.changed.wait()
        self.changed.clear()


class Watch:
    """Looks at the store for as long as somebody has a page open."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._watchers: set[Watcher] = set()
        self._queue = ""
        self._conversations: dict[int, str] = {}
        self._bells: dict[int, Bell] = {}
        self._turn = 0
        self._task: asyncio.Task[None] | None = None
        self.ended = False

    @contextmanager
    def watching(self, hub: Hub, conversation_id: int | None, staff_id: int | None = None) -> Iterator[Watcher]:
        """A watcher of the queue, of one conversation and of one person's bell where ids are given."""
        watcher = Watcher(self, conversation_id, staff_id)
        self._watchers.add(watcher)
        if conversation_id is not None:
            hub.wake(conversation_id)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look(hub), name="console-watch")
        try:
            yield watcher
        finally:
            self._watchers.discard(watcher)

    def versions(self, conversation_id: int | None, staff_id: int | None = None) -> dict[str, str]:
        found = {"queue": self._queue} if self._queue else {}
        if staff_id in self._bells:
            found["bell"] = self._bells[staff_id].version
        if conversation_id in self._conversations:
            found["conversation"] = self._conversations[conversation_id]
        return found

    async def end(self) -> None:
        """Let all open streams end."""
        self.ended = True
        for watcher in self._watchers:
            watcher.changed.set()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _look(self, hub: Hub) -> None:
        with hub.listening(None) as bell:
            while self._watchers:
                watched = {watcher.conversation_id for watcher in self._watchers if watcher.conversation_id is not None}
                ids = self._to_read(watched, bell.rung_for())
                people = {watcher.staff_id for watcher in self._watchers if watcher.staff_id is not None}
                try:
                    queue, read, bells = await self._database.read(_versions, ids, people)
                except Exception:
                    log.exception("the desk could not look at the store")
                    self._conversations.clear()
                    await asyncio.sleep(_AFTER_AN_ERROR_SECONDS)
                    continue
                queue_changed, self._queue = queue != self._queue, queue
                changed = {each for each, version in read.items() if self._conversations.get(each) != version}
                self._conversations = {each: at for each, at in self._conversations.items() if each in watched} | read
                rung = {person for person, bell_now in bells.items() if self._bells.get(person) != bell_now}
                self._bells = bells
                for watcher in self._watchers:
                    if queue_changed or watcher.conversation_id in changed or watcher.staff_id in rung:
                        watcher.changed.set()
                await asyncio.sleep(_PAUSE_SECONDS)
                await bell.wait()

    def _to_read(self, watched: set[int], rung_for: set[int]) -> set[int]:
        """The watched conversations that are new or rang, and the next few in turn."""
        later = sorted(each for each in watched if each > self._turn)
        in_turn = (later or sorted(watched))[:_IN_TURN]
        self._turn = in_turn[-1] if in_turn else 0
        return (watched - self._conversations.keys()) | (watched & rung_for) | set(in_turn)


def _versions(work: UnitOfWork, ids: set[int], people: set[int]) -> tuple[str, dict[int, str], dict[int, Bell]]:
    return queue_version(work), conversation_versions(work, ids), read_bells(work, people)


def queue_version(work: UnitOfWork) -> str:
    """A digest that changes whenever the lists of the queue page do."""
    return read_queue_version(work)


def conversation_versions(work: UnitOfWork, ids: set[int]) -> dict[int, str]:
    """Digests that change whenever the pages of these conversations do."""
    return {conversation_id: _conversation_version(work, conversation_id) for conversation_id in sorted(ids)}


def _conversation_version(work: UnitOfWork, conversation_id: int) -> str:
    of_it = Case.conversation_id == conversation_id
    return _digest(
        work.session,
        select(
            Conversation.last_number, Conversation.control, Conversation.taken_by_id, Conversation.focus_case_id
        ).where(Conversation.id == conversation_id),
        select(Conversation.department, Conversation.assigned_to_id).where(Conversation.id == conversation_id),
        select(OutboxRow.id, OutboxRow.state).where(
            OutboxRow.conversation_id == conversation_id, OutboxRow.state != "sent"
        ),
        select(
            ReplyWindow.ends_at,
            ReplyWindow.brief_ends_at,
            ReplyWindow.spent,
            ReplyWindow.shut_at,
            ReplyWindow.unreachable,
            ReplyWindow.told_outside,
            ReplyWindow.service_state,
        ).where(ReplyWindow.conversation_id == conversation_id),
        select(Case.id, Case.state, Case.severity, Case.owner_id, Case.wished_remedy, Case.order_proved).where(of_it),
        select(func.max(Assessment.id)).join(Case, Case.id == Assessment.case_id).where(of_it),
        select(func.max(Fact.at), func.count()).join(Case, Case.id == Fact.case_id).where(of_it),
        select(Offer.id, Offer.state).join(Case, Case.id == Offer.case_id).where(of_it),
        select(Remedy.id, Remedy.state).join(Case, Case.id == Remedy.case_id).where(of_it),
        select(Rating.id, Rating.score, Rating.outcome, Rating.procedure, Rating.interaction)
        .join(Case, Case.id == Rating.case_id)
        .where(of_it),
        select(Promise.id, Promise.state).where(Promise.conversation_id == conversation_id),
        select(CaseClock.id, CaseClock.state, CaseClock.due_at, CaseClock.missed_at)
        .join(Case, Case.id == CaseClock.case_id)
        .where(of_it)
        .order_by(CaseClock.id),
        select(Attachment.id, Attachment.deleted_at).where(Attachment.conversation_id == conversation_id),
        select(HandOver.id, HandOver.taken_by_id, HandOver.ended_at).where(HandOver.conversation_id == conversation_id),
        *case_work_changes(conversation_id),
        *person_changes(conversation_id),
    )


def _digest(session: Session, *statements: Select[*tuple[Any, ...]]) -> str:
    digest = hashlib.sha256()
    for statement in statements:
        for row in session.execute(statement):
            digest.update(repr(tuple(row)).encode())
        digest.update(b";")
    return digest.hexdigest()[:16]
