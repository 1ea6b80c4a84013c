"""Granting by hand, and granting something else than what waits: the forms and the deeds."""

from aiohttp import web

from actions.firm import Firm
from actions.staff import approvals
from actions.staff.access import DeedRefused
from actions.staff.granting import RemedyWish, grant_by_hand
from desk.console.amounts import read_amount
from desk.console.performing import ANSWER_LENGTH, Form, conversation_named, first_value, offer_named, perform
from recovery.remedies import WITH_AMOUNT
from store.database import UnitOfWork
from store.tables import Staff


def wish_of(form: Form, firm: Firm) -> RemedyWish:
    """The remedy that a form asks for.

    Raises:
        DeedRefused: its amount is no amount.
    """
    kind = first_value(form, "kind")
    # The amount may still stand there from another kind that was looked at before.
    amount = read_amount(first_value(form, "amount"), firm.policy.currency) if kind in WITH_AMOUNT else None
    return RemedyWish(kind, amount)


async def grant(request: web.Request) -> web.StreamResponse:
    """Grant a remedy by hand."""

    def deed(work: UnitOfWork, firm: Firm, me: Staff, id: int, form: Form) -> None:
        shown = first_value(form, "round")
        shown_round = int(shown) if shown.isascii() and shown.isdigit() and len(shown) < 10 else None
        grant_by_hand(work, firm, me, id, wish_of(form, firm), first_value(form, "grant_reason"), shown_round)

    return await perform(request, conversation_named, deed)


async def change(request: web.Request) -> web.StreamResponse:
    """Grant something else than what waits."""

    def deed(work: UnitOfWork, firm: Firm, me: Staff, id: int, form: Form) -> None:
        reason = first_value(form, "change_reason")
        if len(reason) > ANSWER_LENGTH:
            raise DeedRefused("too_long")
        approvals.change(work, firm, me, id, wish_of(form, firm), reason)

    return await perform(request, offer_named, deed)
