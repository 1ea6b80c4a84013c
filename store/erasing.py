"""What becomes of each row of a person: emptied, deleted, or kept because it says nothing of them.

Kept are the skeleton of a case (number, state, times, categories, department, owner), its outcome events, ratings, and
the amounts of its remedies: what statistics and books are made of. What a person said, was called or could be found by
is gone. A remedy that cost money keeps the number of its order: the books must show what it was paid for, and a second
claim on the same order meets the same limit.
"""

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, delete, event, select, update

from store import search
from store.attached_files import AttachedFiles
from store.database import UnitOfWork
from store.tables import (
    Assessment,
    Attachment,
    BindingLink,
    Case,
    CaseLink,
    Consultation,
    Conversation,
    Correction,
    Fact,
    HeardCallback,
    Identity,
    InboxRow,
    IncidentOrder,
    IncomingMedia,
    Message,
    Note,
    Notification,
    NotificationDelivery,
    NotificationEvent,
    Offer,
    OutboxRow,
    Promise,
    ReceivedDeed,
    Remedy,
    ReplyWindow,
    Timer,
    Turn,
)
from store.tables.base import Base, unguessable

_SLICE = 500
Item = TypeVar("Item")


def blank_conversations(work: UnitOfWork, ids: Sequence[int]) -> list[str]:
    """Empty conversations of all that was said, understood, noted and asked in them.

    Returns:
        The public ids of their attachments, whose bytes must go once the unit of work has committed.
    """
    files: list[str] = []
    for part in slices(ids):
        _set(work, Conversation, Conversation.id.in_(part), awaited=None, focus_case_id=None, held_at=None)
        _set(work, InboxRow, InboxRow.conversation_id.in_(part), text="", caller_metadata={})
        # A key was chosen by the caller, and may name the person.
        for row in work.session.scalars(select(InboxRow).where(InboxRow.conversation_id.in_(part))):
            row.message_key = f"erased-{unguessable()}"
        _set(work, Turn, Turn.conversation_id.in_(part), understanding=None)
        _set(work, Message, Message.conversation_id.in_(part), text="", buttons=[])
        _set(work, OutboxRow, OutboxRow.conversation_id.in_(part), error=None, receipt=None)
        unsent = OutboxRow.conversation_id.in_(part) & OutboxRow.state.in_(("pending", "held"))
        _set(work, OutboxRow, unsent, state="failed")
        _set(work, Timer, Timer.conversation_id.in_(part) & (Timer.state == "open"), state="cancelled")
        _set(work, Promise, Promise.conversation_id.in_(part), text="")
        _set(work, Note, Note.conversation_id.in_(part), text="", mentions=[])
        _set(work, Consultation, Consultation.conversation_id.in_(part), question="", answer=None, trail=[])
        _forget_notifications(work, part)
        of_them = Attachment.conversation_id.in_(part)
        files += work.session.scalars(select(Attachment.public_id).where(of_them, Attachment.deleted_at.is_(None)))
        _set(work, Attachment, of_them & Attachment.deleted_at.is_(None), deleted_at=work.now)
        _set(work, Attachment, of_them, name="", digest="")
        _delete(work, IncomingMedia, IncomingMedia.conversation_id.in_(part))
        for conversation_id in part:
            search.forget(work, conversation_id)
    return files


def blank_cases(work: UnitOfWork, ids: Sequence[int]) -> None:
    """Empty cases of what the customer said; what is counted stays."""
    for part in slices(ids):
        _set(work, Case, Case.id.in_(part), wished_remedy=None, erased_at=work.now)
        work.session.execute(delete(Fact).where(Fact.case_id.in_(part)), execution_options=_PLAIN)
        _set(work, Assessment, Assessment.case_id.in_(part), words={})
        _set(work, Offer, Offer.case_id.in_(part), reason="")
        _set(work, Remedy, Remedy.case_id.in_(part), error=None)
        _set(work, Remedy, Remedy.case_id.in_(part) & (Remedy.amount == 0), order_number=None)
        _set(work, Promise, Promise.case_id.in_(part), text="")
        _set(work, Note, Note.case_id.in_(part), text="", mentions=[])
        _set(work, Consultation, Consultation.case_id.in_(part), question="", answer=None, trail=[])
        unanswered = Consultation.case_id.in_(part) & (Consultation.state == "open")
        _set(work, Consultation, unanswered, state="withdrawn", answered_at=work.now)
        # The text names nobody: it stays as training data, and belongs to no case any more.
        _set(work, Correction, Correction.case_id.in_(part), case_id=None, details={})
        _set(work, CaseLink, CaseLink.case_id.in_(part) | CaseLink.other_id.in_(part), details={})


