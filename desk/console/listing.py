"""The lists as statements: what stands in each, what is pressing, and where a page begins.

A row is a conversation with one of its cases: the one in focus; an unsettled case that is not in focus any more is a
row of its own, so that none is forgotten. Every list is cut to its page by the store, by keyset: a page costs the same
however far down it is, and what comes or goes meanwhile neither doubles a row nor hides one.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
    type_coerce,
    union_all,
)
from sqlalchemy.sql.selectable import CTE

from actions.promises import owed_by_hand
from desk.console.lists import ME, NOBODY, PAGE_SIZE, Key, ListQuery, read_cursor, write_cursor
from desk.console.urgency import WITH_PEOPLE, next_due
from recovery.case_states import UNSETTLED
from recovery.control import Control
from store.database import UnitOfWork
from store.tables import Case, Consultation, Conversation, Message, Offer, Promise, Staff
from store.tables.base import UtcDateTime

Rows = Select[*tuple[Any, ...]]
_SEVERITIES = case({"critical": 0, "high": 1, "medium": 2}, value=Case.severity, else_=3)


@dataclass(frozen=True, slots=True)
class Reader:
    """Whose lists they are.

    Attributes:
        departments: whose work is theirs; never empty.
        front_door: takes what no department is named for.
    """

    staff_id: int
    departments: tuple[str, ...]
    front_door: str


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a list, and how many rows each list has.

    Attributes:
        ids: of the page's rows in their order: of the conversation, offer or promise, and of the case.
        next: where the next page begins; None on the last.
        counts: by list, unfiltered; ``waiting`` for all who wait.
        found: how many rows the list has with its filters.
    """

    ids: list[tuple[int, int | None]]
    next: str | None
    counts: dict[str, int]
    found: int


def read_listing(work: UnitOfWork, query: ListQuery, reader: Reader) -> Listing:
    """A page of the list that ``query`` names, which it must."""
    if query.name == "approvals":
        return _approvals(work, query, reader)
    if query.name == "promises":
        return _promises(work, query, reader)
    return _conversations(work, query, reader)


def _conversations(work: UnitOfWork, query: ListQuery, reader: Reader) -> Listing:
    """One statement for page and counts: what they are read from is worked out once."""
    as_of, after = _begin(work, query, (str, int, str, int, int) if query.order == "urgent" else (str, str, int, int))
    rows = _open_rows(reader, query)
    case_id = func.coalesce(rows.c.case_id, 0)
    if query.order == "urgent":
        key = [_rank(rows, query.name, as_of), rows.c.due, rows.c.conversation_id, case_id]
        start = [after[0], _moment(after[1]), *after[2:]] if after else None
    else:
        key = [rows.c.since if query.order == "waiting" else rows.c.opened, rows.c.conversation_id, case_id]
        start = [_moment(after[0]), *after[1:]] if after else None
    columns = [column.label(f"key_{place}") for place, column in enumerate(key)]
    descending = query.order == "newest"
    page = _cut(
        select(rows.c.case_id, *columns).where(_lists(rows, reader, as_of)[query.name], rows.c.meets),
        key,
        start,
        descending=descending,
    ).subquery("page")
    counts = _counts(rows, query, reader, work.now).subquery("counts")
    order = [page.c[column.key] for column in columns]
    statement = select(*counts.c, *page.c).select_from(counts.outerjoin(page, true()))
    found = work.session.execute(
        statement.order_by(*(column.desc() if descending else column for column in order))
    ).all()
    width = len(counts.c)
    ends = [tuple(row[width + 1 :]) for row in found if row[-1] is not None]
    ids = [(row[-2], row[width]) for row in found[:PAGE_SIZE] if row[-1] is not None]
    return Listing(ids, _next(as_of, ends), *_read_counts(found[0]._mapping))


def _approvals(work: UnitOfWork, query: ListQuery, reader: Reader) -> Listing:
    as_of, after = _begin(work, query, (str, str, int))
    asked = type_coerce(func.coalesce(Offer.answered_at, Offer.made_at), UtcDateTime)
    statement = (
        select(Offer.id, Offer.case_id, asked)
        .join(Case, Case.id == Offer.case_id)
        .join(Conversation, Conversation.id == Case.conversation_id)
        .where(Offer.state == "awaiting_approval", meets_filters(query, reader))
    )
    return _listing(work, query, reader, as_of, statement, [asked, Offer.id], after)


def _promises(work: UnitOfWork, query: ListQuery, reader: Reader) -> Listing:
    as_of, after = _begin(work, query, (str, str, int))
    moment = Promise.due_at if query.order == "urgent" else Promise.made_at
    statement = (
        select(Promise.id, Promise.case_id, moment)
        .join(Conversation, Conversation.id == Promise.conversation_id)
        .outerjoin(Case, Case.id == Promise.case_id)
        .where(owed_by_hand(), meets_filters(query, reader))
    )
    return _listing(work, query, reader, as_of, statement, [moment, Promise.id], after)


