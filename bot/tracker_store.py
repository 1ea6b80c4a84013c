"""A tracker store that keeps nothing: the state of the dialogue lives in the service's own store, never in Rasa."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rasa.core.brokers.broker import EventBroker
from rasa.core.tracker_store import TrackerStore
from rasa.shared.core.constants import ACTION_LISTEN_NAME, ACTION_SESSION_START_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import ActionExecuted, SessionStarted
from rasa.shared.core.trackers import DialogueStateTracker

from bot import adaptations


class ForgetfulTrackerStore(TrackerStore):
    """Gives each message a new tracker that already listens, and forgets it after the turn.

    Rasa hands the tracker of a turn from step to step and asks the store only at its start (``retrieve``) and its end
    (``save``), so one turn needs no memory; senders are new with every attempt, so nothing is ever asked for again.
    """

    def __init__(self, domain: Domain | None, event_broker: EventBroker | None = None, **kwargs: Any) -> None:
        super().__init__(domain, event_broker, **kwargs)
        adaptations.apply()

    async def create_tracker(self, sender_id: str, append_action_listen: bool = True) -> DialogueStateTracker:
        """A tracker in a session already begun: Rasa would otherwise run the action that begins one, each turn."""
        tracker = self.init_tracker(sender_id)
        tracker.update(ActionExecuted(ACTION_SESSION_START_NAME))
        tracker.update(SessionStarted())
        tracker.update(ActionExecuted(ACTION_LISTEN_NAME))
        return tracker

    async def save(self, tracker: DialogueStateTracker) -> None:
        """Keeps nothing; an event broker, where one is set, still hears the turn's events."""
        await self.stream_events(tracker)

    async def retrieve(self, sender_id: str) -> DialogueStateTracker | None:
        """Nothing is ever found."""
        return None

    async def keys(self) -> Iterable[str]:
        """No conversation is known."""
        return []
