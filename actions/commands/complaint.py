"""Hear a complaint, gather what is missing, and go on to the next step."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from actions.cases import (
    COMPLAINED,
    as_focus,
    assess,
    focus_case,
    get_fact,
    open_case,
    reopen,
    set_fact,
)
from actions.commands.abuse import insulted_again, warn_in_passing
from actions.commands.acknowledging import acknowledge, say_joined
from actions.commands.guarantees import honour_guarantees
from actions.commands.hand_over import hand_over, reason_to_hand_over
from actions.commands.handling import note_handling, said_of
from actions.commands.offers import make_offer, restate_offers
from actions.commands.proof import PROOF_ATTEMPTS, prove_order
from actions.commands.readings import ask_reading_again, is_reading_asked
from actions.commands.reminding import remind
from actions.follow_up import case_to_rate, keep_rating
from actions.incidents.joining import join_incident
from actions.offering import fits_still, open_offers, withdraw_open_offers
from actions.proactive import became_complaint, case_spoken_of
from actions.promises import SETTLED, open_promise, promise, promised_by_people
from actions.remedies import REMOTE
from actions.turns import OpenTurn
from recovery.case_states import UNSETTLED, CaseState, Transition, can_follow
from recovery.control import CONTACTS_BEFORE_HAND_OVER, HandOverReason
from recovery.failures import Risk
from recovery.follow_up import CONTENT_RATING, REOPENING_RATING
from recovery.joining import Joining, decide_joining
from recovery.next_step import STRONG_FEELING, Known, Step, next_step
from recovery.remedies import RemedyKind
from recovery.severity import Severity
from store.tables import Case, CaseTransition

_THREATS = frozenset({Risk.LEGAL, Risk.MEDIA})


def hear_complaint(turn: OpenTurn, person_due: HandOverReason | None = None) -> None:
    """The customer says that something went wrong: join or open the case, acknowledge, go on.

    Args:
        person_due: why a person must take over whatever else was said, if so.
    """
    rated_low = _keep_rating(turn)
    person_due = person_due or rated_low
    focus = focus_case(turn.work, turn.conversation)
    known = (focus.id, set(focus.categories)) if focus is not None else None
    was_settled = focus is not None and focus.state not in UNSETTLED
    case, is_new = _join_or_open(turn)
    _keep_facts(turn, case)
    person_due = person_due or insulted_again(turn)
    if is_new:
        acknowledge(turn, case, reopened=was_settled and known is not None and known[0] == case.id)
        warn_in_passing(turn)
        turn.work.session.flush()
        if case.about_handling and case.state == CaseState.OPEN:
            # The recovery failed, too: no machine's offer, and not those who handled it, but a superior (S0).
            _tell_of_first(turn, case)
            go_on(turn, case, HandOverReason.ABOUT_HANDLING)
            return
        if _contacts_today(turn, case) >= CONTACTS_BEFORE_HAND_OVER:
            hand_over(turn, case, HandOverReason.REPEATED_CONTACT)
            return
    else:
        if rated_low is None:
            say_joined(turn, case, known[1] if known is not None and known[0] == case.id else set(case.categories))
        warn_in_passing(turn)
    go_on(turn, case, person_due, threatened=not is_new and not _THREATS.isdisjoint(turn.understanding.risk_keys))


def record_fact(turn: OpenTurn) -> None:
    """The customer gives a fact: keep it, and go on if a case is open."""
    case = focus_case(turn.work, turn.conversation)
    awaited = turn.awaited["kind"] if turn.awaited else None
    if case is None or CaseState(case.state) in (CaseState.CLOSED, CaseState.WITHDRAWN):
        if is_reading_asked(turn):
            # What the message before meant is still open; asking what happened would lose it.
            ask_reading_again(turn)
            return
        if awaited == "happening":
            hear_complaint(turn)
            return
        turn.say("ask.happening_after_fact")
        turn.ask("happening", facts=facts_said(turn))
        return
    if awaited == "happening" and case.state == CaseState.OPEN:
        set_fact(turn.work, case, "happening", turn.understanding.text or turn.words)
        assess(turn.work, turn.firm, case, turn.understanding)
    number_before = get_fact(case, "order_number")
    _keep_facts(turn, case)
    if case.state != CaseState.OPEN:
        if turn.understanding.facts.phone is not None and _say_number_noted(turn, case):
            return
        turn.say("fact.noted", number=case.number)
        restate(turn, case)
        return
    if awaited == "order_number" and get_fact(case, "order_number") == number_before and not case.order_unknown:
        assert turn.awaited is not None
        if not turn.awaited["facts"].get("asked_again"):
            turn.say("ask.order_again")
            turn.ask("order_number", facts={"asked_again": True})
            return
        # Asked twice and not found: there are remedies that need none.
        case.order_unknown = True
        turn.say("fact.order_unknown")
    go_on(turn, case)


def go_on(turn: OpenTurn, case: Case, person_due: HandOverReason | None = None, threatened: bool = False) -> None:
    """Do the one next thing in an open case: ask what is missing, offer, or hand over.

    Args:
        threatened: who was heard already now threatens with the authorities or the public: as strong as fury.
    """
    wrong_digits = prove_order(turn, case)
    known = join_incident(turn.work, turn.firm, turn.conversation, case, turn.language)
    if known is not None:
        turn.add(known)
    waits_for_person = honour_guarantees(turn, case)
    reason = person_due or reason_to_hand_over(turn, case)
    if reason is None and case.proof_attempts >= PROOF_ATTEMPTS and not case.order_proved:
        reason = HandOverReason.NO_REMEDY
    if reason is None and waits_for_person:
        return
    if reason is None and CaseState(case.state) not in (CaseState.OPEN, CaseState.OFFERED):
        restate(turn, case)
        return
    step = next_step(
        Known(
            categories=tuple(case.categories),
            emotion=max(case.emotion, STRONG_FEELING) if threatened else case.emotion,
            hand_over_due=reason is not None,
            person_declined=case.person_declined,
            happening_asked=case.happening_asked,
            order_number=get_fact(case, "order_number"),
            order_proved=case.order_proved,
            order_unknown=case.order_unknown,
            order_needed=_order_needed(turn, case),
        )
    )
    if step is Step.HAND_OVER_AT_ONCE:
        assert reason is not None
        withdraw_open_offers(turn.work, case)
        hand_over(turn, case, reason)
    elif step is Step.CONFIRM_HAND_OVER:
        # A number must not choose while this is asked.
        withdraw_open_offers(turn.work, case)
        turn.say("ask.confirm_person", buttons=_yes_no(turn))
        turn.ask("confirm_hand_over")
    elif step is Step.ASK_HAPPENING:
        case.happening_asked = True
        turn.say("ask.happening")
        turn.ask("happening")
    elif step is Step.ASK_ORDER:
        # Asked in full once; whatever was said instead, the question is only called to mind.
        asked = turn.is_asked("order_number")
        turn.say("remind.order_number" if asked else "ask.order")
        turn.ask("order_number", facts=turn.awaited["facts"] if turn.awaited and asked else None)
    elif step is Step.ASK_PROOF:
        _ask_proof(turn, case, wrong_digits)
        turn.ask("order_proof")
    elif case.state == CaseState.OFFERED and open_offers(turn.work, case):
        restate_offers(turn, case, "offer.still")
    else:
        make_offer(turn, case)


def _ask_proof(turn: OpenTurn, case: Case, wrong_digits: bool) -> None:
    order = get_fact(case, "order_number") or ""
    if wrong_digits:
        turn.say("ask.proof_again" if case.proof_attempts == 1 else "ask.proof_last", order=order)
    elif turn.is_asked("order_proof") and turn.understanding.facts.order_number is None:
        turn.say("remind.order_proof")
    else:
        turn.say("ask.proof", order=order)


def _say_number_noted(turn: OpenTurn, case: Case) -> bool:
    """Say which number we call, and by when, where a call back is owed; whether it is."""
    owed = open_promise(turn.work, case, RemedyKind.CALL_BACK)
    if owed is None:
        return False
    phone, due = turn.understanding.facts.phone, turn.local(owed.due_at)
    turn.say("waiting.number_noted", phone=phone, due=due, more=False)
    return True


def restate(turn: OpenTurn, case: Case) -> None:
    """Say where an unsettled or settled case stands, and what comes next."""
    by_hand = promised_by_people(turn.work, case)
    promised = open_promise(turn.work, case, "approval")
    if case.state == CaseState.OFFERED and not open_offers(turn.work, case):
        # What was offered was taken back while something else is asked: that question stands.
        go_on(turn, case)
    elif case.state == CaseState.OFFERED:
        restate_offers(turn, case, "offer.status", number=case.number)
    elif case.state == CaseState.AWAITING_APPROVAL and promised is not None:
        turn.say("status.awaiting_approval", number=case.number, due=turn.local(promised.due_at))
    elif case.state == CaseState.REMEDYING and by_hand is not None:
        turn.say("status.promised", number=case.number, what=by_hand.text, due=turn.local(by_hand.due_at))
    elif case.state == CaseState.REMEDYING:
        turn.say("status.remedying", number=case.number)
    elif case.state in (CaseState.WITH_STAFF, CaseState.AWAITING_APPROVAL):
        turn.say("status.with_staff", number=case.number, due=_settled_by(turn, case))
    elif case.state == CaseState.OPEN:
        turn.say("status.open", number=case.number)
        if turn.conversation.awaited is None:
            go_on(turn, case)
        else:
            remind(turn)
    elif case.state == CaseState.WITHDRAWN:
        turn.say("status.withdrawn", buttons=go_on_button(turn), number=case.number)
    else:
        # An apology has a number in our books; to the customer it says nothing.
        references = [r.reference for r in case.remedies if r.reference and r.kind in REMOTE]
        turn.say("status.settled", number=case.number, references=references)


def go_on_button(turn: OpenTurn) -> list[dict[str, str]]:
    """By which a case that was taken back goes on; typing its words does the same."""
    words = turn.text("button.go_on")
    return [{"title": words, "payload": words}]


def _settled_by(turn: OpenTurn, case: Case) -> datetime | None:
    """By when the case is settled, promised as it is said; None where the time has passed: nobody names it any more."""
    if case.resolution_due <= turn.work.now:
        return None
    owed = open_promise(turn.work, case, SETTLED)
    if owed is None:
        owed = promise(turn.work, turn.conversation, case, SETTLED, turn.text("promise.settled"), case.resolution_due)
    return turn.local(owed.due_at)


def _join_or_open(turn: OpenTurn) -> tuple[Case, bool]:
    """The case that the complaint belongs to, and whether it was opened or reopened just now."""
    work, said = turn.work, turn.understanding
    focus = case_spoken_of(work, turn.conversation, facts_said(turn).get("order_number"))
    heard = said_of(turn, focus, facts_said(turn).get("order_number"))
    joining = decide_joining(as_focus(focus) if focus else None, heard, turn.firm.file.reopen_window)
    if joining is Joining.JOIN:
        assert focus is not None
        before = (turn.firm.leading_first(focus.categories)[0], focus.severity)
        assess(work, turn.firm, focus, said)
        graver = before != (focus.categories[0], focus.severity)
        if focus.state == CaseState.OFFERED and graver and not fits_still(work, turn.firm, focus):
            # What was offered fitted a smaller failure.
            withdraw_open_offers(work, focus)
        if heard.about_handling:
            note_handling(turn, focus, focus)
        return focus, _complained(turn, focus)
    if joining is Joining.REOPEN:
        assert focus is not None
        reopen(work, turn.firm, focus, "bot")
        focus.happening_asked = True
        assess(work, turn.firm, focus, said)
        if heard.about_handling:
            note_handling(turn, focus, focus)
        _complained(turn, focus)
        return focus, True
    heard_at = turn.inbox.received_at
    if joining is Joining.OPEN_ABOUT_HANDLING:
        assert focus is not None
        case = open_case(
            work, turn.firm, turn.conversation, heard_at, said, turn.language, linked_to=focus, about_handling=True
        )
        note_handling(turn, case, focus)
        return case, True
    return open_case(work, turn.firm, turn.conversation, heard_at, said, turn.language, linked_to=focus), True


def _tell_of_first(turn: OpenTurn, case: Case) -> None:
    first = turn.work.session.get(Case, case.linked_case_id) if case.linked_case_id else None
    if first is not None:
        turn.say("complaint.about_handling", first=first.number)


def _complained(turn: OpenTurn, case: Case) -> bool:
    """Somebody complains in a case: where the firm had opened it itself, it becomes a complaint just now."""
    turn.conversation.focus_case_id = case.id
    if not became_complaint(turn.work, turn.firm, case, turn.inbox.received_at):
        return False
    case.language = turn.language
    return True


def _keep_rating(turn: OpenTurn) -> HandOverReason | None:
    """A bad score said along with a complaint counts like any other, and a low one brings a superior; a good one beside
    a complaint is told of something else."""
    score = turn.understanding.facts.rating
    case = case_to_rate(turn.work, turn.conversation) if score is not None and score < CONTENT_RATING else None
    if case is None or score is None:
        return None
    keep_rating(turn.work, case, score)
    if score > REOPENING_RATING:
        return None
    said = turn.understanding.facts.order_number
    if said in (None, get_fact(case, "order_number")) and can_follow(CaseState(case.state), Transition.REOPEN):
        # Why the score is so low belongs to what was scored.
        reopen(turn.work, turn.firm, case, "bot")
        turn.conversation.focus_case_id = case.id
        turn.say("rating.low", number=case.number)
    else:
        turn.say("rating.low_unsettled", number=case.number)
    return HandOverReason.LOW_RATING


def _keep_facts(turn: OpenTurn, case: Case) -> None:
    """Keep what was said, now or just before there was a case; never ask for it again.

    What was put to the customer was priced by the order it was proved for: another order takes it back, and no longer
    replaces the order of what was chosen.
    """
    facts = facts_said(turn)
    number = facts.get("order_number")
    if number and number != get_fact(case, "order_number"):
        if CaseState(case.state) in (CaseState.OPEN, CaseState.OFFERED):
            withdraw_open_offers(turn.work, case)
            case.order_proved = case.order_unknown = False
            set_fact(turn.work, case, "order_number", number)
        else:
            set_fact(turn.work, case, "other_order_number", number)
    for key in ("phone", "occurred", "product"):
        if key in facts:
            set_fact(turn.work, case, key, str(facts[key]))
    if "amount" in facts:
        set_fact(turn.work, case, "amount", f"{facts['amount']['minor']} {facts['amount']['currency']}")
    if "wished_remedy" in facts:
        case.wished_remedy = facts["wished_remedy"]


def facts_said(turn: OpenTurn) -> dict[str, Any]:
    """The facts of this message, and what was said just before there was a case to keep it in."""
    earlier = (turn.awaited or {}).get("facts") or {}
    return {**earlier, **turn.understanding.facts.model_dump(exclude_none=True)}


def _order_needed(turn: OpenTurn, case: Case) -> bool:
    """Whether an order would open remedies that are closed without one."""
    rule = turn.firm.policy.rule_for(case.categories, Severity(case.severity))
    return rule is not None and any(choice.needs_order for choice in rule.choices)


def _contacts_today(turn: OpenTurn, case: Case) -> int:
    """How often the customer came with a complaint within 24 hours, this time included."""
    since = turn.work.now - timedelta(hours=24)
    session = turn.work.session
    opened = session.scalar(
        select(func.count(Case.id)).where(
            Case.customer_id == case.customer_id,
            func.coalesce(Case.complained_at, Case.opened_at) >= since,
            COMPLAINED,
        )
    )
    reopened = session.scalar(
        select(func.count(CaseTransition.id))
        .join(Case, CaseTransition.case_id == Case.id)
        .where(
            Case.customer_id == case.customer_id,
            CaseTransition.transition == Transition.REOPEN,
            CaseTransition.at >= since,
            # One that the firm had opened itself came as a complaint in that very moment, and is counted as such.
            Case.complained_at.is_(None) | (CaseTransition.at != Case.complained_at),
        )
    )
    return (opened or 0) + (reopened or 0)


def _yes_no(turn: OpenTurn) -> list[dict[str, str]]:
    return [
        {"title": turn.text("button.yes_person"), "payload": turn.text("button.yes_person")},
        {"title": turn.text("button.no_person"), "payload": turn.text("button.no_person")},
    ]
