"""A case follows its customer across channels (design.md section 2, line 12).

Who names a case's number has read it somewhere; nothing of the case is shown before they know the last four digits of a
phone number that is on file for it. A number that does not exist is asked about in the same words.
"""

import hmac
import re
import unicodedata

from sqlalchemy import select

from actions.cases import focus_case, get_fact
from actions.commands.complaint import restate
from actions.commands.hand_over import hand_over
from actions.persons import bring_case, lock_conversations_of, merge_customers
from actions.turns import OpenTurn
from recovery.case_states import UNSETTLED
from recovery.control import HandOverReason
from recovery.phones import last_four
from store.tables import Case, Identity, Order

# By one customer in one conversation; and by all who ever try, since four digits are soon guessed.
_TRIES = 2
_TRIES_IN_ALL = 5
_NUMBER = re.compile(r"(?<![A-Z0-9])AM[- ]?([2-9A-HJKMNP-TV-Z]{4})[- ]?([2-9A-HJKMNP-TV-Z]{4})(?![A-Z0-9])")


def follow(turn: OpenTurn) -> bool:
    """See whether the message names a case of another conversation, or answers who is asking; whether it was answered.

    A case of the customer's own comes here without a question, and the message goes on to be about it.
    """
    asked = _asked_about(turn)
    if asked is not None:
        return _answer_proof(turn, asked)
    number = case_named(turn.inbox.text)
    if number is None:
        return False
    case = turn.work.session.scalars(select(Case).where(Case.number == number)).first()
    if case is not None and case.customer_id == turn.conversation.identity.customer_id:
        if case.conversation_id != turn.conversation.id and case.state in UNSETTLED:
            bring_case(turn.work, case, turn.conversation)
        return False
    turn.say("follow.ask_proof", number=number)
    turn.ask("order_proof", facts={"case_number": number, "tries": 0})
    return True


def bring_own_case(turn: OpenTurn) -> Case | None:
    """The customer's latest unsettled case of another channel of theirs, now here; None where there is none."""
    case = turn.work.session.scalars(
        select(Case)
        .where(
            Case.customer_id == turn.conversation.identity.customer_id,
            Case.conversation_id != turn.conversation.id,
            Case.state.in_(UNSETTLED),
            Case.merged_into_id.is_(None),
        )
        .order_by(Case.opened_at.desc(), Case.id.desc())
    ).first()
    if case is not None:
        bring_case(turn.work, case, turn.conversation)
    return case


def case_named(text: str) -> str | None:
    """The number of a case that stands in ``text``, as it is written, or None."""
    found = _NUMBER.search(unicodedata.normalize("NFKC", text).upper())
    return f"AM-{found[1]}-{found[2]}" if found else None


def _asked_about(turn: OpenTurn) -> dict[str, object] | None:
    """What the open question keeps, where it is ours."""
    awaited = turn.awaited
    if awaited is None or awaited["kind"] != "order_proof" or "case_number" not in awaited["facts"]:
        return None
    facts: dict[str, object] = awaited["facts"]
    return facts


def _answer_proof(turn: OpenTurn, asked: dict[str, object]) -> bool:
    said = turn.understanding.facts
    digits = said.phone_last4 or last_four(said.phone)
    turn.awaited = None
    turn.ask_nothing()
    if digits is None:
        # Something else was said: that is answered, and nothing was shown.
        return False
    number, tries = str(asked["case_number"]), int(str(asked["tries"])) + 1
    case = turn.work.session.scalars(select(Case).where(Case.number == number).with_for_update(of=Case)).first()
    if case is not None and case.follow_attempts < _TRIES_IN_ALL and _is_theirs(turn, case, digits):
        _take_in(turn, case)
        return True
    if case is not None:
        case.follow_attempts += 1
    if tries >= _TRIES:
        focus = focus_case(turn.work, turn.conversation)
        unsettled = focus if focus is not None and focus.state in UNSETTLED else None
        hand_over(turn, unsettled, HandOverReason.NO_REMEDY)
        return True
    turn.say("follow.wrong", number=number)
    turn.ask("order_proof", facts={"case_number": number, "tries": tries})
    return True


def _is_theirs(turn: OpenTurn, case: Case, digits: str) -> bool:
    session = turn.work.session
    number = get_fact(case, "order_number")
    order = session.get(Order, number) if number else None
    called = select(Identity.external_id).where(Identity.customer_id == case.customer_id, Identity.channel == "phone")
    on_file = [
        order.phone_last4 if order else None,
        last_four(get_fact(case, "phone")),
        last_four(case.customer.phone),
        *(last_four(phone) for phone in session.scalars(called)),
    ]
    return any(hmac.compare_digest(known, digits) for known in on_file if known)


def _take_in(turn: OpenTurn, case: Case) -> None:
    """The customer is the case's: join the two, and say where it stands."""
    mine = turn.conversation.identity.customer
    lock_conversations_of(turn.work, {case.customer_id, mine.id})
    merge_customers(turn.work, case.customer, mine, "case_and_digits", "bot")
    if case.state in UNSETTLED:
        bring_case(turn.work, case, turn.conversation)
    turn.say("follow.found", number=case.number)
    restate(turn, case)
