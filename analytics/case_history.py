"""What is known of one case: its outcome events, read back from the store and put in order."""

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, fields
from datetime import date, datetime
from functools import cache
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from recovery.events import KINDS, CaseAnticipated, CaseDimensions, CaseOpened, OutcomeEvent

Event = TypeVar("Event", bound=OutcomeEvent)

_DIMENSIONS = tuple(field.name for field in fields(CaseDimensions))


class UnreadableEvent(Exception):
    """A recorded event does not have the form of its kind; the message names the case and what is wrong."""


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """What one case counts for at one step of a process: one opportunity, and whether it failed.

    ``day`` is the day in the firm's zone on which the step was done.
    """

    process: str
    step: str
    day: date
    defect: bool
    dimensions: CaseDimensions


class CaseHistory:
    """The events of one case by time; the order in which they were recorded, and repetitions, do not matter.

    A case that the firm opened itself, to make good what nobody had complained of yet, is no complaint: nothing of it
    is here before the customer complains, and what comes from then on is.
    """

    def __init__(self, events: Iterable[OutcomeEvent], zone: ZoneInfo) -> None:
        self.zone = zone
        by_key = {event.key: event for event in events}
        self._events = [by_key[key] for key in sorted(by_key, key=lambda key: (by_key[key].at, key))]
        if self.first(CaseAnticipated) is not None:
            opened = self.first(CaseOpened)
            self._events = [event for event in self._events if opened is not None and event.at >= opened.at]

    def all(self, kind: type[Event]) -> list[Event]:
        """The events of ``kind``, oldest first."""
        return [event for event in self._events if isinstance(event, kind)]

    def first(self, kind: type[Event]) -> Event | None:
        return next((event for event in self._events if isinstance(event, kind)), None)

    def last(self, kind: type[Event]) -> Event | None:
        return next((event for event in reversed(self._events) if isinstance(event, kind)), None)

    def day(self, moment: datetime) -> date:
        """The day of ``moment`` in the firm's zone."""
        return moment.astimezone(self.zone).date()


def read_event(
    kind: str, case_number: str, at: datetime, dimensions: Mapping[str, Any], details: Mapping[str, Any]
) -> OutcomeEvent | None:
    """An event as it was recorded.

    Returns:
        None for a kind that this version does not know: a newer one may write beside it during an update.

    Raises:
        UnreadableEvent: the record does not have the form of its kind.
    """
    event = KINDS.get(kind)
    if event is None:
        return None
    try:
        optional = _optional_fields(kind)
        # What an earlier version did not know yet has its default.
        values = {name: details[name] for name in _own_fields(kind) if name in details or name not in optional}
        for name in _moments(kind):
            values[name] = datetime.fromisoformat(values[name])
        where = CaseDimensions(**{name: dimensions[name] for name in _DIMENSIONS})
        return event(case_number=case_number, at=at, dimensions=where, **values)
    except KeyError as error:
        raise UnreadableEvent(f"{kind} of case {case_number} at {at.isoformat()}: {error} is missing") from None
    except (TypeError, ValueError) as error:
        raise UnreadableEvent(f"{kind} of case {case_number} at {at.isoformat()}: {error}") from None


@cache
def _own_fields(kind: str) -> tuple[str, ...]:
    shared = {field.name for field in fields(OutcomeEvent)}
    return tuple(field.name for field in fields(KINDS[kind]) if field.name not in shared)


@cache
def _optional_fields(kind: str) -> frozenset[str]:
    return frozenset(field.name for field in fields(KINDS[kind]) if field.default is not MISSING)


@cache
def _moments(kind: str) -> tuple[str, ...]:
    own = _own_fields(kind)
    return tuple(field.name for field in fields(KINDS[kind]) if field.type is datetime and field.name in own)
