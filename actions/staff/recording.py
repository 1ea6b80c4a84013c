"""Any door: record a complaint taken by phone, at the counter or in a letter, so that it is one like any other."""

import re
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import joinedload, selectinload

from actions.cases import assess, focus_case, get_fact, move_if_possible, open_case, set_fact, set_severity
from actions.clocks import restart_for_department, resume_soon, staff_spoke
from actions.commands.hand_over import hand_over_outside_turn
from actions.connectors.orders import OrderTwin
from actions.conversations import (
    SPOKEN,
    Address,
    await_nothing,
    find_conversation,
    lock_conversation,
    note_heard,
    open_conversation,
    storable,
)
from actions.firm import Firm
from actions.notifying import NotificationKind, notify
from actions.proactive import became_complaint
from actions.routing import release
from actions.staff.access import DeedRefused, audit
from actions.understanding import CategoryReading, EmotionReading, RiskReading, Understanding
from actions.words.catalogue import LANGUAGES
from recovery.case_states import UNSETTLED, Transition
from recovery.control import Control, HandOverReason
from recovery.failures import Risk
from recovery.phones import last_four, normalise_phone
from recovery.remedies import RemedyKind
from store.database import UnitOfWork
from store.tables import Case, Conversation, Customer, Fact, HandOver, Identity, InboxRow, Message, OutboxRow, Staff
from store.tables.base import unguessable

# By which door a complaint comes that nobody typed.
DOORS = ("phone", "counter", "letter", "other")
SAID_LENGTH = 4000
DUPLICATES_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Taken:
    """A complaint as a person took it down.

    Attributes:
        key: of the form it was written in; sent twice, it is one complaint.
        customer: public id of somebody known; None for whoever has the phone number, or somebody new.
        phone: as written; empty where none was given.
        newcomer: somebody said that it is nobody known; a number that is known is not theirs, then.
        phone_last4: four digits that the customer named to prove the order.
        categories: the one that weighs most first.
        department: whom it goes to; empty for the one that the category belongs to; None where the recorder keeps it.
    """

    key: str
    door: str
    said: str
    language: str
    customer: str | None = None
    newcomer: bool = False
    name: str = ""
    phone: str = ""
    order_number: str = ""
    phone_last4: str = ""
    categories: list[str] = field(default_factory=list)
    emotion: int = 0
    risks: list[str] = field(default_factory=list)
    wished_remedy: str = ""
    department: str | None = None


def record_complaint(work: UnitOfWork, firm: Firm, staff: Staff, taken: Taken) -> Case:
    """Open a case for what a customer told a person.

    Kept by the recorder, its first response is met: a person has just spoken with the customer. Passed to a department,
    the customer is promised that department's answer.

    Raises:
        DeedRefused: something is missing or unknown, the phone number is somebody else's, a colleague is just talking
            with this customer, or the form was sent before with other words.
        IntegrityError: the same form is being recorded at this moment; tried once more, it is found.
    """
    phone = _checked(firm, taken)
    if (earlier := _recorded(work, taken)) is not None:
        return earlier
    conversation = _conversation_of(work, taken, phone, _known_customer(work, taken))
    if (earlier := _recorded(work, taken)) is not None:
        # By a second click that held the conversation first.
        return earlier
    if conversation.control == Control.STAFF and conversation.taken_by_id != staff.id:
        raise DeedRefused("taken_by_colleague")
    conversation.language = taken.language
    before = focus_case(work, conversation)
    case = open_case(
        work, firm, conversation, work.now, _understanding(taken), taken.language, linked_to=before, opened_by=staff
    )
    case.recording_key, case.acknowledged_at = taken.key, work.now
    _keep_facts(work, firm, case, taken, phone)
    _keep_person(case.customer, taken, phone)
    note_heard(work, conversation, taken.said.strip(), _message_key(taken), case.id)
    _end_hand_overs(work, conversation)
    if taken.department is None:
        _keep_conversation(work, conversation, case, staff)
        staff_spoke(work, firm, case)
    else:
        conversation.control, conversation.taken_by_id = Control.BOT, None
        if taken.department and taken.department != case.department:
            restart_for_department(work, firm, case, taken.department)
        hand_over_outside_turn(work, firm, conversation, case, HandOverReason.RECORDED, by=staff.login)
        # The recorder reads it out; nobody needs to ring up for it.
        _mark_told(work, conversation, conversation.last_number)
    audit(work, staff, "record", case.number)
    return case


