"""Find conversations, also settled ones: by words, by filters, or simply the latest."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select, tuple_

from actions.firm import Firm
from desk.console.conversation_rows import ConversationRow, read_rows
from desk.console.listing import meets_filters
from desk.console.lists import PAGE_SIZE, ListQuery, read_cursor, write_cursor
from desk.console.queue import reader_of, staff_choices
from store import search
from store.database import UnitOfWork
from store.search import Excerpt
from store.tables import Case, Conversation, Message, Staff


@dataclass(frozen=True, slots=True)
class Found:
    """A page of what was found.

    Attributes:
        count: of all that was found.
        rows: with where each was found; None where nothing was searched for.
        staff: logins and names, to filter by.
        next: where the next page begins; None on the last.
    """

    count: int
    rows: list[tuple[ConversationRow, Excerpt | None]]
    staff: list[tuple[str, str]]
    next: str | None


def find_conversations(work: UnitOfWork, firm: Firm, me: Staff, query: ListQuery) -> Found:
    """The conversations in which all words of the question stand and that meet the filters, latest words first.

    Filters look at the case in focus.
    """
    reader, staff = reader_of(firm, me), staff_choices(work)
    pieces = search.read_question(query.question)
    if query.question and not pieces:
        return Found(0, [], staff, None)
    filtered = _from_words(work, pieces) if pieces else _from_all()
    filtered = filtered.where(meets_filters(query, reader))
    said = func.coalesce(Message.id, 0) if pieces else Message.id
    statement = filtered.with_only_columns(Conversation.id, Conversation.focus_case_id, said)
    after = read_cursor(query.after, (int, int)) if query.after else None
    if after is not None:
        statement = statement.where(tuple_(said, Conversation.id) < tuple_(*after))
    ids = work.session.execute(statement.order_by(said.desc(), Conversation.id.desc()).limit(PAGE_SIZE + 1)).all()
    shown = [(conversation_id, case_id) for conversation_id, case_id, _ in ids[:PAGE_SIZE]]
    excerpts = search.excerpts(work, pieces, [conversation_id for conversation_id, _ in shown]) if pieces else {}
    rows = read_rows(work, firm, shown)
    last = ids[PAGE_SIZE - 1] if len(ids) > PAGE_SIZE else None
    return Found(
        count=work.session.scalar(_count(filtered, simple=not pieces and not query.filters)) or 0,
        rows=[(row, excerpts.get(pair[0])) for row, pair in zip(rows, shown, strict=True)],
        staff=staff,
        next=write_cursor((last[2], last[0])) if last else None,
    )


def _from_words(work: UnitOfWork, pieces: list[search.Piece]) -> Select[*tuple[Any, ...]]:
    last = (Message.conversation_id == Conversation.id) & (Message.number == Conversation.last_number)
    return (
        select(Conversation.id)
        .outerjoin(Message, last)
        .outerjoin(Case, Case.id == Conversation.focus_case_id)
        .where(Conversation.id.in_(search.find(work, pieces)))
    )


def _from_all() -> Select[*tuple[Any, ...]]:
    """Driven by the messages, from the last one back: the first page costs the same however many there are."""
    last = (Conversation.id == Message.conversation_id) & (Conversation.last_number == Message.number)
    return (
        select(Conversation.id)
        .select_from(Message)
        .join(Conversation, last)
        .outerjoin(Case, Case.id == Conversation.focus_case_id)
    )


def _count(filtered: Select[*tuple[Any, ...]], *, simple: bool) -> Select[*tuple[Any, ...]]:
    if simple:
        return select(func.count(Conversation.id)).where(Conversation.last_number > 0)
    return select(func.count()).select_from(filtered.subquery())
