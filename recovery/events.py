"""Outcome events: what analytics reads, and nothing else of a case.

Each carries the case's public number, when it happened (aware, UTC) and the dimensions it is counted by. ``key`` makes
recording idempotent: the same event recorded twice is one event.
"""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class CaseDimensions:
    """What outcomes are counted by, as the case stood when the event happened."""

    category: str
    department: str
    channel: str
    tier: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeEvent:
    kind: ClassVar[str]
    case_number: str
    at: datetime
    dimensions: CaseDimensions

    @property
    def key(self) -> str:
        """Unique among all events; the default fits what happens to a case once at a time."""
        return f"{self.kind}:{self.case_number}:{self.at.isoformat()}"

    def details(self) -> dict[str, Any]:
        """The event's own fields, ready for JSON."""
        shared = {"case_number", "at", "dimensions"}
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in shared}
        return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOpened(OutcomeEvent):
    kind = "case_opened"
    heard_at: datetime  # when the customer's message arrived
    severity: str
    service_step: str  # step of the firm's service blueprint that failed; "" where none fits


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseAnticipated(OutcomeEvent):
    """The firm opened the case itself, before anybody complained: nothing in it is a complaint, nor counts as one,
    until a :class:`CaseOpened` of the same case says that somebody has."""

    kind = "case_anticipated"
    origin: str  # guarantee, incident


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseAcknowledged(OutcomeEvent):
    """The customer was answered for the first time, by the bot's own clock."""

    kind = "case_acknowledged"
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonAnswered(OutcomeEvent):
    """A person of the staff answered the customer for the first time."""

    kind = "person_answered"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseJudged(OutcomeEvent):
    """A person judged whether the complaint stands, and which service step failed; the latest judgement holds."""

    kind = "case_judged"
    valid: bool
    service_step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReassessed(OutcomeEvent):
    """The machine judged the failure anew from what the customer said later."""

    kind = "case_reassessed"
    service_step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssessmentCorrected(OutcomeEvent):
    """Staff judged the failure otherwise than the machine."""

    kind = "assessment_corrected"
    service_step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectionUndone(OutcomeEvent):
    """Staff took their last correction back at once: it was a slip of their own, not the machine's."""

    kind = "correction_undone"
    service_step: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferAnswered(OutcomeEvent):
    """A round of offers was answered: one accepted, or all declined."""

    kind = "offer_answered"
    accepted: bool
    round: int  # 1 for the first offers of a case


@dataclass(frozen=True, slots=True, kw_only=True)
class RemedyExecuted(OutcomeEvent):
    kind = "remedy_executed"
    remedy: str
    amount_minor: int  # 0 where the remedy costs nothing
    currency: str
    reference: str

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.case_number}:{self.reference}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RemedyReversed(OutcomeEvent):
    """A remedy that was executed was taken back, since another of the same offer failed for good: it was not given."""

    kind = "remedy_reversed"
    remedy: str
    amount_minor: int
    currency: str
    reference: str  # that of the RemedyExecuted which it undoes

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.case_number}:{self.reference}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseSettled(OutcomeEvent):
    kind = "promise_settled"
    promise: str  # the promise's public id
    kept: bool

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.case_number}:{self.promise}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver(OutcomeEvent):
    kind = "handed_over"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResolved(OutcomeEvent):
    kind = "case_resolved"
    due_at: datetime  # the resolution limit


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseReopened(OutcomeEvent):
    kind = "case_reopened"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRated(OutcomeEvent):
    """``outcome``, ``procedure``, ``interaction``: how fair it was (S0, S2), 1–5; None where that was not answered yet.

    The latest of a case holds.
    """

    kind = "case_rated"
    score: int  # 1–5
    outcome: int | None = None
    procedure: int | None = None
    interaction: int | None = None
    asked: bool = False  # else the customer said it of their own accord


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlingComplained(OutcomeEvent):
    """A complaint about how a complaint was handled: the recovery failed, too (double deviation, S0)."""

    kind = "handling_complained"
    first_case: str  # number of the case whose handling is complained of; the same while that one is unsettled


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseWithdrawn(OutcomeEvent):
    kind = "case_withdrawn"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseClosed(OutcomeEvent):
    kind = "case_closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseMerged(OutcomeEvent):
    """It was the same complaint as another, which goes on for both."""

    kind = "case_merged"
    into: str  # number of the case that goes on


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseUnmerged(OutcomeEvent):
    """The merger was a mistake: it is a complaint of its own after all."""

    kind = "case_unmerged"


KINDS: dict[str, type[OutcomeEvent]] = {
    event.kind: event
    for event in (
        CaseOpened,
        CaseAnticipated,
        CaseAcknowledged,
        PersonAnswered,
        CaseJudged,
        CaseReassessed,
        AssessmentCorrected,
        CorrectionUndone,
        OfferAnswered,
        RemedyExecuted,
        RemedyReversed,
        PromiseSettled,
        HandedOver,
        CaseResolved,
        CaseReopened,
        CaseRated,
        HandlingComplained,
        CaseWithdrawn,
        CaseClosed,
        CaseMerged,
        CaseUnmerged,
    )
}
