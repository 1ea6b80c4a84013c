"""Decide what to offer in a case and put it to the customer, inside a turn or outside one (recovery.decision)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from actions.account import account_of, remedies_of
from actions.budgets import left_today
from actions.cases import proved_order
from actions.experience import experience
from actions.firm import Firm
from actions.incidents.choices import with_playbook
from actions.remedies import describe_offer
from actions.wish_rulings import with_wish
from actions.words.catalogue import LANGUAGES
from recovery.case_states import Transition
from recovery.decision import (
    AssessedComplaint,
    ChooseBy,
    CustomerKnown,
    Decision,
    FactsKnown,
    Policy,
    RankedOffer,
    decide,
)
from recovery.failures import Dimension, leading_category
from recovery.money import Money
from recovery.remedies import ProposedRemedy
from recovery.severity import Severity
from store.database import UnitOfWork
from store.tables import Case, CaseTransition, Offer

Button = dict[str, str]


def policy_now(work: UnitOfWork, firm: Firm) -> Policy:
    """Everything the firm decides by, with what its own offers have taught so far."""
    return Policy(firm.policy, ChooseBy(firm.value.choose_by), firm.value.priors, experience(work))


def decide_for(work: UnitOfWork, firm: Firm, case: Case, wished: str | None = None) -> Decision:
    """What fits a case as it stands.

    Args:
        wished: a kind of remedy that the customer names.
    """
    customer = case.customer
    return decide(
        AssessedComplaint(
            categories=tuple(case.categories),
            severity=Severity(case.severity),
            dimension=Dimension(case.dimension),
            emotion=case.emotion,
            waited=work.now - case.opened_at,
        ),
        CustomerKnown(
            case.tier, customer.value, frozenset(customer.preferred_remedies), frozenset(customer.avoided_remedies)
        ),
        FactsKnown(_order_total(work, case), account_of(work, firm, case), wished, _declined(work, case)),
        with_playbook(work, firm, case, policy_now(work, firm)),
        left_today(work, firm, leading_category(case.categories, firm.like)),
    )


def make_offers(work: UnitOfWork, firm: Firm, case: Case, ranked: Sequence[RankedOffer], by: str) -> list[Offer]:
    """Keep a round of offers, in their order; what was open before is taken back.

    Args:
        by: bot, timer, or a login: who makes them.
    """
    for before in open_offers(work, case):
        before.state, before.answered_at = "superseded", work.now
    case.offer_round += 1
    made = []
    for position, one in enumerate(ranked, 1):
        reasons = {language: reason_in(firm, language, case, one) for language in LANGUAGES}
        offer = Offer(
            case_id=case.id,
            round=case.offer_round,
            position=position,
            remedies=items_of(one.remedies, one.cost.currency),
            cost=one.cost.minor,
            currency=one.cost.currency,
            authority=one.authority,
            rule=one.rule,
            approved_by=one.approved_by,
            reason=reasons.get(case.language) or reasons[firm.file.language],
            reasons=reasons,
            decision={"by": by, **_expected(one)},
            made_at=work.now,
        )
        case.offers.append(offer)
        made.append(offer)
    work.session.flush()
    return made


def items_of(remedies: Sequence[ProposedRemedy], currency: str) -> list[dict[str, object]]:
    """Remedies as an offer keeps them."""
    return [
        {
            "kind": remedy.kind.value,
            "amount": remedy.amount.minor if remedy.amount else None,
            "currency": currency,
            "counts": remedy.counts_minor,
        }
        for remedy in remedies
    ]


def reason_in(firm: Firm, language: str, case: Case, offer: RankedOffer) -> str:
    """Why an offer stands where it does, in one line."""
    return firm.words.render(
        language,
        f"reason.{offer.reason.key}",
        failure=firm.category_name(case.categories[0], language),
        percent=round(100 * offer.worth.acceptance.mean) if offer.worth is not None else None,
    )


def _expected(offer: RankedOffer) -> dict[str, object]:
    """What was expected of an offer as it was made, for those who look at it and those who learn from it."""
    kept: dict[str, object] = {
        "outcome_minor": offer.outcome_minor,
        "process": [kind.value for kind in offer.process],
        "timing": {kind.value: when.value for kind, when in offer.timing},
        "bound": offer.bound.value,
        "reason": offer.reason.key.value,
    }
    if offer.worth is not None:
        kept["worth"] = {
            name: value if isinstance(value, int) else asdict(value)
            for name in ("acceptance", "retention", "retention_without", "value_minor", "cost_minor", "net_minor")
            for value in [getattr(offer.worth, name)]
        }
    return kept


def offer_words(
    firm: Firm, language: str, offers: Sequence[Offer], key: str, **values: Any
) -> tuple[str, list[Button]]:
    """Offers as the customer reads them, and a button for each.

    Args:
        key: of the words around them; those with ``_single`` behind it are for an only offer.
        values: more that these words name.
    """
    texts = [describe_offer(firm, language, offer) for offer in offers]
    accept, decline = (firm.words.render(language, key) for key in ("button.accept", "button.decline"))
    buttons = (
        [{"title": text, "payload": str(number)} for number, text in enumerate(texts, 1)]
        if len(texts) > 1
        else [{"title": accept, "payload": accept} for _ in texts]
    )
    buttons.append({"title": decline, "payload": decline})
    single = f"{key}_single"
    around = single if len(texts) == 1 and firm.words.has(single) else key
    return firm.words.render(language, around, offers=texts, **values), buttons


def open_offers(work: UnitOfWork, case: Case) -> list[Offer]:
    """The choices the customer has now, as shown."""
    statement = select(Offer).where(Offer.case_id == case.id, Offer.state == "open").order_by(Offer.position)
    return list(work.session.scalars(statement))


def fits_still(work: UnitOfWork, firm: Firm, case: Case) -> bool:
    """Whether what the customer has to choose from is all that would be offered anew, in whatever order."""
    decided = with_wish(work, firm, case, decide_for(work, firm, case, case.wished_remedy).offers)
    return _kinds_and_amounts([items_of(one.remedies, one.cost.currency) for one in decided]) == _kinds_and_amounts(
        [offer.remedies for offer in open_offers(work, case)]
    )


def _kinds_and_amounts(offers: Sequence[Sequence[Mapping[str, object]]]) -> set[frozenset[tuple[object, object]]]:
    return {frozenset((item["kind"], item["amount"]) for item in items) for items in offers}


def declined_last(case: Case) -> list[Offer]:
    """The round of offers that the customer declined last, in its order; empty where none was."""
    last = [offer for offer in case.offers if offer.round == case.offer_round and offer.state == "declined"]
    return sorted(last, key=lambda one: one.position)


def declined_of_kind(case: Case, kind: str) -> Offer | None:
    """The last offer that was declined and has a remedy of ``kind``."""
    declined = (offer for offer in reversed(case.offers) if offer.state == "declined")
    return next((offer for offer in declined if any(item["kind"] == kind for item in offer.remedies)), None)


def put_back(work: UnitOfWork, case: Case, offers: Sequence[Offer]) -> list[Offer]:
    """Put offers that were declined once more, as a round of its own; what is open is taken back."""
    withdraw_open_offers(work, case)
    case.offer_round += 1
    again = [
        Offer(
            case_id=case.id,
            round=case.offer_round,
            position=position,
            remedies=offer.remedies,
            cost=offer.cost,
            currency=offer.currency,
            authority=offer.authority,
            rule=offer.rule,
            approved_by=offer.approved_by,
            reason=offer.reason,
            reasons=offer.reasons,
            decision=offer.decision,
            made_at=work.now,
        )
        for position, offer in enumerate(offers, 1)
    ]
    case.offers.extend(again)
    work.session.flush()
    return again


def withdraw_open_offers(work: UnitOfWork, case: Case) -> None:
    """Take back what is on offer, without the customer's having answered."""
    for offer in open_offers(work, case):
        offer.state, offer.answered_at = "superseded", work.now


def _order_total(work: UnitOfWork, case: Case) -> Money | None:
    order = proved_order(work, case)
    return Money(order.total, order.currency) if order else None


def rounds_put(work: UnitOfWork, case: Case) -> int:
    """How many rounds of offers were put since the case was opened, or opened again."""
    since = _current_since(work, case)
    return len({offer.round for offer in case.offers if offer.made_at >= since})


def _declined(work: UnitOfWork, case: Case) -> tuple[tuple[ProposedRemedy, ...], ...]:
    """What would not do, since the case was opened or opened again; what was put before may fit again."""
    since = _current_since(work, case)
    return tuple(remedies_of(offer) for offer in case.offers if offer.state == "declined" and offer.made_at >= since)


def _current_since(work: UnitOfWork, case: Case) -> datetime:
    reopened = select(func.max(CaseTransition.at)).where(
        CaseTransition.case_id == case.id, CaseTransition.transition == Transition.REOPEN
    )
    return work.session.scalar(reopened) or case.opened_at
