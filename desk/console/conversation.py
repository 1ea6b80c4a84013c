"""One conversation with its case, as the person who handles it needs it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from actions.account import authority_needed
from actions.cases import get_fact
from actions.firm import Firm
from actions.promises import is_owed_by_hand
from actions.remedies import describe_offer
from actions.staff.access import covers
from desk.channels.windows import Waits
from desk.console.amends import AmendsPanel, read_amends
from desk.console.case_work import CaseWork, read_case_work
from desk.console.clocks import Clock, ClocksPanel, read_clock, read_clocks
from desk.console.composer_tools import ComposerTools, read_tools
from desk.console.file_lines import FilesOfConversation, read_files
from desk.console.handling import HandlingPanel, read_handling
from desk.console.person import PersonPanel, read_person
from desk.console.touched import TouchedLine, read_touched
from desk.console.watch import conversation_versions
from desk.console.window_line import WindowLine, read_window_line
from recovery.money import Money
from recovery.remedies import Authority
from store.database import UnitOfWork
from store.tables import (
    Assessment,
    Case,
    Conversation,
    HandOver,
    Message,
    Offer,
    Order,
    OutboxRow,
    Promise,
    Remedy,
    Staff,
)

HISTORY_LENGTH = 200
_OTHER_CASES = 20


@dataclass(frozen=True, slots=True)
class Said:
    """A message of the history.

    Attributes:
        by: name of the person of staff who said it; None for customer and bot.
        delivery: ``pending``, ``failed``, ``held`` or ``lapsed`` where it has not reached the channel; else None.
        waits: of a held one, what for: one of :class:`desk.channels.windows.Waits`; else None.
    """

    message: Message
    by: str | None
    delivery: str | None
    waits: str | None


@dataclass(frozen=True, slots=True)
class OfferLine:
    """An offer, priced and worded.

    Attributes:
        authority: who may grant it now.
        within_own: whether the reader may.
        reason: why it stands where it does, or what a person wrote, in the reader's language where there is one.
        expected: of such customers, in percent: who accepts (``acceptance``), and who then comes back (``retention``).
    """

    offer: Offer
    what: str
    cost: Money
    authority: str
    within_own: bool
    reason: str = ""
    expected: dict[str, int] | None = None


@dataclass(frozen=True, slots=True)
class PromiseLine:
    """A promise, and whether the reader can note that it was done."""

    promise: Promise
    clock: Clock
    to_be_done: bool


@dataclass(frozen=True, slots=True)
class CasePanel:
    """A case and what belongs to it.

    Attributes:
        words: label → what the customer said that spoke for it; risks as ``risk:key``.
        order: as the merchant knows it, where there is one by that number.
    """

    case: Case
    owner: str | None
    words: dict[str, list[str]]
    corrected_by: str | None
    facts: dict[str, str]
    amount: Money | None
    order_number: str | None
    order: Order | None
    order_total: Money | None
    offers: list[OfferLine]
    remedies: list[tuple[Remedy, Money]]
    rating_by: dict[int, str]
    clocks: ClocksPanel
    amends: AmendsPanel


@dataclass(frozen=True, slots=True)
class ConversationPage:
    """All that the page shows, read at one moment."""

    version: str
    conversation: Conversation
    holder: Staff | None
    history: list[Said]
    earlier: int | None
    hand_overs: list[HandOver]
    waiting: Clock | None
    panel: CasePanel | None
    promises: list[PromiseLine]
    other_cases: list[Case]
    case_work: CaseWork
    files: FilesOfConversation
    tools: ComposerTools
    handling: HandlingPanel
    person: PersonPanel
    touched: list[TouchedLine]
    window: WindowLine | None


def find_by_public_id(work: UnitOfWork, public_id: str) -> Conversation | None:
    """The conversation with this public id, or None."""
    return work.session.scalars(select(Conversation).where(Conversation.public_id == public_id)).first()


def read_conversation(
    work: UnitOfWork,
    firm: Firm,
    me: Staff,
    language: str,
    public_id: str,
    case_number: str | None = None,
    before: int | None = None,
) -> ConversationPage | None:
    """The conversation as ``me`` sees it, or None where there is none.

    Args:
        language: of the descriptions.
        case_number: one of the customer's cases; the one in focus where it names none.
        before: show what was said before this number.
    """
    conversation = find_by_public_id(work, public_id)
    if conversation is None:
        return None
    cases = list(
        work.session.scalars(
            select(Case)
            .where(Case.customer_id == conversation.identity.customer_id)
            .options(*_LOADED)
            .order_by(Case.opened_at.desc(), Case.id.desc())
            .limit(_OTHER_CASES)
        )
    )
    shown = next((case for case in cases if case.number == case_number), None) or next(
        (case for case in cases if case.id == conversation.focus_case_id), cases[0] if cases else None
    )
    promises = [
        made
        for made in work.session.scalars(
            select(Promise).where(Promise.conversation_id == conversation.id).order_by(Promise.id.desc())
        )
        if made.case_id is None or (shown is not None and made.case_id == shown.id)
    ]
    answer = next((made for made in promises if made.kind == "person_answers"), None)
    history = _history(work, conversation, before)
    hand_overs = select(HandOver).where(HandOver.conversation_id == conversation.id).order_by(HandOver.id.desc())
    return ConversationPage(
        version=conversation_versions(work, {conversation.id})[conversation.id],
        conversation=conversation,
        person=read_person(work, conversation, shown),
        holder=work.session.get(Staff, conversation.taken_by_id) if conversation.taken_by_id else None,
        history=history,
        earlier=history[0].message.number if history and history[0].message.number > 1 else None,
        hand_overs=list(work.session.scalars(hand_overs.limit(10))),
        waiting=read_clock(answer.made_at, answer.due_at, work.now) if answer and answer.state != "kept" else None,
        panel=_panel(work, firm, me, language, shown) if shown else None,
        promises=[_promise_line(made, shown, conversation, work.now) for made in promises],
        other_cases=[case for case in cases if case is not shown],
        case_work=read_case_work(
            work, firm, me, language, conversation, shown, [said.message for said in history], before
        ),
        files=read_files(work, conversation),
        tools=read_tools(work, firm, me, conversation),
        handling=read_handling(work, firm, me, conversation),
        touched=read_touched(work, firm, me, conversation),
        window=read_window_line(work, conversation),
    )


_LOADED = [
    selectinload(relation)
    for relation in (Case.conversation, Case.facts, Case.offers, Case.remedies, Case.promises, Case.ratings)
]


def _history(work: UnitOfWork, conversation: Conversation, before: int | None) -> list[Said]:
    statement = select(Message).where(Message.conversation_id == conversation.id)
    if before is not None:
        statement = statement.where(Message.number < before)
    latest = list(work.session.scalars(statement.order_by(Message.number.desc()).limit(HISTORY_LENGTH)))
    names = _names(work, {message.staff_id for message in latest})
    undelivered = {
        row.message_id: (row.state, row.error if row.state == "held" and row.error in set(Waits) else None)
        for row in work.session.scalars(
            select(OutboxRow).where(OutboxRow.conversation_id == conversation.id, OutboxRow.state != "sent")
        )
    }
    return [
        Said(message, names.get(message.staff_id or 0), *undelivered.get(message.id, (None, None)))
        for message in reversed(latest)
    ]


def _names(work: UnitOfWork, ids: set[int | None]) -> dict[int, str]:
    return {staff.id: staff.name for staff in work.session.scalars(select(Staff).where(Staff.id.in_(ids - {None})))}


def _panel(work: UnitOfWork, firm: Firm, me: Staff, language: str, case: Case) -> CasePanel:
    judged = list(work.session.scalars(select(Assessment).where(Assessment.case_id == case.id).order_by(Assessment.id)))
    words: dict[str, list[str]] = {}
    for assessment in judged:
        for label, said in assessment.words.items():
            known = words.setdefault(label, [])
            known.extend(word for word in said if word not in known)
    number, amount = get_fact(case, "order_number"), get_fact(case, "amount")
    order = work.session.get(Order, number) if number else None
    names = _names(work, {case.owner_id, *(rating.handled_by_id for rating in case.ratings)})
    return CasePanel(
        case=case,
        owner=names.get(case.owner_id or 0),
        words=words,
        corrected_by=judged[-1].by if len(judged) > 1 and judged[-1].by != "bot" else None,
        facts={fact.key: fact.value for fact in case.facts if fact.key not in ("order_number", "amount")},
        amount=_read_amount(amount) if amount else None,
        order_number=number,
        order=order,
        order_total=Money(order.total, order.currency) if order else None,
        offers=[_offer_line(work, firm, me, language, case, offer) for offer in reversed(case.offers)],
        remedies=[(remedy, Money(remedy.amount, remedy.currency)) for remedy in case.remedies],
        rating_by={rating.id: names[rating.handled_by_id] for rating in case.ratings if rating.handled_by_id in names},
        clocks=read_clocks(work, firm, me, case),
        amends=read_amends(work, firm, me, case),
    )


def _offer_line(work: UnitOfWork, firm: Firm, me: Staff, language: str, case: Case, offer: Offer) -> OfferLine:
    needed = authority_needed(work, firm, case, offer) if offer.state == "awaiting_approval" else offer.authority
    return OfferLine(
        offer=offer,
        what=describe_offer(firm, language, offer),
        cost=Money(offer.cost, offer.currency),
        authority=needed,
        within_own=offer.state == "awaiting_approval" and covers(me, Authority(needed)),
        reason=offer.reasons.get(language, offer.reason),
        expected=_expected(offer),
    )


def _expected(offer: Offer) -> dict[str, int] | None:
    """What was expected of an offer as it was made, in whole percent."""
    worth = offer.decision.get("worth")
    if worth is None:
        return None
    return {name: round(100 * worth[name]["mean"]) for name in ("acceptance", "retention")}


def _promise_line(made: Promise, case: Case | None, conversation: Conversation, now: datetime) -> PromiseLine:
    stopped = made.settled_at if made.state != "open" else None
    clock = read_clock(made.made_at, made.due_at, now, stopped)
    return PromiseLine(made, clock, is_owed_by_hand(made, case if made.case_id else None, conversation))


def _read_amount(value: str) -> Money | None:
    """The fact ``amount``, kept as ``30000 CNY``."""
    minor, _, currency = value.partition(" ")
    return Money(int(minor), currency) if minor.isdigit() and currency else None
