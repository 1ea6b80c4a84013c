"""Tell a customer of an incident before they complain, once, with what we do and offer (S0: feed-forward, 前馈).

One unit of work: the conversation first, then all rows of the customer in the incident. Whatever comes second,
another worker, another order of theirs, a restart, finds the rows settled and says nothing.
"""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum

from sqlalchemy import exists, select

from actions.cases import focus_case, get_fact, move, set_fact
from actions.conversations import await_answer, await_nothing, say
from actions.firm import Firm
from actions.incidents.affected import has_heard, lock_rows, settle_rows
from actions.incidents.claiming import put_off
from actions.incidents.preview import dearest_of, quiet_until
from actions.incidents.reaching import conversation_of, family_of, reach
from actions.incidents.words import keep_word, news
from actions.notifying import NotificationKind, notify
from actions.offering import Button, decide_for, make_offers, offer_words, withdraw_open_offers
from actions.proactive import open_proactive_case
from recovery.case_states import UNSETTLED, CaseState, Transition
from recovery.control import Control
from recovery.incidents import IncidentState, RowState, WaitsFor
from store.database import UnitOfWork
from store.tables import Case, Conversation, Fact, InboxRow, Incident, IncidentOrder, Message, Order

_BUSY = timedelta(seconds=10)
_LOOK_AGAIN = timedelta(minutes=1)
# Fields of a case are short; nobody reads more orders than this in one line.
_OTHERS_KEPT = 500


class Told(StrEnum):
    """What came of an attempt."""

    TOLD = "told"
    JOINED = "joined"
    NOTHING = "nothing"
    WAITS = "waits"


def tell(work: UnitOfWork, firm: Firm, row_id: int) -> Told:
    """Tell the customer of an order that an incident touches it, or see why not now. Safe to call again and again."""
    row = work.session.get(IncidentOrder, row_id)
    if row is None or row.state != RowState.WAITING:
        return Told.NOTHING
    reached = reach(work, [row.order_number]).get(row.order_number)
    if reached is None:
        row.state, row.claimed_until = RowState.UNREACHABLE, None
        return Told.NOTHING
    conversation = conversation_of(work, reached)
    rows = lock_rows(work, row.incident_id, conversation.identity.customer_id, also=[row.order_number])
    row = next(one for one in rows if one.id == row_id)
    incident = work.session.get_one(Incident, row.incident_id, populate_existing=True)
    if row.state != RowState.WAITING:
        return Told.NOTHING
    row.claimed_until = None
    if incident.state != IncidentState.RUNNING or quiet_until(firm, work.now) is not None:
        return Told.WAITS
    if (heard := has_heard(rows)) is not None:
        case = work.session.get(Case, heard.case_id) if heard.case_id is not None else None
        settle_rows(work, [row], row, RowState.SAME_CUSTOMER, case)
        row.told_at = None
        return Told.NOTHING
    theirs = [one for one in rows if one.state in _TOLD_WITH]
    complained = _complaint_about(work, firm, incident, conversation, theirs)
    if complained is not None and complained.conversation_id != conversation.id:
        # It goes on where they spoke of it; whoever has it there sees what it belongs to.
        _attach(work, incident, theirs, row, complained)
        return Told.JOINED
    if _must_wait(work, firm, conversation, row, complained):
        return Told.WAITS
    if complained is not None:
        _attach(work, incident, theirs, row, complained)
        if complained.state in UNSETTLED:
            _say_known(work, firm, incident, conversation, complained, theirs)
        return Told.JOINED
    _say_first(work, firm, incident, conversation, theirs, row)
    return Told.TOLD


# Orders of the same customer that the one message names.
_TOLD_WITH = frozenset({RowState.WAITING, RowState.UNREACHABLE})
# Cases in which the bot still looks for what makes it right.
_OPEN_TO_OFFERS = frozenset({CaseState.OPEN, CaseState.OFFERED})


def _must_wait(
    work: UnitOfWork, firm: Firm, conversation: Conversation, row: IncidentOrder, complained: Case | None
) -> bool:
    """Whether somebody, or something, comes first in this conversation; then the row is put off."""
    if conversation.control != Control.BOT:
        if complained is not None:
            # The person who has the case tells them; the page shows what it belongs to.
            return False
        _tell_person(work, conversation, row)
        put_off(row, WaitsFor.PERSON, work.now + _LOOK_AGAIN)
        return True
    waiting = exists().where(InboxRow.conversation_id == conversation.id, InboxRow.state == "open")
    if work.session.scalar(select(waiting)):
        put_off(row, WaitsFor.BUSY, work.now + _BUSY)
        return True
    focus = focus_case(work, conversation)
    about_it = complained is not None and focus is not None and focus.id == complained.id
    talked_about = conversation.awaited is not None or (focus is not None and focus.state in UNSETTLED)
    if talked_about and not about_it and not _is_silent(work, firm, conversation):
        put_off(row, WaitsFor.QUESTION, work.now + _LOOK_AGAIN)
        return True
    return False


def _is_silent(work: UnitOfWork, firm: Firm, conversation: Conversation) -> bool:
    """Whether nothing has been said for so long that what was asked no longer holds the news up."""
    last = select(Message.at).where(
        Message.conversation_id == conversation.id, Message.number == conversation.last_number
    )
    at = work.session.scalars(last).first()
    return at is None or work.now - at >= firm.playbooks.patience


