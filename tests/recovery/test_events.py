"""Outcome events: one key each, ready for JSON, known by their kind."""

import json
import typing
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from recovery import events
from recovery.events import KINDS, CaseDimensions, OutcomeEvent, PromiseSettled, RemedyExecuted, RemedyReversed

AT = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
DIMENSIONS = CaseDimensions("delivery", "logistics", "rest", "regular", "zh")
EXAMPLES: dict[type, Any] = {str: "x", int: 3, bool: True, datetime: AT, int | None: 4}


def example(kind: type[OutcomeEvent], number: str = "AM-2345-6789", at: datetime = AT, **more: Any) -> OutcomeEvent:
    hints = typing.get_type_hints(kind)
    own = {f.name: EXAMPLES[hints[f.name]] for f in fields(kind) if f.name not in ("case_number", "at", "dimensions")}
    return kind(case_number=number, at=at, dimensions=DIMENSIONS, **(own | more))


ALL = [pytest.param(kind, id=name) for name, kind in KINDS.items()]


def test_every_event_is_known_by_its_kind() -> None:
    written = {
        thing for thing in vars(events).values()
        if isinstance(thing, type) and issubclass(thing, OutcomeEvent) and thing is not OutcomeEvent
    }  # fmt: skip
    assert written == set(KINDS.values())
    assert all(kind.kind == name for name, kind in KINDS.items()) and len(KINDS) == len(written)


@pytest.mark.parametrize("kind", ALL)
def test_an_event_is_ready_for_json(kind: type[OutcomeEvent]) -> None:
    details = example(kind).details()
    assert json.loads(json.dumps(details)) == details
    assert not {"case_number", "at", "dimensions"} & set(details)


@pytest.mark.parametrize("kind", ALL)
def test_the_same_event_has_the_same_key_and_fits_its_column(kind: type[OutcomeEvent]) -> None:
    assert example(kind).key == example(kind).key
    assert len(example(kind, number="AM-2345-6789").key) <= 160


def test_no_two_kinds_share_a_key() -> None:
    assert len({example(kind).key for kind in KINDS.values()}) == len(KINDS)


@pytest.mark.parametrize("kind", ALL)
def test_what_happens_to_another_case_is_another_event(kind: type[OutcomeEvent]) -> None:
    assert example(kind).key != example(kind, number="AM-ABCD-EFGH").key


@pytest.mark.parametrize(
    "kind", [k for k in KINDS.values() if k not in (RemedyExecuted, RemedyReversed, PromiseSettled)]
)
def test_what_happens_again_later_is_another_event(kind: type[OutcomeEvent]) -> None:
    assert example(kind).key != example(kind, at=AT + timedelta(microseconds=1)).key


def test_a_remedy_is_executed_once_and_a_promise_settled_once_whenever_that_was() -> None:
    later = AT + timedelta(days=1)
    assert example(RemedyExecuted, reference="RF-1").key == example(RemedyExecuted, at=later, reference="RF-1").key
    assert example(RemedyExecuted, reference="RF-1").key != example(RemedyExecuted, reference="RF-2").key
    assert example(PromiseSettled, promise="p").key == example(PromiseSettled, at=later, promise="p", kept=False).key
    assert example(PromiseSettled, promise="p").key != example(PromiseSettled, promise="q").key
