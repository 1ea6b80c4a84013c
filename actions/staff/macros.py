"""Macros: a reply, a remedy and a state in one go; looked at before it is done, done whole or not at all.

A plan is what really happens: the deeds are done in a unit of work that is then rolled back. Confirming does them again
and goes through only where the outcome is the same.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import func, select

from actions.cases import focus_case
from actions.firm import Firm
from actions.staff.access import DeedRefused, audit, mine
from actions.staff.canned_replies import NotSaved, choice, language_of, may_edit, values_for
from actions.staff.granting import RemedyWish, grant_by_hand, kinds_by_hand
from actions.staff.promising import answer_and_promise
from actions.staff.talking import close, give_back
from actions.words.catalogue import LANGUAGES
from actions.words.formats import show_money
from recovery.money import Money
from recovery.remedies import WITH_AMOUNT, RemedyKind
from store.audit import append
from store.blueprint import NO_STEP
from store.database import UnitOfWork
from store.tables import CannedReply, Case, Conversation, Macro, Message, Offer, Staff

NAME_LENGTH = 60
# What becomes of the conversation: nothing, back to the bot, closed as founded or as unfounded.
STATES = ("", "give_back", "close_valid", "close_not_valid")
_TIME_OF_DAY = re.compile(r"\d{1,2}:\d\d")
# Carried out later, by another system or a call: until then the case cannot be closed.
_LATER = frozenset({*WITH_AMOUNT, RemedyKind.CALL_BACK})


@dataclass(frozen=True, slots=True)
class MacroDraft:
    """A macro as somebody wrote it.

    Attributes:
        names: by language.
        department: its key; empty for everybody's.
        reply: public id of a canned reply; empty for none.
        kind: of the remedy; empty for none.
        amount: minor units; None for a remedy without one.
        state: one of ``STATES``.
    """

    names: Mapping[str, str]
    department: str
    reply: str
    kind: str
    amount: int | None
    state: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What running a macro does, exactly.

    Attributes:
        texts: what the customer is told, in order, by whom: ``(author, text)``.
        remedy: its kind and amount in minor units; None where there is none.
        authority: that the remedy needs; None where there is none.
        waits: whether the remedy waits for somebody's approval.
        case_state: of the case afterwards; None where there is no case.
        control: who has the conversation afterwards.
        after: number of what the customer was told last before it; a form that is sent twice runs it once.
    """

    texts: tuple[tuple[str, str], ...]
    remedy: tuple[str, int | None, str] | None
    authority: str | None
    waits: bool
    case_state: str | None
    control: str
    after: int

    @property
    def digest(self) -> str:
        """Tells whether what is about to happen is still what was shown; a due time that moves with the clock is not
        another outcome."""
        whole = json.dumps(asdict(self), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(_TIME_OF_DAY.sub("", whole).encode()).hexdigest()[:32]


class Planned(Exception):
    """Carries a plan out of the unit of work that must not commit."""

    def __init__(self, plan: Plan) -> None:
        super().__init__("planned")
        self.plan = plan


def save_macro(work: UnitOfWork, firm: Firm, staff: Staff, draft: MacroDraft, macro_id: int | None = None) -> Macro:
    """Add a macro, or change the one with ``macro_id``.

    Raises:
        DeedRefused: this role may not, or (:class:`NotSaved`) it cannot be saved so.
    """
    may_edit(staff)
    steps = _steps(work, firm, draft)
    names = {language: name for language in LANGUAGES if (name := draft.names.get(language, "").strip()[:NAME_LENGTH])}
    if not names:
        raise NotSaved("macro_without_name")
    if macro_id is None:
        macro = Macro(names=names, steps=steps, changed_by=staff.login, changed_at=work.now)
        work.session.add(macro)
    else:
        macro = work.session.get_one(Macro, macro_id, with_for_update=True)
    macro.names, macro.department, macro.steps = names, draft.department or None, steps
    macro.changed_by, macro.changed_at = staff.login, work.now
    work.session.flush()
    append(work, staff.login, "save_macro", macro.public_id)
    return macro


def set_macro_active(work: UnitOfWork, staff: Staff, macro_id: int, active: bool) -> None:
    """Take a macro out of use, or into use again; it is never deleted.

    Raises:
        DeedRefused: this role may not.
    """
    may_edit(staff)
    macro = work.session.get_one(Macro, macro_id, with_for_update=True)
    if macro.active == active:
        return
    macro.active, macro.changed_by, macro.changed_at = active, staff.login, work.now
    append(work, staff.login, "use_macro" if active else "retire_macro", macro.public_id)


def macros_for(work: UnitOfWork, firm: Firm, staff: Staff, case: Case | None) -> list[Macro]:
    """The macros for a conversation: everybody's, and those of this person's and the case's departments."""
    wanted = {*(staff.departments or [firm.departments[0].key]), *([case.department] if case else [])}
    found = work.session.scalars(select(Macro).where(Macro.active.is_(True)).order_by(Macro.id))
    return [macro for macro in found if macro.department is None or macro.department in wanted]


def plan_macro(work: UnitOfWork, firm: Firm, staff: Staff, conversation_id: int, macro_id: int) -> None:
    """Do it, only to see what it does; always raises, so that nothing of it remains.

    Raises:
        Planned: with what would happen.
        DeedRefused: it would be refused, and why.
        IllegalTransition: the case's state does not allow a part of it.
    """
    raise Planned(_do(work, firm, staff, conversation_id, macro_id))


def run_macro(work: UnitOfWork, firm: Firm, staff: Staff, conversation_id: int, macro_id: int, shown: str) -> Plan:
    """Do all of it in this unit of work.

    Args:
        shown: digest of the plan that the person saw and confirmed.

    Raises:
        DeedRefused: the conversation is not this person's, a part of it is refused, or something has changed since it
            was shown (``macro_changed``); then nothing of it is done.
        IllegalTransition: the case's state does not allow a part of it; then nothing of it is done.
    """
    plan = _do(work, firm, staff, conversation_id, macro_id)
    if plan.digest != shown:
        raise DeedRefused("macro_changed")
    audit(work, staff, "run_macro", work.session.get_one(Macro, macro_id).public_id)
    return plan


def _do(work: UnitOfWork, firm: Firm, staff: Staff, conversation_id: int, macro_id: int) -> Plan:
    conversation = mine(work, staff, conversation_id)
    macro = work.session.get_one(Macro, macro_id)
    if not macro.active:
        raise DeedRefused("macro_retired")
    before, case = conversation.last_number, focus_case(work, conversation)
    told = select(func.max(Message.number)).where(
        Message.conversation_id == conversation.id, Message.direction == "out"
    )
    told_before = work.session.scalar(told) or 0
    offer: Offer | None = None
    for step in macro.steps:
        if "reply" in step:
            _say_reply(work, firm, staff, conversation, case, macro)
        elif "remedy" in step:
            wish = RemedyWish(step["remedy"]["kind"], step["remedy"]["amount"])
            name = macro.names.get("zh" if firm.file.language == "zh" else "en") or next(iter(macro.names.values()))
            offer = grant_by_hand(work, firm, staff, conversation.id, wish, name)
        elif "state" in step:
            _change_state(work, firm, staff, conversation, case, step)
    work.session.flush()
    return _plan(work, conversation, case, offer, before, told_before)


def _say_reply(
    work: UnitOfWork, firm: Firm, staff: Staff, conversation: Conversation, case: Case | None, macro: Macro
) -> None:
    reply = work.session.scalars(
        select(CannedReply).where(CannedReply.public_id == _part(macro, "reply"), CannedReply.active.is_(True))
    ).first()
    if reply is None:
        raise DeedRefused("macro_reply_gone")
    language = language_of(firm, conversation)
    if language not in reply.texts:
        raise DeedRefused("macro_language_missing")
    remedy = _part(macro, "remedy")
    amount = (
        show_money(Money(remedy["amount"], firm.policy.currency), language) if remedy and remedy["amount"] else None
    )
    values = {**values_for(work, firm, staff, conversation, case), "amount": amount}
    filled = choice(firm, reply, language, values).filled
    if filled.gaps:
        raise DeedRefused("macro_gap")
    answer_and_promise(work, firm, staff, conversation.id, filled.text)


def _change_state(
    work: UnitOfWork,
    firm: Firm,
    staff: Staff,
    conversation: Conversation,
    case: Case | None,
    step: Mapping[str, Any],
) -> None:
    if step["state"] == "give_back":
        give_back(work, firm, staff, conversation.id)
        return
    valid = bool(step["valid"])
    service_step = case.service_step if case is not None and valid else NO_STEP
    close(work, firm, staff, conversation.id, valid=valid, service_step=service_step)


def _plan(
    work: UnitOfWork,
    conversation: Conversation,
    case: Case | None,
    offer: Offer | None,
    before: int,
    told_before: int,
) -> Plan:
    said = work.session.scalars(
        select(Message)
        .where(Message.conversation_id == conversation.id, Message.number > before, Message.direction == "out")
        .order_by(Message.number)
    )
    remedy = offer.remedies[0] if offer else None
    return Plan(
        texts=tuple((message.author, message.text) for message in said),
        remedy=(remedy["kind"], remedy["amount"], remedy["currency"]) if remedy else None,
        authority=str(offer.authority) if offer else None,
        waits=offer is not None and offer.state == "awaiting_approval",
        case_state=str(case.state) if case else None,
        control=str(conversation.control),
        after=told_before,
    )


def _steps(work: UnitOfWork, firm: Firm, draft: MacroDraft) -> list[dict[str, Any]]:
    """The steps as they are kept, in the order they are done.

    Raises:
        NotSaved: nothing is to be done, or a part of it can never be.
    """
    if draft.department and draft.department not in {department.key for department in firm.departments}:
        raise NotSaved("unknown_department")
    steps: list[dict[str, Any]] = []
    if draft.reply:
        known = select(CannedReply.id).where(CannedReply.public_id == draft.reply, CannedReply.active.is_(True))
        if work.session.scalars(known).first() is None:
            raise NotSaved("macro_reply_gone")
        steps.append({"reply": draft.reply})
    if draft.kind:
        if draft.kind not in kinds_by_hand(firm):
            raise NotSaved("unknown_remedy")
        if draft.kind in WITH_AMOUNT and not draft.amount:
            raise NotSaved("amount_missing")
        if (draft.amount or 0) > max(firm.policy.limits.values()):
            raise NotSaved("above_everyone")
        steps.append({"remedy": {"kind": draft.kind, "amount": draft.amount if draft.kind in WITH_AMOUNT else None}})
    if draft.state:
        if draft.state not in STATES:
            raise NotSaved("macro_empty")
        if draft.state.startswith("close") and draft.kind in _LATER:
            raise NotSaved("macro_close_waits")
        if draft.state == "give_back":
            steps.append({"state": "give_back"})
        else:
            steps.append({"state": "close", "valid": draft.state == "close_valid"})
    if not steps:
        raise NotSaved("macro_empty")
    return steps


def draft_of(macro: Macro) -> MacroDraft:
    """A kept macro as the form shows it."""
    remedy, state = _part(macro, "remedy") or {}, ""
    for step in macro.steps:
        if "state" in step:
            closed = "close_valid" if step.get("valid") else "close_not_valid"
            state = "give_back" if step["state"] == "give_back" else closed
    return MacroDraft(
        names=macro.names,
        department=macro.department or "",
        reply=_part(macro, "reply") or "",
        kind=remedy.get("kind", ""),
        amount=remedy.get("amount"),
        state=state,
    )


def _part(macro: Macro, name: str) -> Any:
    return next((step[name] for step in macro.steps if name in step), None)
