"""Internal notes, in their place among what was said."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from actions.staff import notes
from store.database import UnitOfWork
from store.tables import Case, Conversation, Message, Note, Staff

_SHOWN_AT_MOST = 300


@dataclass(frozen=True, slots=True)
class NoteLine:
    """A note as the page shows it.

    Attributes:
        pieces: its words in order, with the name of the colleague where one is meant, else None.
        about: number of the case it was written on; None where that is the case in view, or none.
    """

    note: Note
    by: str
    pieces: list[tuple[str, str | None]]
    about: str | None


@dataclass(frozen=True, slots=True)
class NotesPanel:
    """The notes among the messages that are shown.

    Attributes:
        before: number of a message → the notes that were written before it and after the one before.
        after: those after the last message.
        colleagues: who can be named.
    """

    before: dict[int, list[NoteLine]]
    after: list[NoteLine]
    colleagues: list[Staff]


def read_notes(
    work: UnitOfWork, conversation: Conversation, case: Case | None, messages: Sequence[Message], before: int | None
) -> NotesPanel:
    """The notes that belong between ``messages``.

    Args:
        messages: those shown, in order; a window of all.
        before: the number before which the window ends; None where it ends with the latest.
    """
    statement = select(Note).where(Note.conversation_id == conversation.id)
    if messages and messages[0].number > 1:
        statement = statement.where(Note.at >= messages[0].at)
    if before is not None and (until := _moment_of(work, conversation, before)) is not None:
        statement = statement.where(Note.at < until)
    found = list(work.session.scalars(statement.order_by(Note.id.desc()).limit(_SHOWN_AT_MOST)))[::-1]
    staff = list(work.session.scalars(select(Staff).order_by(Staff.name, Staff.login)))
    lines = _lines(work, found, staff, case)
    placed: dict[int, list[NoteLine]] = {}
    after: list[NoteLine] = []
    for line in lines:
        following = next((message.number for message in messages if message.at > line.note.at), None)
        placed.setdefault(following, []).append(line) if following is not None else after.append(line)
    return NotesPanel(placed, after, [person for person in staff if person.active])


def _moment_of(work: UnitOfWork, conversation: Conversation, number: int) -> datetime | None:
    statement = select(Message.at).where(Message.conversation_id == conversation.id, Message.number == number)
    return work.session.scalar(statement)


def _lines(work: UnitOfWork, found: list[Note], staff: list[Staff], case: Case | None) -> list[NoteLine]:
    names = {person.id: person.name for person in staff}
    by_login = {person.login: person.name for person in staff}
    others = {note.case_id for note in found if note.case_id is not None and (case is None or note.case_id != case.id)}
    numbered = select(Case.id, Case.number).where(Case.id.in_(others))
    numbers: dict[int, str] = {row[0]: row[1] for row in work.session.execute(numbered)}
    return [
        NoteLine(
            note,
            names.get(note.staff_id, ""),
            [(piece.text, by_login[piece.login] if piece.login else None) for piece in _pieces(note, staff)],
            numbers.get(note.case_id) if note.case_id is not None else None,
        )
        for note in found
    ]


def _pieces(note: Note, staff: list[Staff]) -> list[notes.Piece]:
    """Named are those who were told then, whoever has joined since."""
    return list(notes.pieces(note.text, [person.login for person in staff if person.id in note.mentions]))
