"""A word among staff on a conversation: seen at the desk, never sent to a customer, told to whom it names."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from actions.conversations import lock_conversation
from actions.notifying import NotificationKind, notify
from actions.staff.access import DeedRefused, audit
from store.database import UnitOfWork
from store.tables import Case, Note, Staff

NOTE_LENGTH = 4000
# Quality looks on and says what it sees; it does nothing else.
MAY_WRITE = frozenset({"agent", "supervisor", "manager", "administrator", "quality"})
# The same words from the same hand within this time are a double click.
_SAME_WITHIN = timedelta(seconds=15)
# An @ within a word is an e-mail address.
_BEFORE = re.compile(r"[A-Za-z0-9._%+-]$")
_AFTER = re.compile(r"[A-Za-z0-9_]|[.@-][A-Za-z0-9]")


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a note: words, or a colleague who is named in them (``login`` is given)."""

    text: str
    login: str | None = None


def write_note(work: UnitOfWork, staff: Staff, conversation_id: int, text: str, case_id: int | None = None) -> Note:
    """Leave a note for colleagues; whoever is named by ``@login`` is told.

    Args:
        case_id: of the case it is about; the one in focus where none is given.

    Raises:
        DeedRefused: the role may not, nothing is written, or too much; or the case is another customer's.
    """
    conversation = lock_conversation(work, conversation_id)
    if staff.role not in MAY_WRITE:
        raise DeedRefused("not_your_role")
    text = text.strip()
    if not text:
        raise DeedRefused("note_empty")
    if len(text) > NOTE_LENGTH:
        raise DeedRefused("note_too_long")
    again = work.session.scalars(
        select(Note)
        .where(
            Note.conversation_id == conversation.id,
            Note.staff_id == staff.id,
            Note.text == text,
            Note.at >= work.now - _SAME_WITHIN,
        )
        .order_by(Note.id.desc())
    ).first()
    if again is not None:
        return again
    case_id = case_id if case_id is not None else conversation.focus_case_id
    case = work.session.get(Case, case_id) if case_id is not None else None
    if case is not None and case.customer_id != conversation.identity.customer_id:
        raise DeedRefused("no_such_case")
    colleagues = {person.login: person for person in colleagues_of(work)}
    named = [colleagues[piece.login] for piece in pieces(text, colleagues) if piece.login is not None]
    note = Note(
        conversation_id=conversation.id,
        case_id=case_id,
        staff_id=staff.id,
        text=text,
        mentions=[person.id for person in dict.fromkeys(named)],
        at=work.now,
    )
    work.session.add(note)
    work.session.flush()
    told = [person.id for person in dict.fromkeys(named) if person.id != staff.id]
    if told:
        notify(
            work,
            told,
            NotificationKind.MENTIONED,
            conversation,
            case,
            {"note": note.public_id, "by": staff.login},
        )
    audit(work, staff, "note", conversation.public_id)
    return note


def colleagues_of(work: UnitOfWork) -> list[Staff]:
    """Everybody who can be named in a note, by name."""
    return list(work.session.scalars(select(Staff).where(Staff.active.is_(True)).order_by(Staff.name, Staff.login)))


def pieces(text: str, logins: Iterable[str]) -> Iterator[Piece]:
    """``text`` cut into words and names: ``@zhang.wei请看`` names ``zhang.wei``, ``a@zhang.wei`` nobody.

    The longest login that fits is meant; capitals do not matter.
    """
    by_length = sorted(logins, key=len, reverse=True)
    start = at = 0
    while (at := text.find("@", at)) >= 0:
        login = None if _BEFORE.search(text[:at][-1:]) else _login_at(text, at + 1, by_length)
        if login is None:
            at += 1
            continue
        if at > start:
            yield Piece(text[start:at])
        end = at + 1 + len(login)
        yield Piece(text[at:end], login)
        start = at = end
    if start < len(text):
        yield Piece(text[start:])


def _login_at(text: str, place: int, logins: list[str]) -> str | None:
    for login in logins:
        end = place + len(login)
        if text[place:end].casefold() == login.casefold() and not _AFTER.match(text, end):
            return login
    return None
