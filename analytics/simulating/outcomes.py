"""The outcome events of a made-up life."""

from collections.abc import Iterator

from analytics.simulating.lives import Life
from recovery.events import (
    AssessmentCorrected,
    CaseAcknowledged,
    CaseClosed,
    CaseJudged,
    CaseOpened,
    CaseRated,
    CaseReopened,
    CaseResolved,
    CaseWithdrawn,
    HandedOver,
    HandlingComplained,
    OfferAnswered,
    OutcomeEvent,
    PersonAnswered,
    PromiseSettled,
    RemedyExecuted,
)


def events_of(life: Life, currency: str, promise: str, reference: str) -> Iterator[OutcomeEvent]:
    """Everything that is counted of a life, as the service would have recorded it.

    Args:
        promise: public id of the promise, where there is one.
        reference: of the remedy.
    """
    number, where = life.number, life.dimensions
    read_as = life.before or (life.category, life.step, where)
    first = read_as[2]
    yield CaseOpened(
        case_number=number,
        at=life.opened_at,
        dimensions=first,
        heard_at=life.heard_at,
        severity=life.severity,
        service_step=read_as[1],
    )
    yield CaseAcknowledged(
        case_number=number, at=life.acknowledged_at, dimensions=first, due_at=life.acknowledge_due
    )  # fmt: skip
    if life.about:
        yield HandlingComplained(
            case_number=number, at=life.opened_at, dimensions=first, first_case=life.about.number
        )  # fmt: skip
    if life.handed_over_at:
        yield HandedOver(case_number=number, at=life.handed_over_at, dimensions=first, reason="asked")
    if life.answered_at:
        yield PersonAnswered(case_number=number, at=life.answered_at, dimensions=first)
    if life.corrected_at:
        yield AssessmentCorrected(
            case_number=number, at=life.corrected_at, dimensions=where, service_step=life.step
        )  # fmt: skip
    if life.judged_at and life.valid is not None:
        yield CaseJudged(
            case_number=number, at=life.judged_at, dimensions=where, valid=life.valid, service_step=life.step
        )  # fmt: skip
    for round_, offer in enumerate(life.offers, 1):
        yield OfferAnswered(
            case_number=number, at=offer.answered_at, dimensions=where, accepted=offer.accepted, round=round_
        )  # fmt: skip
    if life.executed_at:
        given = life.offers[-1]
        yield RemedyExecuted(
            case_number=number,
            at=life.executed_at,
            dimensions=where,
            remedy=given.kind,
            amount_minor=given.cost,
            currency=currency,
            reference=reference,
        )
    if life.promise_settled_at:
        yield PromiseSettled(
            case_number=number,
            at=life.promise_settled_at,
            dimensions=where,
            promise=promise,
            kept=life.promise_kept,
        )
    if life.withdrawn_at:
        yield CaseWithdrawn(case_number=number, at=life.withdrawn_at, dimensions=where)
    if life.resolved_at:
        yield CaseResolved(case_number=number, at=life.resolved_at, dimensions=where, due_at=life.resolution_due)
    yield from _afterwards(life)


def _afterwards(life: Life) -> Iterator[OutcomeEvent]:
    number, where = life.number, life.dimensions
    if life.rated_at:
        outcome, procedure, interaction = life.fairness or (None, None, None)
        yield CaseRated(
            case_number=number,
            at=life.rated_at,
            dimensions=where,
            score=life.score,
            outcome=outcome,
            procedure=procedure,
            interaction=interaction,
            asked=True,
        )
    if life.reopened_at:
        yield CaseReopened(case_number=number, at=life.reopened_at, dimensions=where)
    if life.resolved_again_at:
        yield CaseResolved(
            case_number=number, at=life.resolved_again_at, dimensions=where, due_at=life.resolution_due
        )  # fmt: skip
    if life.closed_at:
        yield CaseClosed(case_number=number, at=life.closed_at, dimensions=where)