def add_to_case(work: UnitOfWork, firm: Firm, staff: Staff, case_id: int, taken: Taken) -> Case:
    """Keep what a customer told a person as a further word on a case there is; whoever has the case is told.

    Raises:
        DeedRefused: the case is settled, or as for a new one.
        IntegrityError: as for a new one.
    """
    phone = _checked(firm, taken)
    found = work.session.get_one(Case, case_id)
    door = _address(work, taken, phone, found.customer)
    spoken = find_conversation(work, door)
    for conversation_id in sorted({found.conversation_id, *([spoken.id] if spoken else [])}):
        lock_conversation(work, conversation_id)
    case = work.session.get_one(Case, case_id, populate_existing=True)
    if case.state not in UNSETTLED:
        raise DeedRefused("case_settled")
    if spoken is not None and spoken.identity.customer_id != case.customer_id:
        raise DeedRefused("phone_of_another")
    conversation = spoken or open_conversation(work, door, taken.door, case.customer)
    if not note_heard(work, conversation, taken.said.strip(), _message_key(taken), case.id):
        _see_same_words(work, taken, conversation.id, case)
        return case
    _keep_facts(work, firm, case, taken, phone)
    _keep_person(case.customer, taken, phone)
    assess(work, firm, case, _understanding(taken), staff.login)
    if became_complaint(work, firm, case, work.now):
        # A person has just spoken with the customer.
        case.acknowledged_at = work.now
    resume_soon(work, case)
    if case.owner_id is not None and case.owner_id != staff.id:
        notify(work, [case.owner_id], NotificationKind.CUSTOMER_WROTE, case.conversation, case)
    # Pages of the case's own conversation show it, too.
    work.touched.add(case.conversation_id)
    audit(work, staff, "record_more", case.number)
    return case


def tell(work: UnitOfWork, staff: Staff, conversation_id: int, up_to: int) -> None:
    """Note that a person told the customer what was held back behind a spoken door.

    Args:
        up_to: number of the last message that the person was shown; what came after it is still to be told.

    Raises:
        DeedRefused: messages of this channel are sent, not told.
    """
    conversation = lock_conversation(work, conversation_id)
    if conversation.identity.channel not in SPOKEN:
        raise DeedRefused("not_spoken")
    _mark_told(work, conversation, up_to)
    audit(work, staff, "tell", conversation.public_id)


def find_duplicates(work: UnitOfWork, customer_ids: set[int], phone: str | None, order_number: str) -> list[Case]:
    """Unsettled cases that may be the same complaint: of these customers, of this phone, about this order."""
    alike: list[ColumnElement[bool]] = []
    if customer_ids:
        alike.append(Case.customer_id.in_(customer_ids))
    if phone:
        alike += [
            Case.customer_id.in_(select(Customer.id).where(Customer.phone == phone)),
            Case.customer_id.in_(
                select(Identity.customer_id).where(Identity.channel == "phone", Identity.external_id == phone)
            ),
            Case.id.in_(select(Fact.case_id).where(Fact.key == "phone", Fact.value == phone)),
        ]
    if order_number:
        alike.append(Case.id.in_(select(Fact.case_id).where(Fact.key == "order_number", Fact.value == order_number)))
    if not alike:
        return []
    statement = select(Case).where(or_(*alike), Case.state.in_(UNSETTLED), Case.merged_into_id.is_(None))
    statement = statement.options(joinedload(Case.conversation), selectinload(Case.facts))
    latest = statement.order_by(Case.opened_at.desc(), Case.id.desc()).limit(DUPLICATES_SHOWN)
    return list(work.session.scalars(latest).unique())


def is_order_theirs(work: UnitOfWork, number: str, customer_id: int | None, *digits: str | None) -> bool:
    """Whether the order is listed with one of the customer's identities, or proved by digits that they named."""
    orders = OrderTwin(work)
    if any(orders.is_proved_by(number, four) for four in digits if four):
        return True
    if customer_id is None:
        return False
    identities = work.session.scalars(select(Identity).where(Identity.customer_id == customer_id))
    return any(orders.belongs_to(number, identity.public) for identity in identities)


def _checked(firm: Firm, taken: Taken) -> str | None:
    """See that a form can be used; the phone number, made one.

    Raises:
        DeedRefused: it cannot.
    """
    phone = normalise_phone(taken.phone) if taken.phone.strip() else None
    wrong = {
        "said_missing": not taken.said.strip(),
        "said_too_long": len(taken.said) > SAID_LENGTH,
        "wrong_door": taken.door not in DOORS or taken.language not in LANGUAGES or not taken.key,
        "wrong_phone": bool(taken.phone.strip()) and phone is None,
        "wrong_digits": bool(taken.phone_last4) and not re.fullmatch(r"\d{4}", taken.phone_last4, re.ASCII),
        "wrong_order": len(taken.order_number) > 64,
        "category_missing": not taken.categories,
        "wrong_assessment": bool(set(taken.categories) - set(firm.categories))
        or bool(set(taken.risks) - {risk.value for risk in Risk})
        or not 0 <= taken.emotion <= 3,
        "wrong_remedy": bool(taken.wished_remedy) and taken.wished_remedy not in {kind.value for kind in RemedyKind},
        "unknown_department": bool(taken.department)
        and taken.department not in {department.key for department in firm.departments},
    }
    for code, is_so in wrong.items():
        if is_so:
            raise DeedRefused(code)
    return phone


def _message_key(taken: Taken) -> str:
    return f"recorded:{taken.key}"


