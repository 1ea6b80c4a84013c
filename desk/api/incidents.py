"""``/api/v1/incidents``: draw up what went wrong for many, and see how far telling them has come.

A draft is all that a system makes: a person starts it at the desk, who has seen whom it reaches and what it may cost.
"""

from typing import Annotated, Any

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from actions.conversations import storable
from actions.firm import Firm
from actions.incidents.drafting import PER_MINUTE_AT_MOST, TITLE_LENGTH, Draft, draw_up
from actions.incidents.lists import ORDERS_AT_MOST, LineProblem, ListRefused, gather
from actions.incidents.preview import preview
from actions.incidents.running import counts, find_incident
from actions.staff.access import DeedRefused
from desk.api.models import Key, without_nul
from desk.errors import UPLOAD_LIMIT, ApiError, check_model, read_json
from desk.keys import DATABASE, FIRM
from recovery.incidents import IncidentState
from store.database import UnitOfWork
from store.tables import Incident

_BY = "api"
_PAGE = 100
_Title = Annotated[str, Field(min_length=1, max_length=TITLE_LENGTH), AfterValidator(without_nul)]
_WRONG = {
    "unknown_playbook": "playbook: there is none with this key in playbooks.yml",
    "category_of_other_playbook": "category: is none of the playbook's",
    "title_missing": "title: must say something in zh and in en",
    "title_too_long": f"title: has more than {TITLE_LENGTH} characters",
    "per_minute_wrong": f"per_minute: must lie between 1 and {PER_MINUTE_AT_MOST}",
    "list_empty": "orders: names no order",
    "list_too_long": f"orders: holds more than {ORDERS_AT_MOST}",
}


class TitlePosted(BaseModel):
    """What happened, as customers read it."""

    model_config = ConfigDict(extra="forbid")

    zh: _Title
    en: _Title


class IncidentPosted(BaseModel):
    """Something that went wrong for many at once; posted again under the same ``key`` it is the same incident."""

    model_config = ConfigDict(extra="forbid")

    playbook: Key
    title: TitlePosted
    orders: Annotated[
        list[Annotated[str, Field(max_length=200), AfterValidator(without_nul)]],
        Field(min_length=1, max_length=2 * ORDERS_AT_MOST),
    ]
    category: Key | None = None
    per_minute: Annotated[int, Field(ge=1, le=PER_MINUTE_AT_MOST, strict=True)] | None = None
    key: Annotated[str, Field(min_length=1, max_length=60), AfterValidator(without_nul)] | None = None


async def post_incident(request: web.Request) -> web.Response:
    """Draw up an incident; what is wrong with which order is told."""
    posted = check_model(await read_json(request, UPLOAD_LIMIT), IncidentPosted)
    app = request.app
    try:
        return web.json_response(await app[DATABASE].run(_draw_up, app[FIRM], posted))
    except IntegrityError:
        # The same call at the same moment; by now the other one is through.
        return web.json_response(await app[DATABASE].run(_draw_up, app[FIRM], posted))


async def get_incidents(request: web.Request) -> web.Response:
    """The latest incidents."""
    return web.json_response({"incidents": await request.app[DATABASE].read(_latest)})


async def get_incident(request: web.Request) -> web.Response:
    """One incident: how far it is; while it is a draft, what starting it would do."""
    found = await request.app[DATABASE].read(_one, request.app[FIRM], storable(request.match_info["id"]))
    if found is None:
        raise ApiError(404, "there is no incident with this id")
    return web.json_response(found)


def _draw_up(work: UnitOfWork, firm: Firm, posted: IncidentPosted) -> dict[str, Any]:
    try:
        listed = gather(iter(enumerate(posted.orders, 1)))
        drafted = draw_up(
            work,
            firm,
            Draft(
                playbook=posted.playbook,
                titles={"zh": posted.title.zh, "en": posted.title.en},
                orders=listed,
                category=posted.category or "",
                per_minute=posted.per_minute,
                key=f"api:{posted.key}" if posted.key else None,
            ),
            _BY,
        )
    except ListRefused as refused:
        raise ApiError(422, _WRONG.get(refused.code, "orders: cannot be read")) from None
    except DeedRefused as refused:
        if refused.code == "form_used":
            raise ApiError(409, "key: was used for another incident") from None
        raise ApiError(422, _WRONG.get(refused.code, refused.code)) from None
    return {
        **_view(drafted.incident, counts(work, [drafted.incident.id])),
        "problems": [_problem(problem) for problem in drafted.problems],
        "preview": _preview(work, firm, drafted.incident),
    }


def _latest(work: UnitOfWork) -> list[dict[str, Any]]:
    found = list(work.session.scalars(select(Incident).order_by(Incident.id.desc()).limit(_PAGE)))
    by_state = counts(work, [incident.id for incident in found])
    return [_view(incident, by_state) for incident in found]


def _one(work: UnitOfWork, firm: Firm, public_id: str) -> dict[str, Any] | None:
    incident = find_incident(work, public_id)
    if incident is None:
        return None
    shown = _view(incident, counts(work, [incident.id]))
    if incident.state == IncidentState.DRAFT:
        shown["preview"] = _preview(work, firm, incident)
    return shown


def _view(incident: Incident, by_state: dict[int, dict[str, int]]) -> dict[str, Any]:
    def moment(at: Any) -> str | None:
        return at.isoformat().replace("+00:00", "Z") if at is not None else None

    return {
        "id": incident.public_id,
        "title": incident.titles,
        "playbook": incident.playbook,
        "category": incident.category,
        "state": incident.state,
        "per_minute": incident.per_minute,
        "created_at": moment(incident.created_at),
        "started_at": moment(incident.started_at),
        "ended_at": moment(incident.ended_at),
        "orders": by_state[incident.id],
    }


def _problem(problem: LineProblem) -> dict[str, Any]:
    return {"place": problem.line, "order": problem.what, "problem": problem.problem.value}


def _preview(work: UnitOfWork, firm: Firm, incident: Incident) -> dict[str, Any]:
    seen = preview(work, firm, incident)
    return {
        "customers": seen.customers,
        "channels": seen.channels,
        "unreachable": len(seen.unreachable),
        "unknown": len(seen.unknown),
        "cost_at_most": seen.most,
        "currency": seen.currency,
        "authorities": seen.authorities,
        "budget_left": seen.budget.minor,
    }
