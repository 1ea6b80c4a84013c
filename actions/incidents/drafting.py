"""Draw up an incident: which orders it touches, and what will be said and offered; nobody is told anything yet."""

from dataclasses import dataclass

from sqlalchemy import select

from actions.conversations import storable
from actions.firm import Firm
from actions.firm.playbooks import PlaybookFile
from actions.incidents.lists import ORDERS_AT_MOST, LineProblem, ListRead, Problem
from actions.incidents.reaching import Reached, reach
from actions.staff.access import DeedRefused
from recovery.incidents import UNDER_WAY, IncidentState, RowState
from store import audit
from store.database import UnitOfWork
from store.erasing import slices
from store.tables import Incident, IncidentOrder, Order

TITLE_LENGTH = 200
PER_MINUTE_AT_MOST = 600


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to tell many.

    Attributes:
        titles: what happened, as customers read it, by language.
        category: one of the playbook's; empty for its first.
        per_minute: how many are told a minute at most; None for what the playbook says.
        key: of the form or call that makes it; sent twice, it is one incident.
    """

    playbook: str
    titles: dict[str, str]
    orders: ListRead
    category: str = ""
    per_minute: int | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Drafted:
    """The incident, and what was found wrong with its list."""

    incident: Incident
    problems: list[LineProblem]


def draw_up(work: UnitOfWork, firm: Firm, draft: Draft, by: str) -> Drafted:
    """Make a draft; numbers that are no order of ours stay in it, for the case that they come in later.

    Args:
        by: a login, or what acted by itself.

    Raises:
        DeedRefused: the playbook, a title, the category or the speed will not do; or the form was sent before
            with other words.
        IntegrityError: the same form is being sent at this moment; tried once more, it is found.
    """
    playbook, category, titles = _checked(firm, draft)
    if draft.key is not None:
        earlier = work.session.scalars(select(Incident).where(Incident.creation_key == draft.key)).first()
        if earlier is not None:
            if (earlier.titles, earlier.playbook) != (titles, playbook.key):
                raise DeedRefused("form_used")
            return Drafted(earlier, list(draft.orders.problems))
    incident = Incident(
        titles=titles,
        playbook=playbook.key,
        category=category,
        per_minute=draft.per_minute or playbook.per_minute,
        created_by=by,
        created_at=work.now,
        creation_key=draft.key,
    )
    work.session.add(incident)
    work.session.flush()
    problems = _add(work, firm, incident, draft.orders)
    audit.append(work, by, "draft_incident", incident.public_id)
    return Drafted(incident, problems)


def redraw(work: UnitOfWork, firm: Firm, incident: Incident, draft: Draft, by: str) -> list[LineProblem]:
    """Change a draft: its words and speed, and add orders to it. The incident is locked.

    Returns:
        What is wrong with the list of added orders.

    Raises:
        DeedRefused: it has been started, or as for a new one.
    """
    if incident.state != IncidentState.DRAFT:
        raise DeedRefused("incident_started")
    playbook, category, titles = _checked(firm, draft)
    incident.playbook, incident.category, incident.titles = playbook.key, category, titles
    incident.per_minute = draft.per_minute or playbook.per_minute
    problems = _add(work, firm, incident, draft.orders)
    audit.append(work, by, "change_incident", incident.public_id)
    return problems


def discard(work: UnitOfWork, incident: Incident, by: str) -> None:
    """Throw a draft away; the incident is locked.

    Raises:
        DeedRefused: it has been started.
    """
    if incident.state != IncidentState.DRAFT:
        raise DeedRefused("incident_started")
    for row in rows_of(work, incident):
        work.session.delete(row)
    work.session.flush()
    work.session.delete(incident)
    audit.append(work, by, "discard_incident", incident.public_id)


def rows_of(work: UnitOfWork, incident: Incident) -> list[IncidentOrder]:
    """The orders of an incident, as they were listed."""
    statement = select(IncidentOrder).where(IncidentOrder.incident_id == incident.id).order_by(IncidentOrder.id)
    return list(work.session.scalars(statement))


def resolve_rows(work: UnitOfWork, rows: list[IncidentOrder]) -> dict[str, Reached]:
    """See anew whom the orders belong to and whether they can be reached; those who have heard of it stay as they are.

    Returns:
        Order number → where its customer is reached.
    """
    open_rows = [r for r in rows if r.state in (RowState.WAITING, RowState.UNREACHABLE, RowState.UNKNOWN)]
    numbers = [row.order_number for row in open_rows]
    known = set(_orders(work, numbers))
    reached = reach(work, numbers)
    for row in open_rows:
        found = reached.get(row.order_number)
        row.customer_id = found.customer_id if found is not None else None
        if row.order_number not in known:
            row.state = RowState.UNKNOWN
        else:
            row.state = RowState.WAITING if found is not None else RowState.UNREACHABLE
    work.session.flush()
    return reached


def _add(work: UnitOfWork, firm: Firm, incident: Incident, orders: ListRead) -> list[LineProblem]:
    """Add orders that are not in the incident yet; what is wrong with which."""
    problems = list(orders.problems)
    have = {row.order_number for row in rows_of(work, incident)}
    fresh = [read for read in orders.numbers if read.number not in have]
    problems += [LineProblem(r.line, r.number, Problem.REPEATED) for r in orders.numbers if r.number in have]
    if len(have) + len(fresh) > ORDERS_AT_MOST:
        raise DeedRefused("list_too_long")
    rows = [IncidentOrder(incident_id=incident.id, order_number=read.number) for read in fresh]
    work.session.add_all(rows)
    work.session.flush()
    resolve_rows(work, rows)
    numbers = [row.order_number for row in rows]
    elsewhere = _in_other_incident(work, incident, numbers)
    currencies = _orders(work, numbers)
    for read, row in zip(fresh, rows, strict=True):
        if row.state == RowState.UNKNOWN:
            problems.append(LineProblem(read.line, read.number, Problem.UNKNOWN))
            continue
        if row.state == RowState.UNREACHABLE:
            problems.append(LineProblem(read.line, read.number, Problem.UNREACHABLE))
        if currencies[read.number] != firm.policy.currency:
            problems.append(LineProblem(read.line, read.number, Problem.OTHER_CURRENCY))
        if read.number in elsewhere:
            problems.append(LineProblem(read.line, read.number, Problem.IN_OTHER_INCIDENT))
    return sorted(problems, key=lambda problem: problem.line)


def _orders(work: UnitOfWork, numbers: list[str]) -> dict[str, str]:
    """Order number → currency, of those that are on file."""
    found: dict[str, str] = {}
    for part in slices(numbers):
        rows = work.session.execute(select(Order.number, Order.currency).where(Order.number.in_(part)))
        found.update(dict(rows.all()))
    return found


def _in_other_incident(work: UnitOfWork, incident: Incident, numbers: list[str]) -> set[str]:
    found: set[str] = set()
    for part in slices(numbers):
        statement = (
            select(IncidentOrder.order_number)
            .join(Incident, Incident.id == IncidentOrder.incident_id)
            .where(IncidentOrder.order_number.in_(part), Incident.id != incident.id, Incident.state.in_(UNDER_WAY))
        )
        found |= set(work.session.scalars(statement))
    return found


def _checked(firm: Firm, draft: Draft) -> tuple[PlaybookFile, str, dict[str, str]]:
    playbook = firm.playbooks.named(draft.playbook)
    if playbook is None:
        raise DeedRefused("unknown_playbook")
    category = draft.category or playbook.categories[0]
    if category not in playbook.categories:
        raise DeedRefused("category_of_other_playbook")
    titles = {language: " ".join(storable(draft.titles.get(language, "")).split()) for language in ("zh", "en")}
    if not all(titles.values()):
        raise DeedRefused("title_missing")
    if any(len(title) > TITLE_LENGTH for title in titles.values()):
        raise DeedRefused("title_too_long")
    if draft.per_minute is not None and not 1 <= draft.per_minute <= PER_MINUTE_AT_MOST:
        raise DeedRefused("per_minute_wrong")
    return playbook, category, titles
