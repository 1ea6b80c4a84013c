"""Assessments that staff corrected, kept as training data: the customer's own words, without what names a person.

A row is kept with each correction, at that moment, so that nothing has to be kept for it that the case itself loses
(erasure, retention). The export gives the latest row of each case in the form that ``make train`` reads
(``bot/past_complaints.py``).
"""

import csv
import io
import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import or_, select

from actions.firm import Firm
from recovery.personal_data import MARK, Known, strip_personal_data
from store.database import UnitOfWork
from store.tables import Assessment, Attachment, Case, Correction, Fact, Identity, Message, OrderIdentity, Staff, Turn

# A complaint is read message by message: a longer text would be like none that the bot meets.
TEXT_LENGTH = 1000
# What is looked at of one message, and of all: striking out takes longer the longer a text is, and the store waits.
_MESSAGE_LENGTH = 4000
_READ_AT_MOST = 20_000
# Below this a category cannot be told from the others (bot.training_scores).
FEW_EXAMPLES = 30
# What was said so shortly before a case was opened belongs to it: an unclear message, and the choice that cleared it.
_JUST_BEFORE = timedelta(minutes=30)
# Messages understood so tell what happened; others choose, greet, rate, or ask where things stand.
_TELLING = {
    "action_hear_complaint",
    "action_record_fact",
    "action_record_wish",
    "action_request_person",
    "action_catch_all",
    "give_up",
}
_SENTENCE_END = re.compile(r"[。！？!?\n]|\.(?=\s)")
_WORDS = re.compile(r"[\u3400-\u9fff]|[A-Za-z]{2,}")
_FEWEST_WORDS = 4
# "My order number is …" tells of no failure; what one adds to a complaint is longer.
_FEWEST_WORDS_OF_A_FACT = 8
_NUMBER_FACTS = ("order_number", "other_order_number", "phone")


def keep_correction(
    work: UnitOfWork, case: Case, made: Assessment, before: Assessment | None, undone_by: dict[str, Any]
) -> Correction:
    """Keep what the customer said until now with the labels it should have had.

    Args:
        made: the correcting assessment; it has its id already.
        before: the one that held before, to which it can be undone.
        undone_by: what else undoing it restores.

    Returns:
        The row; its text is empty where the customer said nothing that could be learnt from.
    """
    kept = Correction(
        case_id=case.id,
        text=words_of(work, case),
        language=case.language,
        categories=made.categories,
        emotion=made.emotion,
        risks=made.risks,
        by=made.by,
        at=made.at,
        assessment_id=made.id,
        previous_id=before.id if before is not None else None,
        details=undone_by,
    )
    work.session.add(kept)
    work.session.flush()
    return kept


def words_of(work: UnitOfWork, case: Case) -> str:
    """What the customer told of the complaint, without personal data, at most :data:`TEXT_LENGTH` characters."""
    opening = select(Turn.inbox_id).where(Turn.conversation_id == case.conversation_id, Turn.at == case.opened_at)
    just_before = (
        (Message.conversation_id == case.conversation_id)
        & Message.case_id.is_(None)
        & (Message.at >= case.opened_at - _JUST_BEFORE)
        & (Message.at <= case.opened_at)
    )
    statement = (
        select(Message.text, Turn.command)
        .outerjoin(Turn, Turn.inbox_id == Message.inbox_id)
        .where(
            Message.direction == "in",
            or_(Message.case_id == case.id, Message.inbox_id.in_(opening), just_before),
            # A file is a message, too; its name tells of no failure, and often whose it is.
            ~select(Attachment.id).where(Attachment.message_id == Message.id).exists(),
        )
        .order_by(Message.at, Message.id)
        .limit(50)
    )
    known = _known_of(work, case)
    said: list[str] = []
    read = 0
    for text, command in work.session.execute(statement):
        if read >= _READ_AT_MOST or sum(map(len, said)) >= TEXT_LENGTH:
            break
        if command is None or command in _TELLING:
            part = _cut(text, _MESSAGE_LENGTH)
            read += len(part)
            stripped = strip_personal_data(part, known).strip()
            fewest = _FEWEST_WORDS_OF_A_FACT if command == "action_record_fact" else _FEWEST_WORDS
            if len(_WORDS.findall(stripped.replace(MARK, ""))) >= fewest:
                said.append(stripped)
    return _cut("\n".join(dict.fromkeys(said)), TEXT_LENGTH)


