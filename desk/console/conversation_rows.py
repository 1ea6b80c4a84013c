"""Conversations as lists show them: the queue, one's own, a search's findings."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Select, func, select

from actions.firm import Firm
from actions.proactive import is_complaint
from desk.channels.windows import count_held
from desk.console.clocks import Clock, read_case_clock, read_clock
from desk.console.urgency import answer_is_owed
from recovery.case_states import UNSETTLED
from recovery.control import Control
from store.database import UnitOfWork
from store.tables import Case, CaseClock, Consultation, Conversation, HandOver, Message, Promise, Staff

_EXCERPT_LENGTH = 120

Row = TypeVar("Row", Case, Staff, Conversation)


@dataclass(frozen=True, slots=True)
class ConversationRow:
    """One line of a list.

    Attributes:
        who: the channel's name of the customer.
        name: the customer's own, where staff learnt it.
        case: the case that this line is about, if any.
        reason: why a person is due; None where none is.
        since: since when it waits or a person has it; for the bot's own, of the last message.
        said_at: of the last message.
        clock: of what is due next, if anything is: late where the time has passed.
        clock_kind: what that is: ``answer`` (a person's, as promised), or a kind of :class:`CaseClock`; ``waiting``
            where all stand still until the customer answers.
        excerpt: the customer's last words.
        answer_owed: whether the customer spoke last.
        holder: name of the person who has it.
        assigned: name of the person it was given to and who has not taken it yet.
        asked: whether the reader's department was asked about it and has not answered.
        unsent: how many messages wait for the customer to be heard, or to be told by a person.
    """

    public_id: str
    who: str
    name: str | None
    channel: str
    language: str | None
    control: str
    case: Case | None
    reason: str | None
    since: datetime
    said_at: datetime
    clock: Clock | None
    clock_kind: str
    excerpt: str
    answer_owed: bool
    holder: str | None
    assigned: str | None
    asked: bool
    unsent: int


def read_rows(
    work: UnitOfWork, firm: Firm, pairs: Sequence[tuple[int, int | None]], departments: Sequence[str] = ()
) -> list[ConversationRow]:
    """The lines for conversations, each with one of its cases or none, in their order.

    A fixed number of queries, however many there are.

    Args:
        pairs: conversation id and case id each.
        departments: the reader's.
    """
    ids = {conversation_id for conversation_id, _ in pairs}
    conversations = _by(work, Conversation, ids)
    cases = _by(work, Case, {case_id for _, case_id in pairs if case_id is not None})
    people = {c.taken_by_id for c in conversations.values()} | {c.assigned_to_id for c in conversations.values()}
    staff = _by(work, Staff, {staff_id for staff_id in people if staff_id is not None})
    hand_overs = _last(
        work, select(HandOver).where(HandOver.conversation_id.in_(ids), HandOver.ended_at.is_(None)), HandOver
    )
    owed = select(Promise).where(Promise.conversation_id.in_(ids), Promise.kind == "person_answers", answer_is_owed())
    # The earliest of each conversation stays.
    answers = {made.conversation_id: made for made in work.session.scalars(owed.order_by(Promise.due_at.desc()))}
    clocks = _clocks(work, cases.values())
    last = _messages(
        work,
        select(Message.id)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Conversation.id.in_(ids), Message.number == Conversation.last_number),
    )
    heard = _messages(
        work,
        select(func.max(Message.id))
        .where(Message.conversation_id.in_(ids), Message.direction == "in")
        .group_by(Message.conversation_id),
    )
    asked = _asked(work, ids, departments)
    unsent = count_held(work, ids)
    rows = []
    for conversation_id, case_id in pairs:
        conversation, case = conversations[conversation_id], cases.get(case_id)
        hand_over = hand_overs.get(conversation_id)
        latest, words = last.get(conversation_id), heard.get(conversation_id)
        with_people = conversation.control != Control.BOT
        since = {
            Control.QUEUED: conversation.queued_at,
            Control.STAFF: hand_over.taken_at if hand_over else None,
        }.get(Control(conversation.control))
        said_at = latest.at if latest else conversation.created_at
        answer = answers.get(conversation_id) if with_people else None
        clock, kind = _next_due(firm, answer, case, clocks.get(case_id or 0), work.now)
        holder, assigned = staff.get(conversation.taken_by_id), staff.get(conversation.assigned_to_id)
        rows.append(
            ConversationRow(
                public_id=conversation.public_id,
                who=conversation.identity.external_id,
                name=conversation.identity.customer.name,
                channel=conversation.channel_label,
                language=conversation.language,
                control=conversation.control,
                case=case,
                reason=hand_over.reason if hand_over else None,
                since=since or said_at,
                said_at=said_at,
                clock=clock,
                clock_kind=kind,
                excerpt=_excerpt(words.text) if words else "",
                answer_owed=with_people and latest is not None and latest.direction == "in",
                holder=holder.name if holder else None,
                assigned=assigned.name if assigned and conversation.control == Control.QUEUED else None,
                asked=conversation_id in asked,
                unsent=unsent.get(conversation_id, 0),
            )
        )
    return rows


def _next_due(
    firm: Firm, answer: Promise | None, case: Case | None, clocks: list[CaseClock] | None, now: datetime
) -> tuple[Clock | None, str]:
    """What is due first, by the same rule as the lists are sorted by (desk.console.listing)."""
    due: list[tuple[datetime, str, Clock]] = []
    if answer is not None:
        due.append((answer.due_at, "answer", read_clock(answer.made_at, answer.due_at, now)))
    running = [clock for clock in clocks or () if clock.state == "running"]
    if running:
        # Measured as the case page measures it: in opening hours, where they count.
        first = min(running, key=lambda clock: clock.due_at)
        due.append((first.due_at, first.kind, read_case_clock(firm, first, now).clock))
    if clocks is None and case is not None and case.state in UNSETTLED and is_complaint(case):
        due.append((case.resolution_due, "resolution", read_clock(case.opened_at, case.resolution_due, now)))
    if not due:
        return None, "waiting" if any(clock.state == "paused" for clock in clocks or ()) else ""
    _, kind, shown = min(due, key=lambda one: one[:2])
    return shown, kind


def _clocks(work: UnitOfWork, cases: Iterable[Case]) -> dict[int, list[CaseClock]]:
    found: dict[int, list[CaseClock]] = {}
    for clock in work.session.scalars(select(CaseClock).where(CaseClock.case_id.in_([case.id for case in cases]))):
        found.setdefault(clock.case_id, []).append(clock)
    return found


def _asked(work: UnitOfWork, ids: set[int], departments: Sequence[str]) -> set[int]:
    if not departments:
        return set()
    statement = select(Consultation.conversation_id).where(
        Consultation.conversation_id.in_(ids), Consultation.department.in_(departments), Consultation.state == "open"
    )
    return set(work.session.scalars(statement))


def _by(work: UnitOfWork, table: type[Row], ids: Iterable[int]) -> dict[int | None, Row]:
    return {row.id: row for row in work.session.scalars(select(table).where(table.id.in_(set(ids))))}


def _last(work: UnitOfWork, statement: Select[Any], table: Any) -> dict[int, Any]:
    """The last of each conversation."""
    return {row.conversation_id: row for row in work.session.scalars(statement.order_by(table.id))}


def _messages(work: UnitOfWork, ids: Select[Any]) -> dict[int, Message]:
    statement = select(Message).where(Message.id.in_(ids))
    return {message.conversation_id: message for message in work.session.scalars(statement)}


def _excerpt(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _EXCERPT_LENGTH else line[: _EXCERPT_LENGTH - 1] + "…"
