"""Cases that belong together, as the page of one of them shows it."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from actions.firm import Firm
from actions.remedies import describe_offer
from actions.staff import linking
from recovery.case_states import UNSETTLED, CaseState, Transition, can_follow
from recovery.money import Money
from store.database import UnitOfWork
from store.tables import Case, CaseLink, Offer


@dataclass(frozen=True, slots=True)
class MergedIn:
    """A case that went into the one in view, with what belongs to it.

    Attributes:
        may_part: whether it could be parted again.
    """

    case: Case
    facts: dict[str, str]
    offers: list[tuple[Offer, str]]
    remedies: list[tuple[str, str, Money]]
    may_part: bool


@dataclass(frozen=True, slots=True)
class LinksPanel:
    """What the case in view belongs to.

    Attributes:
        into: the case that this one went into, if it did.
        why_not_parted: why that cannot be undone, a code of a refusal; None where it can.
        may_merge: whether this case can go into another now.
        targets: open cases of the same customer that it could go into.
    """

    into: Case | None
    why_not_parted: str | None
    merged: list[MergedIn]
    linked: list[linking.Linked]
    suggested: list[linking.Suggested]
    may_merge: bool
    targets: list[Case]


def read_links(work: UnitOfWork, firm: Firm, language: str, case: Case) -> LinksPanel:
    """What ``case`` belongs to; descriptions in ``language``."""
    kept = select(Case).where(Case.id == case.merged_into_id).options(selectinload(Case.conversation))
    into = work.session.scalars(kept).first() if case.merged_into_id is not None else None
    others = select(Case).where(Case.customer_id == case.customer_id, Case.id != case.id, Case.state.in_(UNSETTLED))
    return LinksPanel(
        into=into,
        why_not_parted=_why_not_parted(work, case, into) if into is not None else None,
        merged=[_merged_in(work, firm, language, one, case) for one in linking.merged_cases(work, case)],
        linked=linking.linked_cases(work, case),
        suggested=linking.suggested_cases(work, case),
        may_merge=can_follow(CaseState(case.state), Transition.MERGE),
        targets=list(work.session.scalars(others.order_by(Case.id.desc()).limit(20))),
    )


def family_of(work: UnitOfWork, case: Case) -> list[Case]:
    """The case and those that went into it."""
    return [case, *linking.merged_cases(work, case)]


def _why_not_parted(work: UnitOfWork, case: Case, into: Case) -> str | None:
    link = work.session.scalars(
        select(CaseLink).where(CaseLink.case_id == case.id, CaseLink.kind == linking.MERGED)
    ).first()
    return linking.why_not_undone(work, case, into, link) if link is not None else "not_merged"


def _merged_in(work: UnitOfWork, firm: Firm, language: str, merged: Case, kept: Case) -> MergedIn:
    case = work.session.scalars(
        select(Case)
        .where(Case.id == merged.id)
        .options(
            selectinload(Case.facts),
            selectinload(Case.offers),
            selectinload(Case.remedies),
            selectinload(Case.promises),
            selectinload(Case.conversation),
        )
    ).one()
    return MergedIn(
        case=case,
        facts={fact.key: fact.value for fact in case.facts},
        offers=[(offer, describe_offer(firm, language, offer)) for offer in case.offers],
        remedies=[(remedy.kind, remedy.state, Money(remedy.amount, remedy.currency)) for remedy in case.remedies],
        may_part=case.merged_into_id == kept.id and _why_not_parted(work, case, kept) is None,
    )