def forget_channels(work: UnitOfWork, customer_ids: Sequence[int], identity_ids: Sequence[int]) -> None:
    """What other firms' channels told of a person beside their words: windows, deeds, links that bind.

    Words that nobody has taken in yet stand against an erasure; those that come after it are somebody new's.
    """
    for part in slices(customer_ids):
        _delete(work, BindingLink, BindingLink.customer_id.in_(part))
    for part in slices(identity_ids):
        _delete(work, ReceivedDeed, ReceivedDeed.identity_id.in_(part))
        theirs = select(Conversation.id).where(Conversation.identity_id.in_(part))
        _delete(work, ReplyWindow, ReplyWindow.conversation_id.in_(theirs))


def heard_of(identity_ids: Sequence[int]) -> Select[HeardCallback]:
    """What these were acknowledged and nobody has taken in yet."""
    same = (
        Identity.channel == HeardCallback.channel,
        Identity.account == HeardCallback.account,
        Identity.external_id == HeardCallback.external_id,
    )
    return select(HeardCallback).join(Identity, and_(*same)).where(Identity.id.in_(identity_ids))


def forget_incidents(work: UnitOfWork, customer_ids: Sequence[int], case_ids: Sequence[int]) -> None:
    """Take a person out of the lists of incidents; how many were told of what stays."""
    for part in slices(customer_ids):
        _forget_rows(work, IncidentOrder.customer_id.in_(part))
    for part in slices(case_ids):
        _forget_rows(work, IncidentOrder.case_id.in_(part))


def _forget_rows(work: UnitOfWork, where: ColumnElement[bool]) -> None:
    for row in work.session.scalars(select(IncidentOrder).where(where)):
        # Each order stands in an incident once.
        row.order_number, row.customer_id = f"erased-{unguessable()}", None
    work.session.flush()


def remove_after_commit(work: UnitOfWork, files: AttachedFiles | None, public_ids: list[str]) -> None:
    """Have the bytes removed once the rows are gone for good; without ``files`` the desk's sweep takes them."""
    if files is None or not public_ids:
        return

    def remove(_: object) -> None:
        for public_id in public_ids:
            files.remove(public_id)

    event.listen(work.session, "after_commit", remove, once=True)


def slices(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """``items`` in pieces that fit one statement of SQLite."""
    for start in range(0, len(items), _SLICE):
        yield items[start : start + _SLICE]


_PLAIN = {"synchronize_session": False}


def _set(work: UnitOfWork, table: type[Base], where: ColumnElement[bool], **values: Any) -> None:
    work.session.execute(update(table).where(where).values(**values), execution_options=_PLAIN)


def _delete(work: UnitOfWork, table: type[Base], where: ColumnElement[bool]) -> None:
    work.session.execute(delete(table).where(where), execution_options=_PLAIN)


def _forget_notifications(work: UnitOfWork, ids: Sequence[int]) -> None:
    """What staff were told keeps its kind and time; its details go, and what has not left the page never does."""
    for table in (Notification, NotificationEvent):
        _set(work, table, table.conversation_id.in_(ids), details={})
    happened = select(NotificationEvent.id).where(NotificationEvent.conversation_id.in_(ids))
    of_them = NotificationDelivery.event_id.in_(happened)
    _set(work, NotificationDelivery, of_them, payload={}, error=None)
    # Nothing goes out of which nobody could say what it is about.
    _set(work, NotificationDelivery, of_them & (NotificationDelivery.state == "pending"), state="dropped")
    unplanned = NotificationEvent.conversation_id.in_(ids) & NotificationEvent.planned_at.is_(None)
    _set(work, NotificationEvent, unplanned, planned_at=work.now)
