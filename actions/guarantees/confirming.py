"""What a person's decision on a guarantee's payment means for it."""

from sqlalchemy import select

from actions.firm import Firm
from actions.guarantees.paying import Outcome
from actions.guarantees.telling import plan_telling
from store.database import UnitOfWork
from store.tables import Case, Conversation, GuaranteePayment, Offer

REFUSED = "refused"
NOTICED = "noticed"


def payment_of(work: UnitOfWork, offer: Offer) -> GuaranteePayment | None:
    """The payment that an offer makes, or None where it is no guarantee's."""
    return work.session.scalars(select(GuaranteePayment).where(GuaranteePayment.offer_id == offer.id)).first()


def confirmed(
    work: UnitOfWork, firm: Firm, conversation: Conversation, case: Case, waited: Offer, granted: Offer
) -> bool:
    """A person confirmed what waited, or granted something else in its place.

    Returns:
        Whether the customer, who knows of nothing yet, is told by the guarantee: nothing else is to be said then.
    """
    payment = payment_of(work, waited)
    if payment is None:
        return False
    payment.state, payment.offer_id, payment.settled_at = Outcome.PAID, granted.id, work.now
    work.session.flush()
    if not knows_nothing(case):
        return False
    plan_telling(work, firm, conversation, case, payment)
    return True


def refused(work: UnitOfWork, case: Case, waited: Offer) -> bool:
    """A person refused what waited: it is not paid later either.

    Returns:
        Whether the customer knows of nothing, so that nothing is to be said.
    """
    payment = payment_of(work, waited)
    if payment is None:
        return False
    payment.state, payment.settled_at = REFUSED, work.now
    return knows_nothing(case)


def withdrawn(work: UnitOfWork, waited: Offer) -> None:
    """The customer took back the complaint in which it waited: what was published is owed all the same, and is paid
    outside of it."""
    payment = payment_of(work, waited)
    if payment is not None:
        payment.state, payment.case_id, payment.offer_id, payment.settled_at = NOTICED, None, None, None


def knows_nothing(case: Case) -> bool:
    """Whether only the firm has looked at the case so far."""
    return case.origin == "guarantee" and case.complained_at is None
