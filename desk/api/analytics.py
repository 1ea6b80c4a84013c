"""``/api/v1/analytics/…``: what the dashboards show."""

from datetime import date

from aiohttp import web

from analytics.roll_up import roll_up_chunk
from analytics.service_steps import SERVICE
from analytics.sigma_summary import PROCESSES, SPLITS, sigma_summary
from desk.errors import ApiError
from desk.keys import DATABASE, FIRM, SETTINGS
from store.blueprint import read_blueprint


async def get_sigma(request: web.Request) -> web.Response:
    """Counts, DPMO, yield and sigma level of a process, over days of the firm's zone."""
    process = request.query.get("process", PROCESSES[0])
    by = request.query.get("by", SPLITS[0])
    if process not in PROCESSES:
        raise ApiError(422, f"process: must be one of {', '.join(PROCESSES)}")
    if by not in SPLITS:
        raise ApiError(422, f"by: must be one of {', '.join(SPLITS)}")
    since, until = _day(request, "since"), _day(request, "until")
    if since and until and until < since:
        raise ApiError(422, "until: lies before since")
    database, zone = request.app[DATABASE], request.app[FIRM].zone
    while await database.run(roll_up_chunk, zone):
        pass
    blueprint = read_blueprint(request.app[SETTINGS].firm) if process == SERVICE else None
    summary = await database.read(sigma_summary, process, since, until, by, blueprint=blueprint)
    return web.json_response({**summary.to_json(), "zone": zone.key})


def _day(request: web.Request, name: str) -> date | None:
    text = request.query.get(name)
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ApiError(422, f"{name}: must be a day such as 2026-11-21") from None