def _recorded(work: UnitOfWork, taken: Taken) -> Case | None:
    """The case that this form made before.

    Raises:
        DeedRefused: with other words; a form that came back by the browser's back button is another complaint.
    """
    earlier = work.session.scalars(select(Case).where(Case.recording_key == taken.key)).first()
    if earlier is not None:
        _see_same_words(work, taken, earlier.conversation_id, earlier)
    return earlier


def _see_same_words(work: UnitOfWork, taken: Taken, conversation_id: int, case: Case) -> None:
    known = (
        select(Message.text, Message.case_id)
        .join(InboxRow, InboxRow.id == Message.inbox_id)
        .where(InboxRow.conversation_id == conversation_id, InboxRow.message_key == _message_key(taken))
    )
    found = work.session.execute(known).first()
    if found is not None and tuple(found) != (storable(taken.said.strip()), case.id):
        raise DeedRefused("form_used")


def _known_customer(work: UnitOfWork, taken: Taken) -> Customer | None:
    if taken.customer is None:
        return None
    found = work.session.scalars(select(Customer).where(Customer.public_id == taken.customer)).first()
    if found is None or found.merged_into_id is not None or found.erased_at is not None:
        raise DeedRefused("unknown_customer")
    return found


def _conversation_of(work: UnitOfWork, taken: Taken, phone: str | None, customer: Customer | None) -> Conversation:
    """The conversation behind the door, locked; with whom it is, it is with for good."""
    address = _address(work, taken, phone, customer)
    if taken.newcomer and find_conversation(work, address) is not None:
        raise DeedRefused("phone_of_another")
    conversation = open_conversation(work, address, taken.door, customer)
    if customer is not None and conversation.identity.customer_id != customer.id:
        raise DeedRefused("phone_of_another")
    conversation.channel_label = taken.door
    return conversation


def _address(work: UnitOfWork, taken: Taken, phone: str | None, customer: Customer | None) -> Address:
    """By the phone number where there is one: whoever calls again is known; else by the door, under a name of ours."""
    if phone is not None:
        return Address("phone", phone)
    if customer is not None:
        before = select(Identity).where(Identity.customer_id == customer.id, Identity.channel == taken.door)
        known = work.session.scalars(before.order_by(Identity.id)).first()
        if known is not None:
            return Address(known.channel, known.external_id, known.account)
    return Address(taken.door, unguessable())


def _understanding(taken: Taken) -> Understanding:
    """What the person judged, in the shape of what the machine would have understood."""
    return Understanding(
        language=taken.language,
        text=taken.said.strip(),
        categories=[CategoryReading(key=key, confidence=1) for key in taken.categories],
        emotion=EmotionReading(level=taken.emotion),
        risk=[RiskReading(key=key) for key in taken.risks],
    )


def _keep_facts(work: UnitOfWork, firm: Firm, case: Case, taken: Taken, phone: str | None) -> None:
    number = OrderTwin(work).as_on_file(taken.order_number.strip())
    if phone is not None:
        set_fact(work, case, "phone", phone)
    if taken.wished_remedy:
        case.wished_remedy = taken.wished_remedy
    known = get_fact(case, "order_number")
    if number and known not in (None, number):
        # What was offered or granted goes by the order that the case names already.
        set_fact(work, case, "other_order_number", number)
    elif number:
        set_fact(work, case, "order_number", number)
        if not case.order_proved:
            four = last_four(phone)
            case.order_proved = is_order_theirs(work, number, case.customer_id, taken.phone_last4, four)
    work.session.flush()
    if case.order_proved:
        set_severity(work, firm, case)


def _keep_person(customer: Customer, taken: Taken, phone: str | None) -> None:
    """Fill in what is not known yet; what is known, the customer card corrects."""
    customer.name = customer.name or taken.name.strip()[:100] or None
    customer.phone = customer.phone or phone


def _keep_conversation(work: UnitOfWork, conversation: Conversation, case: Case, staff: Staff) -> None:
    """The recorder goes on with it: they have it, and a person has answered."""
    conversation.control, conversation.taken_by_id, conversation.queued_at = Control.STAFF, staff.id, None
    conversation.fence += 1
    release(work, conversation)
    await_nothing(conversation)
    work.session.add(
        HandOver(
            conversation_id=conversation.id,
            case_id=case.id,
            reason=HandOverReason.RECORDED,
            by=staff.login,
            at=work.now,
            taken_by_id=staff.id,
            taken_at=work.now,
        )
    )
    case.owner_id = staff.id
    move_if_possible(work, case, Transition.HAND_OVER, staff.login)


def _end_hand_overs(work: UnitOfWork, conversation: Conversation) -> None:
    work.session.execute(
        update(HandOver)
        .where(HandOver.conversation_id == conversation.id, HandOver.ended_at.is_(None))
        .values(ended_at=work.now)
    )


def _mark_told(work: UnitOfWork, conversation: Conversation, up_to: int) -> None:
    shown = select(Message.id).where(Message.conversation_id == conversation.id, Message.number <= up_to)
    work.session.execute(
        update(OutboxRow)
        .where(OutboxRow.conversation_id == conversation.id, OutboxRow.state == "held", OutboxRow.message_id.in_(shown))
        .values(state="sent", sent_at=work.now)
    )
