"""What staff learn of a customer: name, phone, preferences; and what superiors decide: tier, the person named for them.

Line organisation (S0): a named person looks after a customer of a niche clientele.
"""

import unicodedata

from sqlalchemy import select

from actions.cases import set_severity
from actions.conversations import lock_conversation
from actions.firm import Firm
from actions.staff.access import DeedRefused
from actions.staff.consulting import ANSWERING_ROLES
from recovery.case_states import UNSETTLED
from recovery.phones import normalise_phone
from recovery.remedies import RemedyKind
from store.audit import append
from store.database import UnitOfWork
from store.tables import Case, Conversation, Customer, Staff

# The customer pyramid (S3).
TIERS = ("vip", "major", "regular", "small")
USUAL_TIER = "regular"
# Instead of a tier: what the customer buys decides (actions.customer_value).
RECKONED = "reckoned"
NAME_LENGTH = 100
PHONE_LENGTH = 32
REASON_LENGTH = 300
PREFERENCE_LENGTH = 60
MOST_PREFERENCES = 12
_SUPERIORS = frozenset({"supervisor", "manager"})
_PHONE_SIGNS = frozenset("0123456789+-() .转ext#")


def set_contact(work: UnitOfWork, staff: Staff, conversation_id: int, name: str, phone: str) -> None:
    """Keep name and phone of the customer behind a conversation; empty for unknown.

    Raises:
        DeedRefused: the phone holds no number, or one of the two is too long.
    """
    customer = _locked(work, conversation_id)
    # Chinese keyboards write digits and signs in full width, too.
    name, phone = " ".join(name.split()), " ".join(unicodedata.normalize("NFKC", phone).split())
    if len(name) > NAME_LENGTH:
        raise DeedRefused("name_too_long")
    digits = sum(sign.isdigit() for sign in phone)
    if phone and (len(phone) > PHONE_LENGTH or set(phone.lower()) - _PHONE_SIGNS or not 5 <= digits <= 20):
        raise DeedRefused("phone_wrong")
    # Written the one way, by which calls and other customers' facts are compared; an extension stays as typed.
    customer.name, customer.phone = name or None, (normalise_phone(phone) or phone) or None
    append(work, staff.login, "set_contact", customer.public_id)


def set_tier(work: UnitOfWork, firm: Firm, staff: Staff, conversation_id: int, tier: str, reason: str) -> None:
    """Say which tier the customer belongs to, whatever was derived or imported; open cases are handled by it at once.

    Raises:
        DeedRefused: the role may not, there is no such tier, or no reason is given.
    """
    customer = _locked(work, conversation_id, with_open_cases=True)
    if staff.role not in _SUPERIORS:
        raise DeedRefused("superiors_only")
    if tier not in TIERS:
        raise DeedRefused("unknown_tier")
    reason = reason.strip()
    if not reason:
        raise DeedRefused("tier_reason_missing")
    if len(reason) > REASON_LENGTH:
        raise DeedRefused("tier_reason_too_long")
    customer.tier, customer.tier_set_by, customer.tier_reason = tier, staff.login, reason
    for case in _open_cases(work, customer.id):
        case.tier = tier
        set_severity(work, firm, case)
    append(work, staff.login, "set_tier", customer.public_id, {"tier": tier})


def release_tier(work: UnitOfWork, firm: Firm, staff: Staff, conversation_id: int) -> None:
    """Let what the customer buys decide on their tier again; open cases are handled by it at once. Twice, it is once.

    The tier is what the last reckoning found, or regular where there has been none.

    Raises:
        DeedRefused: the role may not.
    """
    customer = _locked(work, conversation_id, with_open_cases=True)
    if staff.role not in _SUPERIORS:
        raise DeedRefused("superiors_only")
    if customer.tier_set_by is None:
        return
    customer.tier = customer.reckoned_tier or USUAL_TIER
    customer.tier_set_by = customer.tier_reason = None
    for case in _open_cases(work, customer.id):
        case.tier = customer.tier
        set_severity(work, firm, case)
    append(work, staff.login, "set_tier", customer.public_id, {"tier": RECKONED})


