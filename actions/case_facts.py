"""What the guards of a case's transitions look at, read from the rows as they stand in the unit of work."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import exists, select

from actions.roles import AUTHORITY_OF_ROLE
from recovery.case_states import UNSETTLED, CaseFacts, CaseState
from recovery.follow_up import REOPENING_RATING
from recovery.remedies import Authority
from store.database import UnitOfWork
from store.tables import Case, Offer, Rating, Remedy, Staff

# The round of what a guarantee pays unasked: no choice was put, and none of the rounds is used up.
UNASKED_ROUND = 0


def granted_last(granted: Sequence[tuple[int, int]]) -> set[int]:
    """Ids of the offers that must go well for the case to be settled: the one that was chosen last, and what
    guarantees paid beside it from then on. What failed before was made good by them.

    Args:
        granted: offer id and round of each remedy, in the order in which they were granted.
    """
    asked = [offer_id for offer_id, round_put in granted if round_put != UNASKED_ROUND]
    offers = [offer_id for offer_id, _ in granted]
    return set(offers[offers.index(asked[-1]) :] if asked else offers)


def case_facts(work: UnitOfWork, case: Case, by: str, reopen_window: timedelta = timedelta(0)) -> CaseFacts:
    """The facts about a case whose conversation is locked.

    Args:
        by: who moves it: a login, ``bot`` or ``timer``.
        reopen_window: for how long a word of the customer opens it again; only asked where it is opened again.
    """
    person = work.session.scalars(select(Staff).where(Staff.login == by)).first()
    offers = work.session.execute(
        select(Offer.state, Offer.authority, Offer.cost, exists().where(Remedy.offer_id == Offer.id)).where(
            Offer.case_id == case.id, Offer.state.in_(("open", "awaiting_approval", "accepted"))
        )
    ).all()
    remedies = work.session.execute(
        select(Remedy.offer_id, Offer.round, Remedy.state)
        .join(Offer, Offer.id == Remedy.offer_id)
        .where(Remedy.case_id == case.id)
        .order_by(Remedy.id)
    ).all()
    last = granted_last([(offer_id, round_put) for offer_id, round_put, _ in remedies])
    chosen = [
        Authority(authority) if cost else Authority.BOT
        for state, authority, cost, granted in offers
        if state == "accepted" and not granted
    ]
    settled_at = None if case.state in UNSETTLED else case.closed_at or case.resolved_at
    low = exists().where(
        Rating.case_id == case.id, Rating.score <= REOPENING_RATING, Rating.at >= (case.resolved_at or case.opened_at)
    )
    return CaseFacts(
        mover=AUTHORITY_OF_ROLE.get(person.role, Authority.BOT) if person else Authority.BOT,
        by_person=person is not None,
        open_offers=sum(state == "open" for state, *_ in offers),
        waiting=tuple(Authority(authority) for state, authority, *_ in offers if state == "awaiting_approval"),
        # What was granted before has its remedies; of several, the dearest must be covered.
        chosen=max(chosen, key=list(Authority).index, default=None),
        intended=sum(state == "intended" for *_, state in remedies),
        failed=any(state == "failed" and offer_id in last for offer_id, _, state in remedies),
        settled_for=work.now - settled_at if settled_at else None,
        reopen_window=reopen_window,
        low_rating=case.state in (CaseState.RESOLVED, CaseState.CLOSED) and bool(work.session.scalar(select(low))),
        merged=case.merged_into_id is not None,
    )
