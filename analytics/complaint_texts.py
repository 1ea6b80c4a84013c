"""What customers wrote when they complained, case by case: words for counting, without personal data.

Only terms leave this module: no text does.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import and_, or_, select, tuple_

from analytics.periods import Period
from analytics.statistics.terms import terms_of
from analytics.surroundings import Surroundings
from recovery.personal_data import MARK, Known, strip_personal_data
from store.database import UnitOfWork
from store.tables import Assessment, Attachment, Case, Customer, Message, Staff, Turn

OTHER = "other"
_BATCH = 200
# The failure is told at the beginning; striking out takes longer the longer a text is.
_LENGTH = 600
_MESSAGES = 6


@dataclass(frozen=True, slots=True)
class ComplaintWords:
    """The words of one complaint.

    Attributes:
        category: the leading one of the case as it stands now.
        uncovered: the taxonomy has no fitting category: it is ``other``, or the bot was not sure of it and nobody has
            judged since.
        terms: as ``terms_of`` gives them.
    """

    number: str
    customer_id: int
    heard_at: datetime
    category: str
    uncovered: bool
    terms: frozenset[str]


def complaint_words(
    work: UnitOfWork, around: Surroundings, period: Period, *, unsure: float = 0.5, most: int = 5000
) -> Iterator[ComplaintWords]:
    """The complaints of a period that are on record, the newest first.

    Left out are those that went into another case, that the firm opened itself while nobody complained, that were
    erased, and those without a word (spoken, or a picture).

    Args:
        unsure: below this the bot's confidence counts as not sure.
        most: complaints to read.

    Raises:
        TookTooLong: the time there is for the answer is over.
    """
    # Colleagues are persons, too; a name of one word may be any word.
    names = [name for name in work.session.scalars(select(Staff.name)) if " " in name or not name.isascii()]
    staff = Known(names=tuple(sorted(set(names))))
    last, read = None, 0
    while read < most and (cases := _cases(work, around, period, last, min(_BATCH, most - read))):
        last = cases[-1]
        read += len(cases)
        around.go_on(read)
        said, confidence = _said(work, cases)
        judged = set(_judged_by_people(work, cases))
        for case in cases:
            text = "\n".join(said[case.id])[:_LENGTH]
            if not text:
                continue
            category = case.categories[0] if case.categories else OTHER
            sure = case.id in judged or confidence.get(case.id, 1.0) >= unsure
            yield ComplaintWords(
                number=case.number,
                customer_id=case.customer_id,
                heard_at=case.complained_at or case.opened_at,
                category=category,
                uncovered=category == OTHER or not sure,
                terms=terms_of(strip_personal_data(_without_own_name(text, case.name), staff)),
            )


def _cases(work: UnitOfWork, around: Surroundings, period: Period, last: Any | None, number: int) -> list[Any]:
    asked = (
        select(
            Case.id, Case.number, Case.customer_id, Case.conversation_id, Case.categories, Case.opened_at,
            Case.complained_at, Customer.name,
        )
        .join(Customer, Customer.id == Case.customer_id)
        .where(
            Case.merged_into_id.is_(None),
            Case.erased_at.is_(None),
            or_(Case.origin == "complaint", Case.complained_at.is_not(None)),
        )
    )  # fmt: skip
    if period.since:
        asked = asked.where(Case.opened_at >= datetime.combine(period.since, time(), around.zone))
    if period.until:
        asked = asked.where(Case.opened_at < datetime.combine(period.until + timedelta(days=1), time(), around.zone))
    if last is not None:
        asked = asked.where(tuple_(Case.opened_at, Case.id) < (last.opened_at, last.id))
    return list(work.session.execute(asked.order_by(Case.opened_at.desc(), Case.id.desc()).limit(number)))


def _said(work: UnitOfWork, cases: Iterable[Any]) -> tuple[dict[int, list[str]], dict[int, float]]:
    """The customers' messages of each case, the first ones, and how sure the bot was of the case's category."""
    ids = [case.id for case in cases]
    categories = {case.id: case.categories[0] if case.categories else OTHER for case in cases}
    file = select(Attachment.id).where(Attachment.message_id == Message.id).exists()
    # What was said before there was a case is known by the turn that opened it.
    statements = [
        select(Message.id, Case.id.label("case_id"), Message.text, Turn.understanding["categories"].label("read"))
        .select_from(Case)
        .join(Turn, and_(Turn.conversation_id == Case.conversation_id, Turn.at == Case.opened_at))
        .join(Message, Message.inbox_id == Turn.inbox_id)
        .where(Case.id.in_(ids), Message.direction == "in", ~file),
        select(Message.id, Message.case_id, Message.text, Turn.understanding["categories"].label("read"))
        .outerjoin(Turn, Turn.inbox_id == Message.inbox_id)
        .where(Message.case_id.in_(ids), Message.direction == "in", ~file)
        .order_by(Message.id),
    ]
    said: dict[int, dict[int, str]] = defaultdict(dict)
    confidence: dict[int, float] = {}
    for statement in statements:
        for message_id, case_id, text, read in work.session.execute(statement):
            if len(said[case_id]) >= _MESSAGES:
                continue
            said[case_id][message_id] = text[:_LENGTH]
            for reading in read or ():
                if reading.get("key") == categories[case_id]:
                    confidence[case_id] = max(confidence.get(case_id, 0.0), float(reading.get("confidence", 0.0)))
    return defaultdict(list, {case: list(texts.values()) for case, texts in said.items()}), confidence


def _judged_by_people(work: UnitOfWork, cases: Iterable[Any]) -> Iterable[int]:
    ids = [case.id for case in cases]
    return work.session.scalars(select(Assessment.case_id).where(Assessment.case_id.in_(ids), Assessment.by != "bot"))


def _without_own_name(text: str, name: str | None) -> str:
    """The customer's own name struck out: the card knows it, where no pattern does."""
    for word in {name or "", *(name or "").split(), (name or "")[1:] if len(name or "") in (3, 4) else ""}:
        if len(word) >= 2:
            text = text.replace(word, MARK)
    return text