def name_person(work: UnitOfWork, staff: Staff, conversation_id: int, login: str) -> None:
    """Name who looks after the customer; nobody in particular for an empty login.

    Raises:
        DeedRefused: the role may not, or there is nobody of that login who handles cases.
    """
    customer = _locked(work, conversation_id)
    if staff.role not in _SUPERIORS:
        raise DeedRefused("superiors_only")
    person = None
    if login:
        found = select(Staff).where(Staff.login == login, Staff.active.is_(True), Staff.role.in_(ANSWERING_ROLES))
        person = work.session.scalars(found).first()
        if person is None:
            raise DeedRefused("named_person_unknown")
    customer.named_staff_id = person.id if person else None
    append(work, staff.login, "name_person", customer.public_id, {"person": login})


def add_preference(work: UnitOfWork, staff: Staff, conversation_id: int, text: str) -> None:
    """Note what the customer prefers, such as `calls after six`; what is known already stays as it is.

    Raises:
        DeedRefused: nothing is written, it is too long, or there are enough already.
    """
    customer = _locked(work, conversation_id)
    text = " ".join(text.split())
    if not text:
        raise DeedRefused("preference_empty")
    if len(text) > PREFERENCE_LENGTH:
        raise DeedRefused("preference_too_long")
    if text.casefold() in {known.casefold() for known in customer.preferences}:
        return
    if len(customer.preferences) >= MOST_PREFERENCES:
        raise DeedRefused("preferences_enough")
    customer.preferences = [*customer.preferences, text]
    append(work, staff.login, "add_preference", customer.public_id)


def drop_preference(work: UnitOfWork, staff: Staff, conversation_id: int, text: str) -> None:
    """Forget a preference; one that is not there is forgotten already."""
    customer = _locked(work, conversation_id)
    customer.preferences = [known for known in customer.preferences if known != text]
    append(work, staff.login, "drop_preference", customer.public_id)


def set_liking(work: UnitOfWork, staff: Staff, conversation_id: int, kind: str, liking: str) -> None:
    """Note that the customer likes a kind of remedy, or does not want to be offered it; what they like comes first.

    Args:
        liking: ``preferred``, ``avoided``, or empty for neither.

    Raises:
        DeedRefused: there is no such kind, or no such liking.
    """
    customer = _locked(work, conversation_id)
    if kind not in set(RemedyKind):
        raise DeedRefused("unknown_remedy")
    if liking not in ("preferred", "avoided", ""):
        raise DeedRefused("unknown_liking")
    preferred, avoided = (
        [known for known in kinds if known != kind]
        for kinds in (customer.preferred_remedies, customer.avoided_remedies)
    )
    customer.preferred_remedies = [*preferred, kind] if liking == "preferred" else preferred
    customer.avoided_remedies = [*avoided, kind] if liking == "avoided" else avoided
    append(work, staff.login, "set_liking", customer.public_id, {"kind": kind, "liking": liking})


def _locked(work: UnitOfWork, conversation_id: int, with_open_cases: bool = False) -> Customer:
    """The customer behind the conversation, both locked.

    Args:
        with_open_cases: lock the conversations of all open cases, too; all in one order, so that nobody waits for
            somebody who waits for them.
    """
    customer_id = work.session.get_one(Conversation, conversation_id).identity.customer_id
    ids = {conversation_id}
    if with_open_cases:
        ids |= {case.conversation_id for case in _open_cases(work, customer_id)}
    for each in sorted(ids):
        lock_conversation(work, each)
    statement = (
        select(Customer)
        .where(Customer.id == customer_id)
        .with_for_update(of=Customer)
        .execution_options(populate_existing=True)
    )
    customer = work.session.scalars(statement).one()
    if customer.erased_at is not None:
        raise DeedRefused("customer_erased")
    return customer


def _open_cases(work: UnitOfWork, customer_id: int) -> list[Case]:
    statement = select(Case).where(Case.customer_id == customer_id, Case.state.in_(UNSETTLED)).order_by(Case.id)
    return list(work.session.scalars(statement.execution_options(populate_existing=True)))
