"""Replies that are written once and used often: who may change them, and how one is filled in for a conversation."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError

from actions.cases import get_fact
from actions.firm import Firm
from actions.firm.canned_replies import CannedReplyEntry
from actions.staff.access import DeedRefused
from actions.words.catalogue import LANGUAGES
from actions.words.fill_ins import Filled, TextRefused, check_text, fill_in
from store.audit import append
from store.database import UnitOfWork
from store.tables import CannedReply, Case, Conversation, Staff

MAY_EDIT = frozenset({"supervisor", "manager", "administrator"})
TEXT_LENGTH = 4000
# Who changed a reply last that came with the desk.
FIRST_RUN = "first run"
_SHORTCUT = re.compile(r"[\w][\w-]{1,31}")


class NotSaved(DeedRefused):
    """What was written cannot be saved; ``values`` are for the text that says why."""

    def __init__(self, code: str, **values: str) -> None:
        super().__init__(code)
        self.values = values


@dataclass(frozen=True, slots=True)
class ReplyDraft:
    """A reply as somebody wrote it.

    Attributes:
        shortcut: what is typed behind the stroke.
        department: its key; empty for everybody's.
        texts: by language; an empty one is missing.
    """

    shortcut: str
    department: str
    texts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Choice:
    """A reply that can be chosen in a conversation, filled in.

    Attributes:
        language: of the text; not the conversation's where that one is missing.
        fallback: whether it is another language than the conversation's.
    """

    public_id: str
    shortcut: str
    department: str | None
    language: str
    fallback: bool
    filled: Filled


def save_reply(
    work: UnitOfWork, firm: Firm, staff: Staff, draft: ReplyDraft, reply_id: int | None = None
) -> CannedReply:
    """Add a reply, or change the one with ``reply_id``.

    Raises:
        DeedRefused: this role may not, or (:class:`NotSaved`) the shortcut, the department or a text cannot be taken.
    """
    may_edit(staff)
    shortcut = check_draft(work, firm, draft, reply_id)
    texts = {language: text for language in LANGUAGES if (text := draft.texts.get(language, "").strip())}
    try:
        with work.session.begin_nested():
            if reply_id is None:
                reply = CannedReply(shortcut=shortcut, texts=texts, changed_by=staff.login, changed_at=work.now)
                work.session.add(reply)
            else:
                reply = work.session.get_one(CannedReply, reply_id, with_for_update=True)
            reply.shortcut, reply.department, reply.texts = shortcut, draft.department or None, texts
            reply.changed_by, reply.changed_at = staff.login, work.now
    except IntegrityError:  # another process has saved the same shortcut at this moment
        raise NotSaved("shortcut_taken", shortcut=shortcut) from None
    append(work, staff.login, "save_canned_reply", reply.public_id)
    return reply


def check_draft(work: UnitOfWork, firm: Firm, draft: ReplyDraft, reply_id: int | None) -> str:
    """See that a reply can be saved, and give its shortcut as it is kept.

    Raises:
        NotSaved: it cannot.
    """
    shortcut = draft.shortcut.strip().lstrip("/").lower()
    if not _SHORTCUT.fullmatch(shortcut):
        raise NotSaved("wrong_shortcut")
    taken = select(CannedReply.id).where(CannedReply.shortcut == shortcut, CannedReply.id != (reply_id or 0))
    if work.session.scalars(taken).first() is not None:
        raise NotSaved("shortcut_taken", shortcut=shortcut)
    if draft.department and draft.department not in {department.key for department in firm.departments}:
        raise NotSaved("unknown_department")
    written = {language: draft.texts.get(language, "").strip() for language in LANGUAGES}
    if not any(written.values()):
        raise NotSaved("no_text")
    for language, text in written.items():
        if len(text) > TEXT_LENGTH:
            raise NotSaved("text_too_long", spoken=language)
        try:
            check_text(text)
        except TextRefused as refused:
            raise NotSaved(refused.code, spoken=language, what=refused.what) from None
    return shortcut


def set_active(work: UnitOfWork, staff: Staff, reply_id: int, active: bool) -> None:
    """Take a reply out of use, or into use again; it is never deleted.

    Raises:
        DeedRefused: this role may not.
    """
    may_edit(staff)
    reply = work.session.get_one(CannedReply, reply_id, with_for_update=True)
    if reply.active == active:
        return
    reply.active, reply.changed_by, reply.changed_at = active, staff.login, work.now
    append(work, staff.login, "use_canned_reply" if active else "retire_canned_reply", reply.public_id)


def choices_for(
    work: UnitOfWork, firm: Firm, staff: Staff, conversation: Conversation, case: Case | None
) -> list[Choice]:
    """The replies for a conversation, filled in: everybody's, and those of this person's and the case's departments."""
    wanted = {*(staff.departments or [firm.departments[0].key]), *([case.department] if case else [])}
    statement = (
        select(CannedReply)
        .where(CannedReply.active.is_(True), or_(CannedReply.department.is_(None), CannedReply.department.in_(wanted)))
        .order_by(CannedReply.shortcut)
    )
    language, values = language_of(firm, conversation), values_for(work, firm, staff, conversation, case)
    return [choice(firm, reply, language, values) for reply in work.session.scalars(statement)]


def choice(firm: Firm, reply: CannedReply, language: str, values: Mapping[str, Any]) -> Choice:
    """A reply in ``language``, or in the one it has, filled in with ``values``."""
    spoken = language if language in reply.texts else next(iter(reply.texts))
    named = {**values, "department": values["department"].get(spoken), "firm": firm.file.name.in_language(spoken)}
    filled = fill_in(reply.texts[spoken], spoken, named)
    return Choice(reply.public_id, reply.shortcut, reply.department, spoken, spoken != language, filled)


def language_of(firm: Firm, conversation: Conversation) -> str:
    """The language to answer in."""
    return conversation.language if conversation.language in LANGUAGES else firm.file.language


def values_for(
    work: UnitOfWork, firm: Firm, staff: Staff, conversation: Conversation, case: Case | None
) -> dict[str, Any]:
    """What is known to fill in; ``department`` by language."""
    key = case.department if case else (staff.departments or [firm.departments[0].key])[0]
    department = next((one for one in firm.departments if one.key == key), firm.departments[0])
    due = (case.next_update_due or case.resolution_due) if case else None
    return {
        "customer": conversation.identity.customer.name,
        "case": case.number if case else None,
        "order": get_fact(case, "order_number") if case else None,
        "agent": staff.name,
        "department": {language: department.name.in_language(language) for language in LANGUAGES},
        # Nobody promises a time that has passed.
        "due": firm.local(due) if due and due > work.now else None,
    }


def add_starters(work: UnitOfWork, starters: Iterable[CannedReplyEntry]) -> int:
    """Give a new desk its first replies; nothing where there were ever any.

    Returns:
        How many were added.
    """
    if work.session.scalars(select(CannedReply.id).limit(1)).first() is not None:
        return 0
    entries = list(starters)
    work.session.add_all(
        CannedReply(
            shortcut=entry.shortcut,
            department=entry.department,
            texts={"zh": entry.texts.zh.strip(), "en": entry.texts.en.strip()},
            changed_by=FIRST_RUN,
            changed_at=work.now,
        )
        for entry in entries
    )
    work.session.flush()
    return len(entries)


def may_edit(staff: Staff) -> None:
    """See that a person may change replies and macros.

    Raises:
        DeedRefused: their role may not.
    """
    if staff.role not in MAY_EDIT:
        raise DeedRefused("not_your_role")
