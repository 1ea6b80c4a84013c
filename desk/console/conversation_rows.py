"""Conversations as lists show them: the queue, one's own, a search's findings."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Select, func, select

from desk.console.clocks import Clock, read_clock
from recovery.control import Control
from store.database import UnitOfWork
from store.tables import Case, Conversation, HandOver, Message, Promise, Staff

_EXCERPT_LENGTH = 120

Row = TypeVar("Row", Case, Staff)


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """One line of a list.

    Attributes:
        who: the channel's name of the customer.
        case: the case it is about, if any.
        reason: why a person is due; None where none is.
        since: since when it waits or a person has it; for the bot's own, of the last message.
        said_at: of the last message.
        clock: the answer of a person that is owed, if one is; late where the time has passed.
        excerpt: the customer's last words.
        answer_owed: whether the customer spoke last.
        holder: name of the person who has it.
    """

    public_id: str
    who: str
    channel: str
    language: str | None
    control: str
    case: Case | None
    reason: str | None
    since: datetime
    said_at: datetime
    clock: Clock | None
    excerpt: str
    answer_owed: bool
    holder: str | None


def read_rows(work: UnitOfWork, conversations: Sequence[Conversation]) -> list[ConversationRow]:
    """The lines for ``conversations``, in their order; a fixed number of queries however many there are."""
    ids = [conversation.id for conversation in conversations]
    cases = _by(work, Case, {c.focus_case_id for c in conversations if c.focus_case_id is not None})
    staff = _by(work, Staff, {c.taken_by_id for c in conversations if c.taken_by_id is not None})
    hand_overs = {
        hand_over.conversation_id: hand_over
        for hand_over in work.session.scalars(
            select(HandOver).where(HandOver.conversation_id.in_(ids), HandOver.ended_at.is_(None)).order_by(HandOver.id)
        )
    }
    promises = {
        made.conversation_id: made
        for made in work.session.scalars(
            select(Promise)
            .where(Promise.conversation_id.in_(ids), Promise.kind == "person_answers")
            .order_by(Promise.id)
        )
    }
    last = _messages(work, select(func.max(Message.id)).where(Message.conversation_id.in_(ids)))
    heard = _messages(
        work, select(func.max(Message.id)).where(Message.conversation_id.in_(ids), Message.direction == "in")
    )
    rows = []
    for conversation in conversations:
        hand_over = hand_overs.get(conversation.id)
        latest, words = last.get(conversation.id), heard.get(conversation.id)
        since = {
            Control.QUEUED: conversation.queued_at,
            Control.STAFF: hand_over.taken_at if hand_over else None,
        }.get(Control(conversation.control))
        said_at = latest.at if latest else conversation.created_at
        due = promises.get(conversation.id)
        holder = staff.get(conversation.taken_by_id)
        rows.append(
            ConversationRow(
                public_id=conversation.public_id,
                who=conversation.identity.external_id,
                channel=conversation.channel_label,
                language=conversation.language,
                control=conversation.control,
                case=cases.get(conversation.focus_case_id),
                reason=hand_over.reason if hand_over else None,
                since=since or said_at,
                said_at=said_at,
                # A broken promise still owes the answer; a kept one owes nothing.
                clock=read_clock(due.made_at, due.due_at, work.now) if due and due.state != "kept" else None,
                excerpt=_excerpt(words.text) if words else "",
                answer_owed=latest is not None and latest.direction == "in",
                holder=holder.name if holder else None,
            )
        )
    return rows


def _by(work: UnitOfWork, table: type[Row], ids: Iterable[int]) -> dict[int | None, Row]:
    return {row.id: row for row in work.session.scalars(select(table).where(table.id.in_(set(ids))))}


def _messages(work: UnitOfWork, newest: Select[int]) -> dict[int, Message]:
    statement = select(Message).where(Message.id.in_(newest.group_by(Message.conversation_id)))
    return {message.conversation_id: message for message in work.session.scalars(statement)}


def _excerpt(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _EXCERPT_LENGTH else line[: _EXCERPT_LENGTH - 1] + "…"
