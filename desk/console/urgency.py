"""What is due next in a conversation, as part of a statement; :mod:`desk.console.conversation_rows` shows the same."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, literal, or_, select, type_coerce
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from actions.cases import COMPLAINED
from recovery.case_states import UNSETTLED
from recovery.control import Control
from store.tables import Case, CaseClock, Conversation, Message, Promise
from store.tables.base import UtcDateTime

WITH_PEOPLE = (Control.QUEUED, Control.STAFF)
# Stands for nothing due: it sorts behind everything that is.
NEVER = datetime(9999, 1, 1, tzinfo=UTC)


class _Earlier(GenericFunction[datetime]):
    """The earlier of two moments; null where one is."""

    name = "least"
    type = UtcDateTime()
    inherit_cache = True


@compiles(_Earlier, "sqlite")
def _(element: _Earlier, compiler: SQLCompiler, **options: Any) -> str:
    return f"min({compiler.process(element.clauses, **options)})"


def next_due() -> ColumnElement[datetime]:
    """When the next thing is due: an answer that a person owes, or a clock of the case that runs.

    For a statement that has conversations and, by an outer join, cases.
    """
    promised = (
        select(func.min(Promise.due_at))
        .where(Promise.conversation_id == Conversation.id, Promise.kind == "person_answers", answer_is_owed())
        .correlate(Conversation)
        .scalar_subquery()
    )
    answer = case((Conversation.control.in_(WITH_PEOPLE), promised))
    running = (
        select(func.min(CaseClock.due_at))
        .where(CaseClock.case_id == Case.id, CaseClock.state == "running")
        .correlate(Case)
        .scalar_subquery()
    )
    # A case from before there were clocks goes by its limit.
    unclocked = and_(
        Case.state.in_(UNSETTLED), COMPLAINED, ~exists().where(CaseClock.case_id == Case.id).correlate(Case)
    )
    clock = func.coalesce(running, case((unclocked, Case.resolution_due)))
    never = literal(NEVER, UtcDateTime)
    return type_coerce(_Earlier(func.coalesce(answer, never), func.coalesce(clock, never)), UtcDateTime)


def answer_is_owed() -> ColumnElement[bool]:
    """That a promised answer still has to come: not kept; or broken, and no person has said anything since."""
    since = exists().where(
        Message.conversation_id == Promise.conversation_id, Message.author == "staff", Message.at > Promise.made_at
    )
    return or_(Promise.state == "open", and_(Promise.state == "broken", ~since.correlate(Promise)))
