"""The tracker store keeps nothing, and one turn still works."""

from __future__ import annotations

import jsonschema
import pytest
from rasa.core.actions.action import RemoteAction
from rasa.shared.core.domain import Domain

from bot import adaptations
from bot.tracker_store import ForgetfulTrackerStore


@pytest.mark.asyncio
async def test_it_gives_a_listening_tracker_and_forgets_it():
    store = ForgetfulTrackerStore(Domain.empty())
    tracker = await store.get_or_create_tracker("inbox-1:1", append_action_listen=False)
    assert tracker.sender_id == "inbox-1:1" and tracker.latest_action_name == "action_listen"
    # Rasa begins a session of its own, at a cost, where no event applies yet.
    assert tracker.applied_events()
    await store.save(tracker)
    assert await store.retrieve("inbox-1:1") is None
    assert await store.retrieve_full_tracker("inbox-1:1") is None
    assert list(await store.keys()) == []
    assert not await store.exists("inbox-1:1")


@pytest.mark.asyncio
async def test_its_size_does_not_grow_with_conversations():
    store = ForgetfulTrackerStore(Domain.empty())

    async def turn(number: int) -> None:
        await store.save(await store.get_or_create_tracker(f"inbox-{number}", append_action_listen=False))

    await turn(0)
    before = {name: repr(value) for name, value in vars(store).items()}
    for number in range(50):
        await turn(number)
    assert {name: repr(value) for name, value in vars(store).items()} == before


def test_the_cached_validator_accepts_and_refuses_as_rasa_does():
    adaptations.apply()
    action = RemoteAction("action_hear_complaint", None)
    assert action._validate_action_result(
        {"events": [{"event": "slot", "name": "a", "value": 1}], "responses": [{"text": "x"}]}
    )
    for wrong in ({"events": "none"}, {"responses": ["text"]}, [], {"events": [{"event": "slot"}]}):
        with pytest.raises(jsonschema.ValidationError):
            action._validate_action_result(wrong)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, RemoteAction.action_response_format_spec())