def _listing(
    work: UnitOfWork,
    query: ListQuery,
    reader: Reader,
    as_of: datetime,
    statement: Rows,
    key: list[Any],
    after: Key | None,
) -> Listing:
    """A page of what is read by a statement of its own."""
    start: list[Any] | None = [_moment(after[0]), *after[1:]] if after else None
    page = work.session.execute(_cut(statement, key, start, descending=query.order == "newest")).all()
    counted = work.session.execute(_counts(_open_rows(reader, ListQuery()), ListQuery(), reader, work.now)).one()
    counts, found = _read_counts(counted._mapping)
    if query.filters:
        found = work.session.scalar(select(func.count()).select_from(statement.subquery())) or 0
    else:
        found = counts[query.name]
    ends = [(row[2], row[0]) for row in page]
    return Listing([(row[0], row[1]) for row in page[:PAGE_SIZE]], _next(as_of, ends), counts, found)


def _lists(rows: CTE, reader: Reader, now: datetime) -> dict[str, ColumnElement[bool]]:
    """Which rows stand in which list. A conversation stands in the lists of those who have it by its case in focus."""
    leading, queued = rows.c.leading == 1, rows.c.control == Control.QUEUED
    lists: dict[str, ColumnElement[bool]] = {
        "mine": leading & (rows.c.holder_id == reader.staff_id),
        "department": rows.c.of_department,
        "unassigned": leading & queued & rows.c.holder_id.is_(None),
        "overdue": rows.c.due < now,
        "open": true(),
        "waiting": leading & queued,
    }
    return lists


def _counts(rows: CTE, query: ListQuery, reader: Reader, now: datetime) -> Rows:
    lists = _lists(rows, reader, now)
    sums = lists | {"found": lists.get(query.name, true()) & rows.c.meets}
    awaiting = select(func.count(Offer.id)).where(Offer.state == "awaiting_approval")
    owed = select(func.count()).select_from(select(Promise.id).where(owed_by_hand()).subquery())
    return select(
        *(
            func.coalesce(func.sum(case((condition, 1), else_=0)), 0).label(f"count_{name}")
            for name, condition in sums.items()
        ),
        awaiting.scalar_subquery().label("count_approvals"),
        owed.scalar_subquery().label("count_promises"),
    ).select_from(rows)


def _read_counts(row: Mapping[Any, Any]) -> tuple[dict[str, int], int]:
    counts = {name.removeprefix("count_"): int(row[name]) for name in row if name.startswith("count_")}
    return counts, counts.pop("found")


def meets_filters(query: ListQuery, reader: Reader) -> ColumnElement[bool]:
    """That a conversation, joined with a case of its own, meets all filters."""
    return and_(true(), *(_FILTERS[key](values, reader) for key, values in query.filters.items()))


def _open_rows(reader: Reader, query: ListQuery) -> CTE:
    """All that is open, with what decides where it stands, and whether it meets the filters."""
    handled = select(
        Conversation.id.label("conversation_id"),
        Conversation.focus_case_id.label("case_id"),
        literal(1).label("leading"),
    ).where(Conversation.control.in_(WITH_PEOPLE))
    unsettled = (
        select(Case.conversation_id, Case.id, literal(0))
        .join(Conversation, Conversation.id == Case.conversation_id)
        .where(
            Case.state.in_(UNSETTLED),
            Case.merged_into_id.is_(None),
            or_(Conversation.control == Control.BOT, Conversation.focus_case_id.is_distinct_from(Case.id)),
        )
    )
    pairs = union_all(handled, unsettled).subquery("pairs")
    opened = func.coalesce(Case.opened_at, Conversation.created_at)
    # Of what the bot has, only the case that one's department was asked about.
    of_department = or_(
        and_(
            pairs.c.leading == 1,
            or_(
                _department(reader).in_(reader.departments),
                Conversation.id.in_(_asked(reader, Consultation.conversation_id)),
            ),
        ),
        Case.id.in_(_asked(reader, Consultation.case_id)),
    )
    return (
        select(
            pairs.c.conversation_id,
            pairs.c.case_id,
            pairs.c.leading,
            Conversation.control,
            Conversation.queue_rank,
            Conversation.last_number,
            func.coalesce(Conversation.taken_by_id, Conversation.assigned_to_id).label("holder_id"),
            of_department.label("of_department"),
            _SEVERITIES.label("severity"),
            next_due().label("due"),
            type_coerce(func.coalesce(Conversation.queued_at, opened), UtcDateTime).label("since"),
            type_coerce(opened, UtcDateTime).label("opened"),
            meets_filters(query, reader).label("meets"),
        )
        .select_from(pairs)
        .join(Conversation, Conversation.id == pairs.c.conversation_id)
        .outerjoin(Case, Case.id == pairs.c.case_id)
        .cte("rows")
        # Worked out once a row, however often it is read.
        .prefix_with("MATERIALIZED")
    )


