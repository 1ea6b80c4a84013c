"""Whose work a rating judges: whoever handled the resolution, not whoever has the case by then."""

from sqlalchemy import select

from recovery.control import Control
from store.database import UnitOfWork
from store.tables import Case, Conversation, HandOver, Staff


def resolver(work: UnitOfWork, case: Case, by: str) -> int | None:
    """The id of the person who handles the resolution under way; None for the bot.

    A case that a person settles is theirs. One that settles itself as its remedy is carried out belongs to whoever has
    the conversation at that moment.

    Args:
        by: who moves the case: a login, ``bot`` or ``timer``.
    """
    person = work.session.scalars(select(Staff.id).where(Staff.login == by)).first()
    if person is not None:
        return person
    conversation = work.session.get_one(Conversation, case.conversation_id)
    return conversation.taken_by_id if conversation.control == Control.STAFF else None


def handled_by(work: UnitOfWork, case: Case) -> int | None:
    """The id of the person whom a rating given now judges; None for the bot.

    Owner, colleague or supervisor who came after the resolution have no part in it. Where nothing was resolved yet, it
    is whoever had the conversation last.
    """
    if case.resolved_at is not None or case.resolved_by_id is not None:
        return case.resolved_by_id
    had = select(HandOver.taken_by_id).where(HandOver.case_id == case.id, HandOver.taken_by_id.is_not(None))
    return work.session.scalars(had.order_by(HandOver.taken_at.desc())).first()