def _tell_person(work: UnitOfWork, conversation: Conversation, row: IncidentOrder) -> None:
    """Whoever has the conversation hears of it once; its page shows it for as long as it holds."""
    if row.noted_at is None:
        row.noted_at = work.now
        holder = conversation.taken_by_id or conversation.assigned_to_id
        notify(work, [holder] if holder else [], NotificationKind.INCIDENT_TOUCHES, conversation)


def _complaint_about(
    work: UnitOfWork, firm: Firm, incident: Incident, conversation: Conversation, rows: Sequence[IncidentOrder]
) -> Case | None:
    """The case in which the customer spoke of one of these orders already, or the firm did; the latest that counts.

    What is settled counts where it was about the same failure; of another incident, too. Whose late parcel was made
    good must still hear that what is in it is faulty.
    """
    about = select(Fact.case_id).where(Fact.key == "order_number", Fact.value.in_([row.order_number for row in rows]))
    since = incident.created_at - firm.playbooks.joined_for
    found = select(Case).where(
        Case.id.in_(about),
        Case.customer_id.in_(family_of(work, conversation.identity.customer_id)),
        Case.merged_into_id.is_(None),
        Case.erased_at.is_(None),
        Case.state != CaseState.WITHDRAWN,
        Case.state.in_(UNSETTLED) | (Case.opened_at >= since),
    )
    for case in work.session.scalars(found.order_by(Case.state.in_(UNSETTLED).desc(), Case.id.desc())):
        of_another = case.incident_id not in (None, incident.id)
        if incident.category in case.categories or (case.state in UNSETTLED and not of_another):
            return case
    return None


def _attach(
    work: UnitOfWork, incident: Incident, rows: Sequence[IncidentOrder], row: IncidentOrder, case: Case
) -> None:
    if case.incident_id is None:
        case.incident_id = incident.id
    settle_rows(work, rows, row, RowState.JOINED, case)


def _say_known(
    work: UnitOfWork,
    firm: Firm,
    incident: Incident,
    conversation: Conversation,
    case: Case,
    rows: Sequence[IncidentOrder],
) -> None:
    """Who complained before we knew hears what it was; while nothing is agreed, the playbook's offer comes instead."""
    if conversation.control != Control.BOT:
        return
    language = conversation.language or case.language
    playbook = firm.playbooks.named(incident.playbook)
    numbers = [row.order_number for row in rows]
    said = news(work, firm, incident, playbook, "incident.joined", language, numbers, case.number)
    keep_word(work, conversation, case, said)
    offered: tuple[str, list[Button]] | None = None
    if case.state in _OPEN_TO_OFFERS and case.order_proved:
        conversation.focus_case_id = case.id
        withdraw_open_offers(work, case)
        offered = _offer(work, firm, conversation, case, language)
    text, buttons = _with_offer(said.text, offered)
    say(work, conversation, text, buttons=buttons, case_id=case.id, decisive=True)


def _say_first(
    work: UnitOfWork,
    firm: Firm,
    incident: Incident,
    conversation: Conversation,
    rows: Sequence[IncidentOrder],
    row: IncidentOrder,
) -> None:
    numbers = [one.order_number for one in rows]
    orders = list(work.session.scalars(select(Order).where(Order.number.in_(numbers))))
    main = dearest_of(orders, firm.policy.currency)
    case = open_proactive_case(work, firm, conversation, "incident", incident.category, main.number)
    case.incident_id = incident.id
    conversation.focus_case_id = case.id
    if others := [number for number in numbers if number != main.number]:
        set_fact(work, case, "other_order_number", ", ".join(others)[:_OTHERS_KEPT])
    language = conversation.language or firm.file.language
    playbook = firm.playbooks.named(incident.playbook)
    said = news(work, firm, incident, playbook, "incident.told", language, numbers, case.number)
    await_nothing(conversation)
    text, buttons = _with_offer(said.text, _offer(work, firm, conversation, case, language))
    if not conversation.introduced:
        conversation.introduced = True
        text = f"{text}\n\n{firm.words.render(language, 'machine.introduction')}"
    say(work, conversation, text, buttons=buttons, case_id=case.id, decisive=True)
    keep_word(work, conversation, case, said)
    settle_rows(work, rows, row, RowState.TOLD, case)


def _offer(
    work: UnitOfWork, firm: Firm, conversation: Conversation, case: Case, language: str
) -> tuple[str, list[Button]] | None:
    """Put what the playbook offers; None where it offers nothing that can be given."""
    decision = decide_for(work, firm, case)
    if not decision.offers:
        return None
    offers = make_offers(work, firm, case, decision.offers, "timer")
    move(work, case, Transition.OFFER, "timer")
    await_answer(conversation, "offer", options=[offer.remedies[0]["kind"] for offer in offers])
    return offer_words(firm, language, offers, "offer.intro")


def _with_offer(text: str, offered: tuple[str, list[Button]] | None) -> tuple[str, list[Button]]:
    if offered is None:
        return text, []
    words, buttons = offered
    return f"{text}\n\n{words}", buttons


def told_by_hand(
    work: UnitOfWork,
    conversation: Conversation,
    incident: Incident,
    row: IncidentOrder,
    rows: Sequence[IncidentOrder],
) -> None:
    """A person told the customer; the bot does not tell them again.

    Args:
        rows: all of the customer's, locked behind their conversation.
    """
    case = focus_case(work, conversation)
    touched = case if case is not None and get_fact(case, "order_number") in {r.order_number for r in rows} else None
    if touched is not None:
        touched.incident_id = incident.id
    settle_rows(work, [one for one in rows if one.state in _TOLD_WITH], row, RowState.BY_HAND, touched)
