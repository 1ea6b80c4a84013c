"""What colleagues do together on a case, as one field of its page."""

from collections.abc import Sequence
from dataclasses import dataclass

from actions.firm import Firm
from actions.staff import facts
from desk.console.assessment import AssessmentPanel, read_assessment
from desk.console.case_history import HistoryPanel, read_case_history
from desk.console.case_links import LinksPanel, family_of, read_links
from desk.console.consultations import ConsultationsPanel, read_of_cases
from desk.console.customer_card import CustomerCard, read_customer_card
from desk.console.notes import NotesPanel, read_notes
from store.database import UnitOfWork
from store.tables import Case, Conversation, Message, Staff


@dataclass(frozen=True, slots=True)
class CaseWork:
    """Notes and customer of a conversation; what belongs to its case in view, where there is one.

    Attributes:
        departments: keys of all, to choose from.
        facts_by: fact → login of who corrected it.
        fact_keys: facts that staff can set.
    """

    notes: NotesPanel
    customer: CustomerCard
    consultations: ConsultationsPanel | None
    assessment: AssessmentPanel | None
    links: LinksPanel | None
    history: HistoryPanel | None
    departments: list[str]
    facts_by: dict[str, str]
    fact_keys: tuple[str, ...]


def read_case_work(
    work: UnitOfWork,
    firm: Firm,
    me: Staff,
    language: str,
    conversation: Conversation,
    case: Case | None,
    messages: Sequence[Message],
    before: int | None,
) -> CaseWork:
    """What the page of ``conversation`` shows of it; as :func:`desk.console.conversation.read_conversation`."""
    return CaseWork(
        notes=read_notes(work, conversation, case, messages, before),
        customer=read_customer_card(work, firm, conversation, case),
        consultations=read_of_cases(work, firm, me, family_of(work, case)) if case else None,
        assessment=read_assessment(work, firm, me, case) if case else None,
        links=read_links(work, firm, language, case) if case else None,
        history=read_case_history(work, firm, language, case) if case else None,
        departments=[department.key for department in firm.departments],
        facts_by={fact.key: fact.by for fact in case.facts if fact.by} if case else {},
        fact_keys=facts.KEYS,
    )
