"""What the pages of incidents show."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from actions.firm import Firm
from actions.firm.playbooks import PlaybookFile
from actions.incidents.preview import Preview, preview, quiet_until
from actions.incidents.running import find_incident, open_promises
from actions.incidents.words import sample
from actions.offering import items_of
from actions.remedies import describe_offer
from actions.words.catalogue import LANGUAGES
from desk.console.crisis_figures import IncidentLine, incident_lines
from recovery.decision import RankedOffer
from recovery.incidents import IncidentState, RowState
from store.database import UnitOfWork
from store.tables import Case, Conversation, Incident, IncidentOrder, Offer

_LISTED = 200
_ROWS_SHOWN = 500


@dataclass(frozen=True, slots=True)
class RowLine:
    """An order of an incident, and where its customer is."""

    row: IncidentOrder
    case: str | None
    conversation: str | None


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """One incident.

    Attributes:
        seen: what starting it would do; None once it was started.
        rows: its orders, those first that wait for somebody; ``rows_more``: how many further ones there are.
        owed: promises made with the news that are still open.
        quiet: when customers may be written to again, where they may not now.
        said: what a customer reads, by language, with the first order of the list.
        choices: and what they are offered, at most.
    """

    line: IncidentLine
    playbook: PlaybookFile | None
    seen: Preview | None
    rows: list[RowLine]
    rows_more: int
    owed: int
    quiet: datetime | None
    said: dict[str, str]
    choices: dict[str, list[str]]


def read_lines(work: UnitOfWork) -> list[IncidentLine]:
    """All incidents, the latest first."""
    latest = select(Incident).order_by(Incident.id.desc()).limit(_LISTED)
    return incident_lines(work, list(work.session.scalars(latest)))


def read_incident(work: UnitOfWork, firm: Firm, public_id: str) -> IncidentPage | None:
    """One incident as its page shows it, or None where there is none."""
    incident = find_incident(work, public_id)
    if incident is None:
        return None
    (line,) = incident_lines(work, [incident])
    rows = list(
        work.session.execute(
            select(IncidentOrder, Case.number, Conversation.public_id)
            .outerjoin(Case, Case.id == IncidentOrder.case_id)
            .outerjoin(Conversation, Conversation.id == Case.conversation_id)
            .where(IncidentOrder.incident_id == incident.id)
            # What waits for somebody, or cannot be told, is what people look for.
            .order_by(
                (IncidentOrder.waits_for != "").desc(),
                (IncidentOrder.state == RowState.UNREACHABLE).desc(),
                (IncidentOrder.state == RowState.UNKNOWN).desc(),
                IncidentOrder.id,
            )
            .limit(_ROWS_SHOWN)
        )
    )
    playbook = firm.playbooks.named(incident.playbook)
    seen = preview(work, firm, incident) if incident.state == IncidentState.DRAFT else None
    first = rows[0][0].order_number if rows else "…"
    return IncidentPage(
        line=line,
        playbook=playbook,
        seen=seen,
        said={language: sample(work, firm, incident, playbook, language, first) for language in LANGUAGES},
        choices={language: [_described(firm, language, offer) for offer in seen.choices] for language in LANGUAGES}
        if seen is not None
        else {},
        rows=[RowLine(*row) for row in rows],
        rows_more=max(0, line.total - len(rows)),
        owed=open_promises(work, incident),
        quiet=quiet_until(firm, work.now),
    )


def _described(firm: Firm, language: str, offer: RankedOffer) -> str:
    return describe_offer(firm, language, Offer(remedies=items_of(offer.remedies, offer.cost.currency)))
