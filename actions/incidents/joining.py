"""A complaint about what we know of already: it joins the incident, and the customer is told so."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, select

from actions.cases import get_fact, set_fact
from actions.firm import Firm
from actions.incidents.affected import has_heard, is_joined_now, lock_rows, settle_rows
from actions.incidents.choices import playbook_choices
from actions.incidents.preview import dearest_of
from actions.incidents.reaching import family_of
from actions.incidents.words import keep_word, news
from actions.offering import withdraw_open_offers
from recovery.case_states import CaseState
from recovery.incidents import HEARD, IncidentState, RowState
from store.database import UnitOfWork
from store.tables import Case, Conversation, Identity, Incident, IncidentOrder, Order, OrderIdentity

_STATES = frozenset({CaseState.OPEN, CaseState.OFFERED})


def join_incident(work: UnitOfWork, firm: Firm, conversation: Conversation, case: Case, language: str) -> str | None:
    """Have a complaint join the incident that it is about, where there is one; the conversation is locked.

    | the complaint | so |
    |---|---|
    | is about an order of the incident that is the customer's | it joins |
    | names no order; one of theirs is in the incident, of this category, and they have not been told | joins by it |
    | names none, or one of the incident; they have been told, and it is of this category | it joins |
    | names another order | it does not |

    Returns:
        What to tell the customer; None where it joins none, belongs to one already, or they heard it all before.
    """
    if case.incident_id is not None or case.state not in _STATES:
        return None
    number = get_fact(case, "order_number")
    if number is not None and not case.order_proved:
        return None
    for incident in _candidates(work, firm, case, number):
        also = [number] if number is not None else []
        rows = lock_rows(work, incident.id, case.customer_id, also)
        mine = next((row for row in rows if row.order_number == number), None)
        heard = has_heard(rows)
        if number is not None and mine is None:
            continue
        if number is None and incident.category not in case.categories:
            continue
        case.incident_id = incident.id
        if heard is not None:
            settle_rows(work, rows, heard, RowState.JOINED, case)
            if heard.case_id is not None and heard.case_id != case.id and case.linked_case_id is None:
                case.linked_case_id = heard.case_id
            return None
        open_rows = [row for row in rows if row.state in (RowState.WAITING, RowState.UNREACHABLE)]
        if mine is None:
            mine = _by_their_order(work, firm, case, open_rows)
        settle_rows(work, open_rows if mine in open_rows else [*open_rows, mine], mine, RowState.JOINED, case)
        return _words(work, firm, incident, conversation, case, language, open_rows or [mine])
    return None


def _by_their_order(work: UnitOfWork, firm: Firm, case: Case, rows: Sequence[IncidentOrder]) -> IncidentOrder:
    """They need not say which order: it is listed with them."""
    orders = list(work.session.scalars(select(Order).where(Order.number.in_([row.order_number for row in rows]))))
    main = dearest_of(orders, firm.policy.currency)
    set_fact(work, case, "order_number", main.number)
    case.order_proved = True
    return next(row for row in rows if row.order_number == main.number)


def _words(
    work: UnitOfWork,
    firm: Firm,
    incident: Incident,
    conversation: Conversation,
    case: Case,
    language: str,
    rows: Sequence[IncidentOrder],
) -> str:
    if playbook_choices(work, firm, case) is not None:
        # What the usual rules had put is replaced by what the playbook offers.
        withdraw_open_offers(work, case)
    # Nobody is asked what we know.
    case.happening_asked = True
    numbers = [row.order_number for row in rows]
    playbook = firm.playbooks.named(incident.playbook)
    said = news(work, firm, incident, playbook, "incident.joined", language, numbers, case.number)
    keep_word(work, conversation, case, said)
    return said.text


def _candidates(work: UnitOfWork, firm: Firm, case: Case, number: str | None) -> list[Incident]:
    """The incidents that the complaint may be about, the latest first."""
    family = family_of(work, case.customer_id)
    theirs: ColumnElement[bool] = IncidentOrder.customer_id.in_(family)
    if number is not None:
        theirs |= IncidentOrder.order_number == number
    else:
        identities = work.session.scalars(select(Identity).where(Identity.customer_id.in_(family))).all()
        listed = select(OrderIdentity.order_number).where(
            OrderIdentity.identity.in_([identity.public for identity in identities])
        )
        theirs |= IncidentOrder.order_number.in_(listed)
    statement = (
        select(Incident)
        .where(
            Incident.state != IncidentState.DRAFT,
            Incident.id.in_(
                select(IncidentOrder.incident_id).where(
                    theirs, IncidentOrder.state.in_([*HEARD, RowState.WAITING, RowState.UNREACHABLE])
                )
            ),
        )
        .order_by(Incident.id.desc())
    )
    joined_for = firm.playbooks.joined_for
    return [one for one in work.session.scalars(statement) if is_joined_now(one, work.now, joined_for)]
