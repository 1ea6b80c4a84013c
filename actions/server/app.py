"""rasa-sdk's executor in a small aiohttp application.

The stock hosting does not restart a killed worker and hangs its callers; this is one plain process that the supervisor
looks after.
"""

import json
from collections.abc import AsyncIterator

import structlog
from aiohttp import web
from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionExecutionRejection, ActionNotFoundException

from actions.connectors.orders import OrderLookUp
from actions.connectors.systems import make_order_look_up
from actions.firm import Firm, load_firm
from actions.fresh_orders import FreshOrders
from actions.server.answering import all_actions
from actions.turns import StaleTurn
from actions.understanding import UnreadableUnderstanding
from store.database import Database
from store.settings import Settings

log = structlog.get_logger()

EXECUTOR = web.AppKey("executor", ActionExecutor)


def make_app(database: Database, firm: Firm, look_up: OrderLookUp | None = None) -> web.Application:
    """The action server's application: ``POST /webhook`` for Rasa, ``GET /health``.

    Args:
        look_up: where orders are looked up that the store does not have.
    """
    executor = ActionExecutor()
    for action in all_actions(database, firm, FreshOrders(database, firm, look_up)):
        executor.register_action(action)
    # Trackers are one turn long, but a text may have 4,000 characters and Rasa repeats it.
    app = web.Application(client_max_size=4 * 2**20)
    app[EXECUTOR] = executor
    app.add_routes([web.post("/webhook", _webhook), web.get("/health", _health)])
    return app


def serving_app(settings: Settings) -> web.Application:
    """As :func:`make_app`, with the store opened at start and closed at the end."""
    firm = load_firm(settings.firm)
    look_up = make_order_look_up(settings, firm)
    database = Database(settings.database)
    app = make_app(database, firm, look_up)

    async def store(_: web.Application) -> AsyncIterator[None]:
        yield
        database.close()

    app.cleanup_ctx.append(store)
    return app


async def _webhook(request: web.Request) -> web.Response:
    try:
        call = await request.json()
        if not isinstance(call, dict):
            raise ValueError("no object")
    except ValueError:
        return web.json_response({"error": "the body is no JSON object"}, status=400)
    action = str(call.get("next_action"))
    # Rasa leaves the domain out (endpoints.yml), no action looks at it, and the executor insists on one.
    call.setdefault("domain", {})
    try:
        result = await request.app[EXECUTOR].run(call)
    except StaleTurn as error:
        # Nothing was done, and nothing more will be: the message is somebody else's now.
        log.info("stale turn", action=action, why=str(error))
        return web.json_response({"error": str(error), "action_name": action}, status=409)
    except ActionExecutionRejection as error:
        return web.json_response({"error": str(error), "action_name": action}, status=400)
    except ActionNotFoundException as error:
        log.error("unknown action", action=action)
        return web.json_response({"error": str(error), "action_name": action}, status=404)
    except UnreadableUnderstanding as error:
        log.error("unreadable understanding", action=action, why=str(error))
        return web.json_response({"error": str(error), "action_name": action}, status=422)
    return web.json_response(result.model_dump() if result else {}, dumps=json.dumps)


async def _health(request: web.Request) -> web.Response:
    return web.json_response({"status": "ok", "actions": len(request.app[EXECUTOR].list_actions())})
