"""``/healthz``, ``/readyz`` and ``/metrics``."""

import aiohttp
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from sqlalchemy import func, select

from desk.keys import DATABASE, HTTP, RASA, SETTINGS
from recovery.control import Control
from store.database import UnitOfWork
from store.migrate import is_current
from store.tables import Case, Conversation, HeardCallback, InboxRow, OutboxRow, Timer


async def healthz(_: web.Request) -> web.Response:
    """The process lives."""
    return web.json_response({"status": "ok"})


async def readyz(request: web.Request) -> web.Response:
    """Whether a message would be answered now: the store, Rasa with a model, the action server."""
    parts = {
        "store": await _store_ready(request),
        "rasa": await request.app[RASA].is_ready(),
        "actions": await _actions_ready(request),
    }
    ready = all(parts.values())
    return web.json_response({"ready": ready, **parts}, status=200 if ready else 503)


async def metrics(request: web.Request) -> web.Response:
    """Counts of what waits, for Prometheus."""
    counts = await request.app[DATABASE].read(_counts)
    registry = CollectorRegistry()
    for name, (text, labels) in METRICS.items():
        gauge = Gauge(name, text, labels, registry=registry)
        for values, count in counts[name].items():
            (gauge.labels(*values) if labels else gauge).set(count)
    return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


METRICS: dict[str, tuple[str, tuple[str, ...]]] = {
    "amends_heard_waiting": ("Messages acknowledged to a channel and not taken in yet", ()),
    "amends_inbox_open": ("Messages waiting for an answer of the bot", ()),
    "amends_outbox": ("Messages to customers that are not delivered", ("state",)),
    "amends_timers_overdue": ("Timers that are due and have not fired", ()),
    "amends_conversations": ("Conversations by who has them", ("control",)),
    "amends_cases": ("Cases by state", ("state",)),
}


def _counts(work: UnitOfWork) -> dict[str, dict[tuple[str, ...], int]]:
    session = work.session

    def one(statement: object) -> dict[tuple[str, ...], int]:
        return {(): session.scalar(statement) or 0}  # type: ignore[call-overload]

    outbox = select(OutboxRow.state, func.count()).where(OutboxRow.state != "sent").group_by(OutboxRow.state)
    controls = select(Conversation.control, func.count()).group_by(Conversation.control)
    states = select(Case.state, func.count()).group_by(Case.state)
    by_control: dict[tuple[str, ...], int] = {(control.value,): 0 for control in Control}
    return {
        "amends_heard_waiting": one(select(func.count()).select_from(HeardCallback)),
        "amends_inbox_open": one(select(func.count()).where(InboxRow.state == "open")),
        "amends_outbox": {(state,): count for state, count in session.execute(outbox)},
        "amends_timers_overdue": one(select(func.count()).where(Timer.state == "open", Timer.due_at < work.now)),
        "amends_conversations": by_control | {(c,): count for c, count in session.execute(controls)},
        "amends_cases": {(state,): count for state, count in session.execute(states)},
    }


async def _store_ready(request: web.Request) -> bool:
    try:
        return await request.app[DATABASE].read(lambda _: is_current(request.app[DATABASE]))
    except Exception:
        return False


async def _actions_ready(request: web.Request) -> bool:
    url = f"http://127.0.0.1:{request.app[SETTINGS].actions_port}/health"
    try:
        async with request.app[HTTP].get(url, timeout=aiohttp.ClientTimeout(total=3)) as response:
            return response.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False
