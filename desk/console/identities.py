"""One person on several channels: the calls that join two customers, part them, and answer on another channel."""

from urllib.parse import quote

from aiohttp import web
from sqlalchemy import select

from actions.firm import Firm
from actions.staff import identities
from actions.staff.access import DeedRefused
from desk.console.performing import ANSWER_LENGTH, Form, Target, conversation_named, first_value, perform
from desk.console.permissions import PREFIX
from store.database import UnitOfWork
from store.tables import Conversation, Customer, CustomerMerge, Identity, Staff


async def post_link(request: web.Request) -> web.StreamResponse:
    """Join another customer to the one whose conversation is shown."""

    def deed(work: UnitOfWork, firm: Firm, me: Staff, id: int, form: Form) -> None:
        kept = work.session.get_one(Customer, id)
        identities.link(
            work,
            me,
            kept.public_id,
            first_value(form, "other"),
            first_value(form, "proof"),
            first_value(form, "order"),
            first_value(form, "digits"),
        )

    return await perform(request, _customer_named, deed)


async def post_unlink(request: web.Request) -> web.StreamResponse:
    """Part two customers again."""
    return await perform(request, _merge_named, lambda work, firm, me, id, _: identities.unlink(work, me, id))


async def post_answer(request: web.Request) -> web.StreamResponse:
    """Answer on another channel of the customer; the case goes on there."""

    def deed(work: UnitOfWork, firm: Firm, me: Staff, id: int, form: Form) -> None:
        text = first_value(form, "text")
        if len(text) > ANSWER_LENGTH:
            raise DeedRefused("too_long")
        identities.answer_elsewhere(work, firm, me, id, first_value(form, "to"), text)

    try:
        return await perform(request, conversation_named, deed)
    except web.HTTPSeeOther:
        # Where it was said is where it goes on.
        there = str((await request.post()).get("to", ""))
        raise web.HTTPSeeOther(f"{PREFIX}/conversations/{quote(there, safe='')}") from None


def _conversation_of(work: UnitOfWork, customer_id: int) -> Conversation | None:
    """The page that shows a customer: their latest conversation."""
    return work.session.scalars(
        select(Conversation)
        .join(Identity, Identity.id == Conversation.identity_id)
        .where(Identity.customer_id == customer_id)
        .order_by(Conversation.id.desc())
    ).first()


def _customer_named(work: UnitOfWork, public_id: str) -> Target | None:
    found = work.session.scalars(select(Customer).where(Customer.public_id == public_id)).first()
    shown = _conversation_of(work, found.id) if found else None
    return Target(found.id, shown) if found and shown else None


def _merge_named(work: UnitOfWork, public_id: str) -> Target | None:
    found = work.session.scalars(select(CustomerMerge).where(CustomerMerge.public_id == public_id)).first()
    shown = _conversation_of(work, found.kept_id) if found else None
    return Target(found.id, shown) if found and shown else None
