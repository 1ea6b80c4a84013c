"""Decide on offers that wait for a person."""

from actions.account import authority_needed, counts_minor, lock_order
from actions.cases import move
from actions.clocks import staff_spoke
from actions.commands.hand_over import hand_over_outside_turn
from actions.conversations import lock_conversation, say
from actions.firm import Firm
from actions.guarantees.confirming import confirmed, refused
from actions.promises import keep_promises_in
from actions.remedies import describe_offer, grant
from actions.staff.access import MAY_TAKE_FROM_OTHERS, DeedRefused, audit, covers
from actions.staff.granting import RemedyWish, check_paid, check_wish, new_offer
from recovery.case_states import Transition
from recovery.control import Control, HandOverReason
from recovery.remedies import Authority, RemedyKind
from store.database import UnitOfWork
from store.tables import Case, Conversation, Offer, Staff


def approve(work: UnitOfWork, firm: Firm, staff: Staff, offer_id: int) -> None:
    """Approve an offer that waits for a person, within this person's own authority.

    Raises:
        DeedRefused: it no longer waits, is above this person's authority, or more would go back than was paid, since
            something was granted for the order meanwhile.
    """
    offer, case, conversation = _waiting_offer(work, offer_id)
    lock_order(work, firm, case)
    check_paid(work, case, sum(item["amount"] or 0 for item in offer.remedies if item["kind"] == RemedyKind.REFUND))
    if not covers(staff, authority_needed(work, firm, case, offer)):
        raise DeedRefused("above_authority")
    offer.approved_by = staff.login
    keep_promises_in(work, case, "approval")
    grant(work, firm, conversation, case, offer, None, staff.login)
    language = conversation.language or firm.file.language
    what = describe_offer(firm, language, offer)
    if not confirmed(work, firm, conversation, case, offer, offer):
        words = firm.words.render(language, "offer.approved", what=what)
        say(work, conversation, words, case_id=case.id, decisive=True)
    audit(work, staff, "approve", case.number)


def change(work: UnitOfWork, firm: Firm, staff: Staff, offer_id: int, wish: RemedyWish, reason: str) -> None:
    """Grant something else than what waits, and tell the customer what and why.

    What the offer held free of charge, such as an apology, stays beside it; goods that were to be sent anew do not.

    Args:
        wish: instead of what was applied for.
        reason: for the customer, as written.

    Raises:
        DeedRefused: it no longer waits, nothing was changed, the remedy cannot be given or is above this person's
            authority, or no reason is given.
    """
    offer, case, conversation = _waiting_offer(work, offer_id)
    if not reason.strip():
        raise DeedRefused("reason_missing")
    lock_order(work, firm, case)
    if staff.role not in MAY_TAKE_FROM_OTHERS and not covers(staff, authority_needed(work, firm, case, offer)):
        raise DeedRefused("above_authority")
    check_wish(work, firm, case, wish)
    kept = [
        RemedyWish(remedy["kind"], None)
        for remedy in offer.remedies
        if not counts_minor(remedy) and remedy["kind"] != wish.kind
    ]
    wishes = [wish, *kept]
    if {(one.kind, one.amount) for one in wishes} == {(r["kind"], r["amount"]) for r in offer.remedies}:
        raise DeedRefused("nothing_changed")
    changed = new_offer(work, firm, case, wishes, staff.login, reason.strip())
    needed = authority_needed(work, firm, case, changed)
    # A supervisor who may not grant what was asked for may still grant less: what is granted counts.
    if not covers(staff, needed):
        raise DeedRefused("above_authority")
    changed.authority = needed
    offer.state, offer.answered_at = "superseded", work.now
    keep_promises_in(work, case, "approval")
    language = conversation.language or firm.file.language
    words = firm.words.render(
        language, "offer.changed", what=describe_offer(firm, language, changed), reason=reason.strip()
    )
    if not confirmed(work, firm, conversation, case, offer, changed):
        say(work, conversation, words, author="staff", staff_id=staff.id, case_id=case.id)
        if conversation.control == Control.STAFF:
            staff_spoke(work, firm, case)
    grant(work, firm, conversation, case, changed, None, staff.login)
    audit(work, staff, "change_offer", case.number)


def refuse(work: UnitOfWork, firm: Firm, staff: Staff, offer_id: int, reason: str) -> None:
    """Refuse an offer that waits, with a word to the customer; the case goes to a person.

    Raises:
        DeedRefused: it no longer waits, is above this person's authority, or no reason is given.
    """
    offer, case, conversation = _waiting_offer(work, offer_id)
    needed = authority_needed(work, firm, case, offer)
    # What nobody may grant, the highest may still refuse: the customer waits for a word.
    if not covers(staff, Authority.MANAGER if needed is Authority.NOBODY else needed):
        raise DeedRefused("above_authority")
    if not reason.strip():
        raise DeedRefused("reason_missing")
    offer.state, offer.answered_at = "refused", work.now
    move(work, case, Transition.REFUSE_APPROVAL, staff.login)
    keep_promises_in(work, case, "approval")
    if refused(work, case, offer):
        # Nobody has told the customer of it, and nobody need take it back.
        audit(work, staff, "refuse", case.number)
        return
    language = conversation.language or firm.file.language
    what = describe_offer(firm, language, offer)
    words = firm.words.render(language, "offer.refused", what=what, reason=reason.strip())
    say(work, conversation, words, author="staff", staff_id=staff.id, case_id=case.id)
    if conversation.control == Control.STAFF:
        staff_spoke(work, firm, case)
    if conversation.control == Control.BOT:
        # A refusal is talked over with a person.
        reason = HandOverReason.ABOVE_AUTHORITY
        hand_over_outside_turn(work, firm, conversation, case, reason, by=staff.login)
    audit(work, staff, "refuse", case.number)


def _waiting_offer(work: UnitOfWork, offer_id: int) -> tuple[Offer, Case, Conversation]:
    offer = work.session.get_one(Offer, offer_id)
    case = work.session.get_one(Case, offer.case_id)
    conversation = lock_conversation(work, case.conversation_id)
    work.session.refresh(offer)
    work.session.refresh(case)
    if offer.state != "awaiting_approval":
        raise DeedRefused("not_waiting")
    return offer, case, conversation
