"""The API's handlers: check what comes in, ask the store, show it."""

from aiohttp import web

from actions.conversations import Address, storable
from desk.api.imports import UnknownStep, keep_orders, keep_volumes, refuse_unknown_steps
from desk.api.models import OrdersPosted, VolumesPosted
from desk.api.views import cases_view, conversation_view, messages_view, one_case_view, parse_identity
from desk.errors import UPLOAD_LIMIT, ApiError, check_model, read_json
from desk.keys import DATABASE, FIRM

_PAGE = 500


async def get_conversation(request: web.Request) -> web.Response:
    address = _identity(request.match_info["identity"])
    found = await request.app[DATABASE].read(conversation_view, address)
    if found is None:
        raise ApiError(404, "nobody has written under this identity")
    return web.json_response(found)


async def get_messages(request: web.Request) -> web.Response:
    address = _identity(request.match_info["identity"])
    after = _whole(request, "after", 0, 2**31 - 1)
    limit = max(1, _whole(request, "limit", _PAGE, _PAGE))
    found = await request.app[DATABASE].read(messages_view, address, after, limit)
    if found is None:
        raise ApiError(404, "nobody has written under this identity")
    return web.json_response(found)


async def get_cases(request: web.Request) -> web.Response:
    identity = request.query.get("identity")
    if identity is None:
        raise ApiError(422, "identity: say whose cases, such as ?identity=rest:42")
    limit = max(1, _whole(request, "limit", _PAGE, _PAGE))
    return web.json_response({"cases": await request.app[DATABASE].read(cases_view, _identity(identity), limit)})


async def get_case(request: web.Request) -> web.Response:
    found = await request.app[DATABASE].read(one_case_view, storable(request.match_info["number"]))
    if found is None:
        raise ApiError(404, "there is no case with this number")
    return web.json_response(found)


async def post_orders(request: web.Request) -> web.Response:
    orders = check_model(await read_json(request, UPLOAD_LIMIT), OrdersPosted)
    return web.json_response({"kept": await request.app[DATABASE].run(keep_orders, orders)})


async def post_volumes(request: web.Request) -> web.Response:
    volumes = check_model(await read_json(request, UPLOAD_LIMIT), VolumesPosted)
    try:
        refuse_unknown_steps(volumes.root, request.app[FIRM])
    except UnknownStep as error:
        raise ApiError(422, f"{error.place}.step: {error}") from None
    return web.json_response({"kept": await request.app[DATABASE].run(keep_volumes, volumes)})


def _identity(text: str) -> Address:
    address = parse_identity(storable(text))
    if address is None:
        raise ApiError(422, "identity: must be channel:id, such as rest:42")
    return address


def _whole(request: web.Request, name: str, default: int, at_most: int) -> int:
    text = request.query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > 12:
        raise ApiError(422, f"{name}: must be a whole number from 0")
    return min(int(text), at_most)
