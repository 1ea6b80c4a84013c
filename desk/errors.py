"""Errors as callers see them: a class, a code and a sentence; never a stack trace."""

import asyncio
import json
import math
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import structlog
from aiohttp import web
from pydantic import BaseModel, ValidationError

log = structlog.get_logger()

Model = TypeVar("Model", bound=BaseModel)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

BODY_LIMIT = 64 * 1024
UPLOAD_LIMIT = 8 * 1024 * 1024
# Whoever sends no faster than this holds a connection on purpose.
BODY_SECONDS = 30
UPLOAD_SECONDS = 300

_CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    408: "too_slow",
    409: "conflict",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
    429: "too_many_requests",
    503: "took_too_long",
}


class ApiError(Exception):
    """A request that cannot be served, and why."""

    def __init__(self, status: int, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code or _CODES.get(status, "error")


def error_response(status: int, message: str, code: str | None = None) -> web.Response:
    """``{"error": {"code", "message"}}``."""
    body = {"error": {"code": code or _CODES.get(status, "error"), "message": message}}
    return web.json_response(body, status=status)


@web.middleware
async def tell_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error in the one form; what nobody foresaw is logged and told as ours."""
    try:
        return await handler(request)
    except ApiError as error:
        return error_response(error.status, error.message, error.code)
    except web.HTTPException as error:
        if error.status < 400 or request.path.startswith("/desk"):
            raise
        message = "the body is larger than 64 KiB" if error.status == 413 else error.reason
        response = error_response(error.status, message)
        if "Allow" in error.headers:
            response.headers["Allow"] = error.headers["Allow"]
        return response
    except web.RequestPayloadError:
        response = error_response(400, "the body cannot be read: it breaks off, or is not encoded as its head says")
        # Where the next request would begin, nobody knows.
        response.force_close()
        return response
    except ConnectionResetError:
        raise
    except Exception as error:
        log.exception("request failed", route=_route(request), kind=type(error).__name__)
        return error_response(500, "something went wrong on our side", "internal")


async def read_json(request: web.Request, limit: int = BODY_LIMIT) -> Any:
    """The body as JSON.

    Raises:
        ApiError: 400 no JSON in UTF-8; 408 it comes too slowly; 413 larger than ``limit`` bytes.
    """
    try:
        async with asyncio.timeout(BODY_SECONDS if limit <= BODY_LIMIT else UPLOAD_SECONDS):
            body = await request.clone(client_max_size=limit).read()
    except TimeoutError:
        raise ApiError(408, "the body took too long") from None
    except web.HTTPRequestEntityTooLarge:
        raise ApiError(413, f"the body is larger than {limit // 1024} KiB") from None
    if len(body) > limit:
        raise ApiError(413, f"the body is larger than {limit // 1024} KiB")
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError):
        raise ApiError(400, "the body is no JSON") from None


async def read_model(request: web.Request, model: type[Model]) -> Model:
    """The body as ``model``.

    Raises:
        ApiError: 400 or 413 as :func:`read_json`; 422 with the place of the first mistake.
    """
    return check_model(await read_json(request), model)


def check_model(value: Any, model: type[Model]) -> Model:
    """``value`` as ``model``.

    Raises:
        ApiError: 422 with the place of the first mistake.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ApiError(422, f"{place or 'the body'}: {first['msg'].removeprefix('Value error, ')}") from None


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _finite(digits: str) -> float:
    """The number; 1e999 is good JSON, and PostgreSQL cannot keep the infinity that Python reads."""
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits} is too large")
    return number


def _route(request: web.Request) -> str:
    """The route's pattern: a path itself may name a customer."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else "unknown"
