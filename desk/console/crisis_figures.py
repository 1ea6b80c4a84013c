"""What the crisis view shows: open alarms, complaints against what is usual, media threats, incidents under way."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import String, cast, select

from actions.alarms.raising import AlarmKind
from actions.alarms.watching import WEEK, count_by, first_complaint, lately_in, weeks_known
from actions.firm import Firm
from actions.incidents.running import counts
from actions.staff.alarms import orders_of
from desk.console.clocks import Clock, read_clock
from recovery.case_states import UNSETTLED
from recovery.clusters import judge_count
from recovery.failures import Risk
from recovery.incidents import HEARD, UNDER_WAY, RowState
from store.database import UnitOfWork
from store.erasing import slices
from store.tables import Alarm, Case, CaseClock, Conversation, Fact, Incident, Order, Staff

DAY = timedelta(days=1)
# Of an alarm's cases, so many are listed; the newest first.
CASES_SHOWN = 12
_CLOSED_SHOWN = 10
_MEDIA_SHOWN = 50
# Risks are a list of keys, kept as JSON.
_THREATENED = cast(Case.risks, String).like(f'%"{Risk.MEDIA}"%')


@dataclass(frozen=True, slots=True)
class AlarmCase:
    """A case of an alarm: where its page is."""

    number: str
    conversation: str
    state: str
    severity: str


@dataclass(frozen=True, slots=True)
class AlarmLine:
    """An alarm as it is shown.

    Attributes:
        cases: the newest of its cases; ``more``: how many further ones there are.
        past: the counts of past weeks, the oldest first.
        common: what the cases have in common, read from them: a product, a day, a step of the service.
        playbook: whether there is one for its category; ``orders``: how many orders its cases name.
        incident: what was made of it.
    """

    alarm: Alarm
    taken_by: str | None
    cases: list[AlarmCase]
    more: int
    past: list[int]
    common: str | None
    playbook: bool
    orders: int
    incident: Incident | None

    @property
    def details(self) -> dict[str, Any]:
        return self.alarm.details


@dataclass(frozen=True, slots=True)
class CategoryLine:
    """Complaints of one category in the last 24 hours, against the same hours of past weeks.

    Attributes:
        usual: their mean; None where there is no past week to compare with.
        share, usual_share: of the greatest figure shown, 0–100, for the picture.
        unusual: whether it calls for an alarm by the rule of alarms.yml.
    """

    category: str
    count: int
    usual: float | None
    share: int
    usual_share: int
    unusual: bool


@dataclass(frozen=True, slots=True)
class MediaLine:
    """An unsettled case whose customer speaks of going public."""

    case: Case
    conversation: str
    owner: str | None
    clock: Clock
    legal: bool


@dataclass(frozen=True, slots=True)
class IncidentLine:
    """An incident and how far it is.

    Attributes:
        told: customers who have heard of it, in whatever way; ``waiting``: orders still to be told.
        share: of the reachable orders that are done with, 0–100.
    """

    incident: Incident
    orders: dict[str, int]
    told: int
    waiting: int
    total: int
    share: int


@dataclass(frozen=True, slots=True)
class CrisisPage:
    """The crisis view at one moment.

    Attributes:
        weeks: how many past weeks the figures are compared with.
    """

    at: datetime
    open: list[AlarmLine]
    closed: list[AlarmLine]
    categories: list[CategoryLine]
    weeks: int
    media: list[MediaLine]
    incidents: list[IncidentLine]

    @property
    def calm(self) -> bool:
        """Whether nothing at all calls for anybody."""
        return not (self.open or self.media or self.incidents or any(line.unusual for line in self.categories))


def read_crisis(work: UnitOfWork, firm: Firm, language: str) -> CrisisPage:
    """All of it, read at one moment."""
    alarms = list(work.session.scalars(select(Alarm).where(Alarm.closed_at.is_(None)).order_by(Alarm.raised_at.desc())))
    # Threats of exposure before counts, and what nobody has taken before what somebody has.
    alarms.sort(key=lambda alarm: (alarm.taken_by is not None, alarm.kind != AlarmKind.MEDIA))
    closed = select(Alarm).where(Alarm.closed_at.is_not(None)).order_by(Alarm.closed_at.desc()).limit(_CLOSED_SHOWN)
    categories, weeks = _categories(work, firm)
    under_way = select(Incident).where(Incident.state.in_(UNDER_WAY)).order_by(Incident.id.desc())
    return CrisisPage(
        at=work.now,
        open=_alarm_lines(work, firm, language, alarms),
        closed=_alarm_lines(work, firm, language, list(work.session.scalars(closed))),
        categories=categories,
        weeks=weeks,
        media=_media(work),
        incidents=incident_lines(work, list(work.session.scalars(under_way))),
    )


def incident_lines(work: UnitOfWork, incidents: Sequence[Incident]) -> list[IncidentLine]:
    """Incidents with their progress."""
    by_state = counts(work, [incident.id for incident in incidents])
    lines = []
    for incident in incidents:
        orders = by_state[incident.id]
        told = sum(orders.get(state, 0) for state in HEARD)
        waiting = orders.get(RowState.WAITING, 0)
        reachable = told + waiting
        share = 100 * told // reachable if reachable else 0
        lines.append(IncidentLine(incident, orders, told, waiting, sum(orders.values()), share))
    return lines


def _alarm_lines(work: UnitOfWork, firm: Firm, language: str, alarms: Sequence[Alarm]) -> list[AlarmLine]:
    logins = {alarm.taken_by for alarm in alarms if alarm.taken_by}
    names = dict(work.session.execute(select(Staff.login, Staff.name).where(Staff.login.in_(logins))).all())
    lines = []
    for alarm in alarms:
        numbers = list(alarm.details.get("cases", []))
        shown = numbers[::-1][:CASES_SHOWN]
        lines.append(
            AlarmLine(
                alarm=alarm,
                taken_by=names.get(alarm.taken_by, alarm.taken_by) if alarm.taken_by else None,
                cases=_cases(work, shown),
                more=len(numbers) - len(shown),
                past=list(alarm.details.get("past", []))[::-1],
                common=_common(work, firm, language, alarm, numbers),
                playbook=firm.playbooks.for_category(alarm.category) is not None,
                orders=len(orders_of(work, alarm)),
                incident=work.session.get(Incident, alarm.incident_id) if alarm.incident_id is not None else None,
            )
        )
    return lines


def _cases(work: UnitOfWork, numbers: Sequence[str]) -> list[AlarmCase]:
    statement = (
        select(Case.number, Conversation.public_id, Case.state, Case.severity)
        .join(Conversation, Conversation.id == Case.conversation_id)
        .where(Case.number.in_(numbers))
    )
    found = {row[0]: AlarmCase(*row) for row in work.session.execute(statement)}
    return [found[number] for number in numbers if number in found]


def _common(work: UnitOfWork, firm: Firm, language: str, alarm: Alarm, numbers: Sequence[str]) -> str | None:
    """What the cases share; products are called as customers did, so that they go when the customers' words go."""
    facet = alarm.details.get("facet")
    if facet == "service_step":
        steps = select(Case.service_step).where(Case.number.in_(numbers))
        most = Counter(work.session.scalars(steps)).most_common(1)
        names = firm.blueprint.names.get(most[0][0]) if most else None
        return names[language] if names else None
    if facet == "product":
        said = select(Fact.value).join(Case, Case.id == Fact.case_id)
        products = work.session.scalars(said.where(Case.number.in_(numbers), Fact.key == "product"))
        most = Counter(" ".join(value.split()) for value in products).most_common(1)
        return most[0][0] if most else None
    if facet == "order_day":
        placed = (
            select(Order.placed_at)
            .join(Fact, Fact.value == Order.number)
            .join(Case, Case.id == Fact.case_id)
            .where(Case.number.in_(numbers), Fact.key == "order_number")
        )
        days = Counter(firm.local(at).date() for at in work.session.scalars(placed)).most_common(1)
        return days[0][0].isoformat() if days else None
    return None