def _known_of(work: UnitOfWork, case: Case) -> Known:
    customer = case.customer
    identities = list(work.session.scalars(select(Identity).where(Identity.customer_id == customer.id)))
    bought = select(OrderIdentity.order_number).where(OrderIdentity.identity.in_([one.public for one in identities]))
    facts = select(Fact.value).where(Fact.case_id == case.id, Fact.key.in_(_NUMBER_FACTS))
    # Colleagues are persons, too; a name of one word may be any word.
    staff = [name for name in work.session.scalars(select(Staff.name)) if " " in name or not name.isascii()]
    return Known(
        names=tuple(name for name in (customer.name, *staff) if name),
        numbers=tuple(
            number
            for number in (
                case.number,
                customer.phone,
                *work.session.scalars(facts),
                *work.session.scalars(bought.limit(500)),
                *(one.external_id for one in identities if len(one.external_id) >= 5),
            )
            if number
        ),
    )


def _cut(text: str, at_most: int) -> str:
    """``text``, or its whole sentences that fit."""
    if len(text) <= at_most:
        return text
    ends = [found.end() for found in _SENTENCE_END.finditer(text, 0, at_most)]
    return text[: ends[-1] if ends and ends[-1] >= at_most // 2 else at_most].rstrip()


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export holds.

    Attributes:
        rows: text, categories, emotion, risks; oldest first.
        examples: by category, how many rows name it.
        passed_over: rows whose categories the firm's taxonomy no longer knows.
    """

    rows: list[tuple[str, list[str], int, list[str]]] = field(default_factory=list)
    examples: Counter[str] = field(default_factory=Counter)
    passed_over: int = 0

    @property
    def scarce(self) -> dict[str, int]:
        """Categories with too few rows to be learnt from these alone."""
        return {key: number for key, number in sorted(self.examples.items()) if number < FEW_EXAMPLES}


def read_corrections(work: UnitOfWork, firm: Firm) -> Exported:
    """The latest correction of each case, and of each text where the case is gone."""
    latest: dict[object, Correction] = {}
    for correction in work.session.scalars(select(Correction).where(Correction.text != "").order_by(Correction.id)):
        latest[correction.case_id or correction.text] = correction
    # Two cases told in the same words would teach the same text twice.
    by_text = {correction.text: correction for correction in latest.values()}
    found = Exported()
    passed_over = 0
    for correction in sorted(by_text.values(), key=lambda one: one.id):
        categories = [key for key in correction.categories if key in firm.categories]
        if not categories:
            passed_over += 1
            continue
        found.rows.append((correction.text, categories, correction.emotion, list(correction.risks)))
        found.examples.update(categories)
    return Exported(found.rows, found.examples, passed_over)


def write_csv(path: Path, rows: Iterable[tuple[str, list[str], int, list[str]]]) -> None:
    """Write the rows as ``make train`` reads them; for the owner's eyes, whole or not at all.

    Raises:
        OSError: the file cannot be written.
    """
    held = io.StringIO(newline="")
    writer = csv.writer(held, lineterminator="\n")
    writer.writerow(("text", "label", "emotion", "risk"))
    for text, categories, emotion, risks in rows:
        # A blank keeps spreadsheets from taking a text for a formula; the training takes it off.
        safe = f" {text}" if text[:1] in ("=", "+", "-", "@") else text
        writer.writerow((safe, ";".join(categories), emotion, ";".join(risks)))
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(held.getvalue())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
