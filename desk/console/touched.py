"""That a customer is touched by an incident, as the page of their conversation shows it."""

from dataclasses import dataclass

from actions.firm import Firm
from actions.incidents.affected import is_joined_now, touched_by
from recovery.control import Control
from recovery.incidents import HEARD, RowState
from store.database import UnitOfWork
from store.tables import Conversation, Incident, Staff


@dataclass(frozen=True, slots=True)
class TouchedLine:
    """An incident that touches the customer.

    Attributes:
        orders: theirs in it.
        heard: whether they have heard of it.
        tell: the order by which the reader can say that they told them; None where they cannot, or need not.
    """

    incident: Incident
    orders: list[str]
    heard: bool
    tell: str | None


def read_touched(work: UnitOfWork, firm: Firm, me: Staff, conversation: Conversation) -> list[TouchedLine]:
    """The incidents under way, or over for not long, that touch whom the conversation is with."""
    mine = conversation.control == Control.STAFF and conversation.taken_by_id == me.id
    lines = []
    for incident, rows in touched_by(work, conversation):
        if not is_joined_now(incident, work.now, firm.playbooks.joined_for):
            continue
        heard = any(row.state in HEARD for row in rows)
        waiting = next((row.order_number for row in rows if row.state == RowState.WAITING), None)
        lines.append(
            TouchedLine(incident, [row.order_number for row in rows], heard, waiting if mine and not heard else None)
        )
    return lines