def _rank(rows: CTE, name: str, as_of: datetime) -> ColumnElement[int]:
    """How pressing a row is, the smaller the more: danger first (recovery.control), then what is overdue, then by
    severity; among one's own, whoever waits for an answer before all others."""
    danger = and_(rows.c.control == Control.QUEUED, rows.c.queue_rank == 0)
    rank = case((danger, 0), else_=8) + case((rows.c.due < as_of, 0), else_=4) + rows.c.severity
    if name == "mine":
        rank += case((_answer_owed(rows), 0), else_=16)
    return rank


def _answer_owed(rows: CTE) -> ColumnElement[bool]:
    """That the customer spoke last."""
    return exists().where(
        Message.conversation_id == rows.c.conversation_id,
        Message.number == rows.c.last_number,
        Message.direction == "in",
    )


def _asked(reader: Reader, what: Any) -> Any:
    """Ids of the conversations, or cases, about which one's department was asked and has not answered."""
    return select(what).where(Consultation.department.in_(reader.departments), Consultation.state == "open")


def _department(reader: Reader) -> ColumnElement[str]:
    """Whose it is: by the line that a conversation is in; a case that it is not about now goes by its own."""
    in_focus = Case.id.is_(None) | (Conversation.focus_case_id == Case.id)
    return func.coalesce(case((in_focus, Conversation.department)), Case.department, reader.front_door)


def _owner(values: tuple[str, ...], reader: Reader) -> ColumnElement[bool]:
    owner = func.coalesce(Conversation.taken_by_id, Conversation.assigned_to_id, Case.owner_id)
    logins = [value for value in values if value not in (ME, NOBODY)]
    conditions: list[ColumnElement[bool]] = (
        [owner.in_(select(Staff.id).where(Staff.login.in_(logins)))] if logins else []
    )
    conditions += [owner == reader.staff_id] if ME in values else []
    conditions += [owner.is_(None)] if NOBODY in values else []
    return or_(*conditions)


def _among(column: Any, values: tuple[str, ...]) -> ColumnElement[bool]:
    """That a JSON list of plain keys holds one of ``values``."""
    return or_(*(cast(column, Text).contains(f'"{value}"', autoescape=True) for value in values))


_FILTERS: dict[str, Callable[[tuple[str, ...], Reader], ColumnElement[bool]]] = {
    "department": lambda values, reader: _department(reader).in_(values),
    "category": lambda values, _: _among(Case.categories, values),
    "severity": lambda values, _: Case.severity.in_(values),
    "state": lambda values, _: Case.state.in_(values),
    "language": lambda values, _: Conversation.language.in_(values),
    "channel": lambda values, _: Conversation.channel_label.in_(values),
    "tier": lambda values, _: func.lower(Case.tier).in_(values),
    "owner": _owner,
    "emotion": lambda values, _: Case.emotion.in_([int(value) for value in values if value in ("0", "1", "2", "3")]),
    "risk": lambda values, _: _among(Case.risks, values),
}


def _begin(work: UnitOfWork, query: ListQuery, form: tuple[type, ...]) -> tuple[datetime, Key | None]:
    """The moment that decides what is overdue, the same on all pages, and the key that the page before ended with."""
    key = read_cursor(query.after, form) if query.after else None
    try:
        moments = [_moment(part) for part in key or () if isinstance(part, str)]
    except ValueError:
        return work.now, None
    return (moments[0], key[1:]) if key else (work.now, None)


def _cut(statement: Rows, key: list[Any], start: list[Any] | None, *, descending: bool) -> Rows:
    if start is not None:
        # An address may hold any number: PostgreSQL refuses one too large for the type it is said to be of.
        types = (
            BigInteger() if isinstance(value, int) else column.type for value, column in zip(start, key, strict=True)
        )
        places = tuple_(*map(literal, start, types))
        statement = statement.where(tuple_(*key) < places if descending else tuple_(*key) > places)
    # One more than is shown tells whether there is another page.
    return statement.order_by(*(column.desc() if descending else column for column in key)).limit(PAGE_SIZE + 1)


def _next(as_of: datetime, ends: list[tuple[Any, ...]]) -> str | None:
    if len(ends) <= PAGE_SIZE:
        return None
    end = (part.isoformat() if isinstance(part, datetime) else part for part in ends[PAGE_SIZE - 1])
    return write_cursor((as_of.isoformat(), *end))


def _moment(written: Any) -> datetime:
    """Raises: ValueError: it is no aware moment, or none that UTC knows."""
    moment = datetime.fromisoformat(str(written))
    if moment.tzinfo is None:
        raise ValueError("a moment without its zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("a moment before or after all time") from None
