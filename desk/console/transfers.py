"""Passing a conversation on, as a call."""

from aiohttp import web

from actions.firm import Firm
from actions.staff.access import DeedRefused
from actions.staff.transferring import to_colleague, to_department
from desk.console.performing import Form, conversation_named, first_value, perform
from store.database import UnitOfWork
from store.tables import Staff


async def post_transfer(request: web.Request) -> web.StreamResponse:
    """Pass the conversation on; ``to`` is ``colleague:login`` or ``department:key``."""

    def deed(work: UnitOfWork, firm: Firm, me: Staff, id: int, form: Form) -> None:
        kind, _, name = first_value(form, "to").partition(":")
        note = first_value(form, "note")
        if kind == "colleague":
            to_colleague(work, firm, me, id, name, note)
        elif kind == "department":
            to_department(work, firm, me, id, name, note)
        else:
            raise DeedRefused("transfer_to_nobody")

    return await perform(request, conversation_named, deed)