def _categories(work: UnitOfWork, firm: Firm) -> tuple[list[CategoryLine], int]:
    first = first_complaint(work)
    weeks = weeks_known(firm, first, work.now, DAY)
    today = _by_category(count_by(work, work.now - DAY, work.now))
    past = [
        _by_category(count_by(work, work.now - week * WEEK - DAY, work.now - week * WEEK))
        for week in range(1, weeks + 1)
    ]
    keys = set(today) | {key for week in past for key in week}
    usual = {key: sum(week[key] for week in past) / weeks for key in keys} if weeks else {}
    top = max([*today.values(), *usual.values(), 1])
    rule = firm.alarms.unusual.rule

    # As alarms are judged, so that the page says the same.
    says_something = first is not None and work.now - first >= 2 * DAY

    def lately(key: str) -> float:
        return lately_in(
            first, work.now - DAY, work.now, lambda start, end: _by_category(count_by(work, start, end))[key]
        )

    lines = [
        CategoryLine(
            category=key,
            count=today[key],
            usual=usual.get(key),
            share=round(100 * today[key] / top),
            usual_share=round(100 * usual.get(key, 0) / top),
            unusual=says_something
            and judge_count(
                today[key], [week[key] for week in past], rule, lately(key) if weeks < rule.weeks_needed else 0.0
            ).unusual,
        )
        for key in keys
        if today[key] or usual.get(key, 0) >= 0.5
    ]
    return sorted(lines, key=lambda line: (not line.unusual, -line.count, line.category)), weeks


def _by_category(found: Counter[tuple[str, str]]) -> Counter[str]:
    summed: Counter[str] = Counter()
    for (category, _), count in found.items():
        summed[category] += count
    return summed


def _media(work: UnitOfWork) -> list[MediaLine]:
    """Unsettled cases with the risk, the most urgent clock first."""
    statement = (
        select(Case, Conversation.public_id, Staff.name)
        .join(Conversation, Conversation.id == Case.conversation_id)
        .outerjoin(Staff, Staff.id == Case.owner_id)
        .where(Case.state.in_(UNSETTLED), Case.merged_into_id.is_(None), _THREATENED)
        .order_by(Case.resolution_due)
    )
    found = list(work.session.execute(statement.limit(_MEDIA_SHOWN)))
    running: dict[int, CaseClock] = {}
    for part in slices([case.id for case, _, _ in found]):
        clocks = select(CaseClock).where(CaseClock.case_id.in_(part), CaseClock.state == "running")
        for clock in work.session.scalars(clocks.order_by(CaseClock.due_at.desc())):
            running[clock.case_id] = clock
    return [
        MediaLine(
            case,
            public_id,
            owner,
            # With the bot no clock runs yet; by its limit one sees all the same how long there is.
            read_clock(
                case.opened_at, running[case.id].due_at if case.id in running else case.resolution_due, work.now
            ),
            Risk.LEGAL in case.risks,
        )
        for case, public_id, owner in found
    ]
