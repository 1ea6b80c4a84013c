"""Fetch an order from the merchant before somebody needs it, and keep it in a unit of work of its own.

Rules ask the store alone, within their transaction (actions/connectors/orders.py). So whoever is about to act on an
order number that the store does not have, or has from long ago, asks first, for a short while, holding nothing. Without
an answer it goes on with what is there.
"""

import asyncio
import contextlib
import re
import time
from datetime import timedelta

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from actions.cases import focus_case, get_fact
from actions.connectors.errors import ConnectorError
from actions.connectors.orders import OrderLookUp, OrderTwin, upsert_order
from actions.connectors.reported import ReportedOrder
from actions.firm import Firm
from actions.understanding import Understanding
from store.database import Database, UnitOfWork
from store.tables import Conversation, InboxRow, Order

log = structlog.get_logger()


class FreshOrders:
    """Keeps the store's orders fresh.

    Args:
        look_up: the merchant's orders; None where the store has all there are, and nothing is ever asked.
    """

    def __init__(self, database: Database, firm: Firm, look_up: OrderLookUp | None) -> None:
        self._database = database
        self._firm = firm
        self._look_up = look_up

    async def fetch(self, number: str, typed: str | None = None) -> None:
        """See that the store has order ``number`` as the merchant has it, if the merchant can be asked now.

        Args:
            typed: the number with the capitals that its customer wrote, asked for where there is none with others.
        """
        numbers = [one.strip() for one in dict.fromkeys((number, typed or number))]
        if self._look_up is None or not all(map(ReportedOrder.is_number, numbers)):
            return
        if await self._database.read(_is_fresh, number.strip(), self._firm):
            return
        for one in numbers:
            try:
                found = await asyncio.to_thread(_find, self._look_up, one, self._firm.connectors.look_up_within)
            except ConnectorError as error:
                log.warning("cannot look up an order", why=str(error))
                return
            if found is not None:
                # Whoever else fetched it at this moment kept the same.
                with contextlib.suppress(IntegrityError):
                    await self._database.run(_keep, found)
                return

    async def fetch_for_turn(self, inbox_id: str, understanding: Understanding) -> None:
        """As :meth:`fetch`, for the order that a message is about: the one it names, or the one to be proved by it."""
        if self._look_up is None:
            return
        number = understanding.facts.order_number or await self._database.read(_number_to_prove, inbox_id)
        if number is not None:
            await self.fetch(number, await self._database.read(_as_typed, inbox_id, number))


def _find(look_up: OrderLookUp, number: str, within: timedelta) -> ReportedOrder | None:
    """Ask; once more where the first answer was a failure that came quickly, since a customer waits for this one."""
    began = time.monotonic()
    try:
        return look_up.find(number)
    except ConnectorError as error:
        if error.permanent or time.monotonic() - began > within.total_seconds() / 2:
            raise
    return look_up.find(number)


def _is_fresh(work: UnitOfWork, number: str, firm: Firm) -> bool:
    alike = OrderTwin(work).numbers_like(number)
    updated_at = work.session.scalars(select(func.max(Order.updated_at)).where(Order.number.in_(alike))).first()
    return updated_at is not None and updated_at > work.now - firm.connectors.orders_fresh_for


def _keep(work: UnitOfWork, order: ReportedOrder) -> None:
    upsert_order(work, **order.model_dump())


def _as_typed(work: UnitOfWork, inbox_id: str, number: str) -> str | None:
    """The number with the capitals of the message that names it: the bot heeds none."""
    row = work.session.get(InboxRow, inbox_id)
    found = re.search(re.escape(number), row.text, re.IGNORECASE | re.ASCII) if row is not None else None
    return found[0] if found else None


def _number_to_prove(work: UnitOfWork, inbox_id: str) -> str | None:
    """The order number of the complaint in focus, as long as it is not known to be the customer's.

    The merchant may have been away when they named it.
    """
    row = work.session.get(InboxRow, inbox_id)
    conversation = work.session.get(Conversation, row.conversation_id) if row is not None else None
    case = focus_case(work, conversation) if conversation is not None else None
    return get_fact(case, "order_number") if case is not None and not case.order_proved else None
