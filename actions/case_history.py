"""A case as it stood at a past moment, reconstructed from the rows as they are kept.

What is reconstructed: state, severity, labels, offers, remedies, promises, ratings, and who had it. What is not: facts
and the wording of labels that were replaced in place, since only their latest is kept.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from actions.cases import severity_log
from recovery.case_history import CaseHistory, CaseStep, flaws, last_state, state_at
from recovery.case_states import CaseState, Transition
from recovery.control import Control
from recovery.money import Money
from store.database import UnitOfWork
from store.tables import Assessment, Case, CaseTransition, HandOver, Offer, Remedy, Staff


@dataclass(frozen=True, slots=True)
class OfferThen:
    """An offer that stood: ``open`` to the customer, or ``awaiting_approval``."""

    round: int
    position: int
    kinds: tuple[str, ...]
    cost: Money
    state: str


@dataclass(frozen=True, slots=True)
class RemedyThen:
    """A granted remedy: ``intended``, ``executed``, ``failed`` or ``reversed`` by then."""

    kind: str
    amount: Money
    state: str


@dataclass(frozen=True, slots=True)
class PromiseThen:
    """A promise that was open."""

    kind: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class CasePicture:
    """A case at a moment.

    Attributes:
        severity, rules: as derived by then, and the ids of the rules that made it so; for a case from before this was
            kept, None and nothing.
        categories, emotion, risks: as judged by then.
        control: ``bot``, ``queued`` or ``staff``.
        holder: login of who had it; None where nobody did.
    """

    number: str
    at: datetime
    state: CaseState
    severity: str | None
    rules: tuple[str, ...]
    categories: tuple[str, ...]
    emotion: int
    risks: tuple[str, ...]
    offers: tuple[OfferThen, ...]
    remedies: tuple[RemedyThen, ...]
    promises: tuple[PromiseThen, ...]
    ratings: tuple[int, ...]
    control: Control
    holder: str | None


def read_history(work: UnitOfWork, case: Case) -> CaseHistory:
    """Every step that the case took, in order."""
    steps = select(CaseTransition).where(CaseTransition.case_id == case.id).order_by(CaseTransition.id)
    return CaseHistory(
        case.opened_at,
        tuple(
            CaseStep(
                Transition(row.transition),
                CaseState(row.from_state),
                CaseState(row.to_state),
                row.by,
                row.at,
                row.reason,
            )
            for row in work.session.scalars(steps)
        ),
    )


def history_flaws(work: UnitOfWork, case: Case) -> tuple[str, ...]:
    """What is wrong with a case's history, in words: it contradicts itself, or the state that the case has."""
    history = read_history(work, case)
    found = flaws(history)
    last = last_state(history)
    if last != case.state:
        found = (*found, f"the history ends with {last}, but the case is {case.state}")
    return found


def picture_at(work: UnitOfWork, case: Case, moment: datetime) -> CasePicture | None:
    """The case as it stood at ``moment``, what happened at that very moment included; None before it was opened.

    Args:
        moment: aware.
    """
    state = state_at(read_history(work, case), moment)
    if state is None:
        return None
    severities = [row for row in severity_log(work, case) if row.at <= moment]
    judged = select(Assessment).where(Assessment.case_id == case.id, Assessment.at <= moment)
    assessment = work.session.scalars(judged.order_by(Assessment.id.desc()).limit(1)).first()
    control, holder = _who_had_it(work, case, moment)
    return CasePicture(
        number=case.number,
        at=moment,
        state=state,
        severity=severities[-1].severity if severities else None,
        rules=tuple(severities[-1].rules) if severities else (),
        categories=tuple(assessment.categories) if assessment else (),
        emotion=assessment.emotion if assessment else 0,
        risks=tuple(assessment.risks) if assessment else (),
        offers=_offers(work, case, state, moment),
        remedies=tuple(
            RemedyThen(row.kind, Money(row.amount, row.currency), _state_then(row, moment))
            for row in case.remedies
            if row.intended_at <= moment
        ),
        promises=tuple(
            PromiseThen(row.kind, row.due_at)
            for row in case.promises
            if row.made_at <= moment and (row.settled_at is None or row.settled_at > moment)
        ),
        ratings=tuple(row.score for row in case.ratings if row.at <= moment),
        control=control,
        holder=holder,
    )


def _offers(work: UnitOfWork, case: Case, state: CaseState, moment: datetime) -> tuple[OfferThen, ...]:
    """What stood then. As one waits for approval all beside it are superseded, and what ends the waiting answers it."""
    rows = work.session.scalars(select(Offer).where(Offer.case_id == case.id).order_by(Offer.round, Offer.position))
    found = []
    for row in rows:
        waits_still = row.state == "awaiting_approval" and row.answered_at is not None and row.answered_at <= moment
        unanswered = row.answered_at is None or row.answered_at > moment
        if row.made_at > moment or not (unanswered or waits_still):
            continue
        kinds = tuple(item["kind"] for item in row.remedies)
        then = "awaiting_approval" if waits_still or state is CaseState.AWAITING_APPROVAL else "open"
        found.append(OfferThen(row.round, row.position, kinds, Money(row.cost, row.currency), then))
    return tuple(found)


def _state_then(remedy: Remedy, moment: datetime) -> str:
    """Of one that failed before the moment of failing was kept it is only known that it did."""
    if remedy.reversed_at is not None and remedy.reversed_at <= moment:
        return "reversed"
    if remedy.executed_at is not None and remedy.executed_at <= moment:
        return "executed"
    failed = remedy.state == "failed" and (remedy.failed_at is None or remedy.failed_at <= moment)
    return "failed" if failed else "intended"


def _who_had_it(work: UnitOfWork, case: Case, moment: datetime) -> tuple[Control, str | None]:
    of_it = or_(
        HandOver.case_id == case.id,
        HandOver.case_id.is_(None) & (HandOver.conversation_id == case.conversation_id),
    )
    then = select(HandOver).where(
        of_it, HandOver.at <= moment, or_(HandOver.ended_at.is_(None), HandOver.ended_at > moment)
    )
    passed = work.session.scalars(then.order_by(HandOver.id.desc()).limit(1)).first()
    if passed is None:
        return Control.BOT, None
    if passed.taken_at is None or passed.taken_at > moment:
        return Control.QUEUED, None
    # Whoever took it in WeCom has no account here.
    taken_by = work.session.get_one(Staff, passed.taken_by_id).login if passed.taken_by_id is not None else None
    return Control.STAFF, taken_by
