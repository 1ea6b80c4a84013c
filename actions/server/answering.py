"""A Rasa action for each command: read the message, take the turn."""

from typing import Any

import structlog
from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.commands.catalogue import COMMANDS, command_for
from actions.firm import Firm
from actions.fresh_orders import FreshOrders
from actions.turns import StaleTurn, TurnKey, take_turn
from actions.understanding import read_understanding
from store.database import Database

log = structlog.get_logger()


class AnswerMessage(Action):  # type: ignore[misc]  # rasa-sdk's base class is untyped
    """One named action of ``domain.yml``; what it says goes to the outbox, never back through Rasa."""

    def __init__(self, name: str, database: Database, firm: Firm, orders: FreshOrders) -> None:
        self._name = name
        self._database = database
        self._firm = firm
        self._orders = orders

    def name(self) -> str:
        return self._name

    async def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[Any]:
        """Take the turn of the tracker's latest message.

        Raises:
            UnreadableUnderstanding: the bot sent something else than the contract says.
            StaleTurn: the right to answer has passed on.
        """
        message = tracker.latest_message
        metadata = message.get("metadata") or {}
        inbox, fence = metadata.get("inbox"), metadata.get("fence")
        if not isinstance(inbox, str) or not isinstance(fence, int):
            raise StaleTurn("the message does not say which turn it is")
        understanding = read_understanding(message.get("understanding"))
        # No other system is asked while the conversation is locked: what the turn needs of an order is fetched before.
        await self._orders.fetch_for_turn(inbox, understanding)
        answered = await self._database.run(
            take_turn, self._firm, TurnKey(inbox, fence), self._name, understanding, command_for(self._name)
        )
        log.info("turn", inbox=inbox, action=self._name, answered=answered)
        return []


def all_actions(database: Database, firm: Firm, orders: FreshOrders) -> list[AnswerMessage]:
    """Every action that the bot's rules name."""
    return [AnswerMessage(name, database, firm, orders) for name in COMMANDS]
