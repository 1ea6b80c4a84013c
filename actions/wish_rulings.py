"""What the rules make of a remedy that the customer names, and how it is put to them as an offer."""

from collections.abc import Sequence

from actions.account import account_of
from actions.cases import proved_order
from actions.firm import Firm
from recovery.decision import RankedOffer, Reason, ReasonKey, timing_of
from recovery.money import Money
from recovery.remedies import OUTCOME_REMEDIES, WITH_AMOUNT, RemedyKind
from recovery.severity import Severity
from recovery.wishes import WishOutcome, WishRuling, judge_wish
from store.database import UnitOfWork
from store.tables import Case

# What licenses an offer that a person must decide on, since no rule does.
NO_RULE = "wish"


def rule_on_wish(
    work: UnitOfWork, firm: Firm, case: Case, kind: RemedyKind, amount_minor: int | None = None
) -> WishRuling:
    """What becomes of the wish for ``kind`` in a case as it stands.

    Args:
        amount_minor: as the customer named it, in minor units of the firm's currency; None where they named none.
    """
    order = proved_order(work, case)
    return judge_wish(
        firm.policy,
        case.categories,
        Severity(case.severity),
        Money(order.total, order.currency) if order is not None else None,
        account_of(work, firm, case),
        kind,
        amount_minor if kind in WITH_AMOUNT else None,
    )


def with_wish(work: UnitOfWork, firm: Firm, case: Case, offers: Sequence[RankedOffer]) -> Sequence[RankedOffer]:
    """``offers``, and first what the customer wished, where none of them has it and a rule grants it to who names it.

    There are as many as before, or two where there was one.
    """
    kind = case.wished_remedy
    if kind not in set(RemedyKind) or any(one.kind == kind for offer in offers for one in offer.remedies):
        return offers
    ruling = rule_on_wish(work, firm, case, RemedyKind(kind))
    if ruling.outcome is not WishOutcome.GRANTED or not has_words(firm, kind):
        return offers
    return [as_offer(firm, ruling), *offers[: max(1, len(offers) - 1)]]


def has_words(firm: Firm, kind: str) -> bool:
    """Whether a remedy can be named to customers."""
    return firm.words.has(f"remedy.{kind}")


def as_offer(firm: Firm, ruling: WishRuling) -> RankedOffer:
    """A wish that somebody may grant, as an offer."""
    assert ruling.remedy is not None
    remedy, rule = ruling.remedy, ruling.rule
    return RankedOffer(
        (remedy,),
        Money(remedy.counts_minor, firm.policy.currency),
        ruling.authority,
        rule.id if rule else NO_RULE,
        rule.approved_by if rule else "",
        remedy.counts_minor if remedy.kind in OUTCOME_REMEDIES else 0,
        timing_of([remedy]),
        Reason(ReasonKey.BY_WISH if rule else ReasonKey.WISH_FOR_PERSON),
        ruling.bound,
    )
