"""The daily work of letting go: what has been kept long enough goes, and waiting erasures are done on their day.

Each step takes a few rows in a unit of work of its own, so that nobody waits for it; a stop in the middle loses
nothing, since the next run finds what is left.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, exists, func, inspect, or_, select, tuple_, update

from recovery.case_states import UNSETTLED
from store.attached_files import AttachedFiles
from store.audit import ERASED
from store.customer_rights import erase, hindrances, lock_person, person_of, serve_request
from store.database import Database, UnitOfWork
from store.erasing import blank_cases, blank_conversations, remove_after_commit
from store.retention import Retention
from store.tables import (
    Attachment,
    AuditEntry,
    BindingLink,
    Case,
    Conversation,
    ErasureRequest,
    HeardCallback,
    Identity,
    InboxRow,
    IncomingMedia,
    Message,
    Notification,
    NotificationDelivery,
    NotificationEvent,
    ReceivedDeed,
    WebSession,
)
from store.tables.base import Base

CHUNK = 200
# Longer than any channel keeps what it may tell once more.
_TOLD_AGAIN_WITHIN = timedelta(days=7)
# Conversations are looked through so many at a time, and emptied one by one: each may have thousands of messages.
_LOOKED_AT = 500
_PLAIN = {"synchronize_session": False}


@dataclass(frozen=True, slots=True)
class Step:
    """A class, how much of it is due, and how to let a piece of that go.

    Attributes:
        let_go: does one piece; gives how much went, which may be nothing, and None once all was looked at.
    """

    name: str
    due: Callable[[UnitOfWork], int]
    let_go: Callable[[UnitOfWork], int | None]


def steps(retention: Retention, now: datetime, files: AttachedFiles | None) -> list[Step]:
    """What one run does, in its order. Pieces know how far the run has come: a new run takes new steps."""
    classes = retention.retention
    sessions = classes.web_sessions.keep.before(now)
    # A channel may tell the last three days again.
    traces = min(sessions, now - _TOLD_AGAIN_WITHIN)
    told = classes.notifications.keep.before(now)
    deeds = classes.audit.keep.before(now)
    words = classes.messages.keep.before(now)
    photos = classes.attachments.keep.before(now)
    return [
        Step("erasures", lambda work: _count(work, ErasureRequest, _waiting(work.now)), _serving(retention, files)),
        Step(
            "messages",
            lambda work: _count(work, Conversation, _silent_since(words)),
            _emptying(words, retention, files),
        ),
        Step(
            "attachments",
            lambda work: _count(work, Attachment, _old_file(photos)),
            lambda work: _drop_files(work, photos, files),
        ),
        Step(
            "web_sessions",
            lambda work: _count(work, WebSession, WebSession.expires_at < sessions),
            lambda work: _drop_sessions(work, sessions),
        ),
        # As short-lived as sessions: they tell repetitions apart, and bind whoever opens them in time.
        Step(
            "channel_traces",
            lambda work: sum(_count(work, table, where) for table, where in _old_traces(traces)),
            lambda work: _drop_traces(work, traces),
        ),
        Step(
            "notifications",
            lambda work: _count(work, NotificationEvent, NotificationEvent.at < told),
            lambda work: _drop_notifications(work, told),
        ),
        Step("audit", lambda work: _count(work, AuditEntry, _old_deed(deeds)), lambda work: _blur(work, deeds)),
    ]


def count_due(database: Database, retention: Retention) -> dict[str, int]:
    """What a run would let go now, by class; nothing is changed."""
    with database.reading() as work:
        return {step.name: step.due(work) for step in steps(retention, work.now, None)}


def let_go(database: Database, retention: Retention, files: AttachedFiles | None) -> dict[str, int]:
    """Let go of all that is due, a piece at a time; how much went, by class."""
    gone: dict[str, int] = {}
    for step in steps(retention, database.clock(), files):
        gone[step.name] = 0
        count: int | None = 0
        while count is not None:
            with database.begin() as work:
                count = step.let_go(work)
                work.commit()
            gone[step.name] += count or 0
    return gone


def _count(work: UnitOfWork, table: type, where: ColumnElement[bool]) -> int:
    return work.session.scalar(select(func.count()).select_from(table).where(where)) or 0


def _waiting(now: datetime) -> ColumnElement[bool]:
    return (ErasureRequest.state == "waiting") & or_(
        ErasureRequest.not_before.is_(None), ErasureRequest.not_before <= now
    )


def _serving(retention: Retention, files: AttachedFiles | None) -> Callable[[UnitOfWork], int | None]:
    """Look at every waiting request once; each is a piece, so that no more than one person is held at a time."""
    last = 0

    def serve(work: UnitOfWork) -> int | None:
        nonlocal last
        due = select(ErasureRequest.id).where(_waiting(work.now), ErasureRequest.id > last)
        request_id = work.session.scalars(due.order_by(ErasureRequest.id).limit(1)).first()
        if request_id is None:
            return None
        last = request_id
        return int(serve_request(work, request_id, retention, files))

    return serve


def _silent_since(moment: datetime) -> ColumnElement[bool]:
    """Conversations with words left in which nothing happened since: no message, no case open or settled later."""
    spoken = Message.conversation_id == Conversation.id
    settled = func.coalesce(Case.closed_at, Case.resolved_at, Case.opened_at)
    live = Case.conversation_id == Conversation.id
    return (
        exists().where(spoken, Message.text != "")
        & ~exists().where(spoken, Message.at >= moment)
        & ~exists().where(live, Case.merged_into_id.is_(None), or_(Case.state.in_(UNSETTLED), settled >= moment))
        & ~exists().where(InboxRow.conversation_id == Conversation.id, InboxRow.state == "open")
    )


def _emptying(
    moment: datetime, retention: Retention, files: AttachedFiles | None
) -> Callable[[UnitOfWork], int | None]:
    """Look through all conversations, so many at a time, and empty the silent ones."""
    last = 0

    def empty(work: UnitOfWork) -> int | None:
        nonlocal last
        if last >= (work.session.scalar(select(func.max(Conversation.id))) or 0):
            return None
        found = (
            select(Conversation.id, Identity.customer_id)
            .join(Identity, Identity.id == Conversation.identity_id)
            .where(Conversation.id > last, Conversation.id <= last + _LOOKED_AT, _silent_since(moment))
        )
        row = work.session.execute(found.order_by(Conversation.id).limit(1)).first()
        last = row[0] if row else last + _LOOKED_AT
        return _empty(work, row[0], row[1], moment, retention, files) if row else 0

    return empty


def _empty(
    work: UnitOfWork,
    conversation_id: int,
    customer_id: int,
    moment: datetime,
    retention: Retention,
    files: AttachedFiles | None,
) -> int:
    """Empty a silent conversation; a person of whom nothing else is left is erased altogether."""
    person = lock_person(work, person_of(work, {customer_id}))
    still = select(Conversation.id).where(Conversation.id == conversation_id, _silent_since(moment))
    if work.session.scalars(still).first() is None:
        # A word came in before all was held.
        return 0
    others = select(func.count(Conversation.id)).where(
        Conversation.id.in_(person.conversations),
        exists().where(Message.conversation_id == Conversation.id, Message.at >= moment),
    )
    if not work.session.scalar(others) and not hindrances(work, person, retention):
        erase(work, person, files)
        return len(person.conversations)
    cases = work.session.scalars(select(Case.id).where(Case.conversation_id == conversation_id)).all()
    removed = blank_conversations(work, [conversation_id])
    blank_cases(work, cases)
    remove_after_commit(work, files, removed)
    return 1


def _old_file(moment: datetime) -> ColumnElement[bool]:
    settled = func.coalesce(Case.closed_at, Case.resolved_at, Case.opened_at)
    live = exists().where(
        Case.conversation_id == Attachment.conversation_id, or_(Case.state.in_(UNSETTLED), settled >= moment)
    )
    return Attachment.deleted_at.is_(None) & (Attachment.at < moment) & ~live


def _drop_files(work: UnitOfWork, moment: datetime, files: AttachedFiles | None) -> int | None:
    rows = work.session.scalars(select(Attachment).where(_old_file(moment)).limit(CHUNK)).all()
    for row in rows:
        row.deleted_at, row.name, row.digest = work.now, "", ""
    remove_after_commit(work, files, [row.public_id for row in rows])
    return len(rows) or None


def _drop_sessions(work: UnitOfWork, moment: datetime) -> int | None:
    ended = select(WebSession.token_digest).where(WebSession.expires_at < moment).limit(CHUNK)
    digests = work.session.scalars(ended).all()
    work.session.execute(delete(WebSession).where(WebSession.token_digest.in_(digests)), execution_options=_PLAIN)
    return len(digests) or None


def _old_traces(moment: datetime) -> list[tuple[type[Base], ColumnElement[bool]]]:
    """Deeds told by channels, links that bind nobody any more, what nobody would take in, and where files lay that were
    fetched long ago."""
    fetched = (IncomingMedia.state == "fetched") & (IncomingMedia.next_attempt_at < moment)
    return [
        (ReceivedDeed, ReceivedDeed.at < moment),
        (BindingLink, BindingLink.expires_at < moment),
        (HeardCallback, HeardCallback.received_at < moment),
        (IncomingMedia, fetched),
    ]


def _drop_traces(work: UnitOfWork, moment: datetime) -> int | None:
    gone = 0
    for table, where in _old_traces(moment):
        key = inspect(table).primary_key
        keys = [tuple(row) for row in work.session.execute(select(*key).where(where).limit(CHUNK))]
        work.session.execute(delete(table).where(tuple_(*key).in_(keys)), execution_options=_PLAIN)
        gone += len(keys)
    return gone or None


def _drop_notifications(work: UnitOfWork, moment: datetime) -> int | None:
    ids = work.session.scalars(select(NotificationEvent.id).where(NotificationEvent.at < moment).limit(CHUNK)).all()
    for table in (NotificationDelivery, Notification):
        work.session.execute(delete(table).where(table.event_id.in_(ids)), execution_options=_PLAIN)
    work.session.execute(delete(NotificationEvent).where(NotificationEvent.id.in_(ids)), execution_options=_PLAIN)
    return len(ids) or None


def _old_deed(moment: datetime) -> ColumnElement[bool]:
    return (AuditEntry.at < moment) & AuditEntry.erased.is_(False)


def _blur(work: UnitOfWork, moment: datetime) -> int | None:
    """The deed and its place in the chain stay; whom it was about goes."""
    ids = work.session.scalars(select(AuditEntry.id).where(_old_deed(moment)).limit(CHUNK)).all()
    work.session.execute(
        update(AuditEntry).where(AuditEntry.id.in_(ids)).values(subject=ERASED, details={}, erased=True),
        execution_options=_PLAIN,
    )
    return len(ids) or None
