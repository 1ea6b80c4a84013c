"""What is no HTTP is answered in the one form of errors, too."""

from aiohttp.web_protocol import RequestHandler
from aiohttp.web_request import BaseRequest
from aiohttp.web_response import StreamResponse

from desk.errors import error_response

_BY_AIOHTTP = RequestHandler.handle_error


def answer_in_our_form() -> None:
    """Have the server answer what it cannot read as ``{"error": {"code", "message"}}``.

    aiohttp answers by itself, before any middleware, in plain text that repeats the line at which it gave up: a header
    that is too long, such as a bearer token. It offers no other place to put in one's own.
    """
    RequestHandler.handle_error = _handle_error  # type: ignore[method-assign]


def _handle_error(
    self: RequestHandler,
    request: BaseRequest,
    status: int = 500,
    exc: BaseException | None = None,
    message: str | None = None,
) -> StreamResponse:
    # It logs, and closes the connection; only its words are not ours.
    _BY_AIOHTTP(self, request, status, exc, message)
    told = "something went wrong on our side" if status >= 500 else "this is no HTTP request, or its head is too long"
    response = error_response(status, told, "internal" if status >= 500 else None)
    response.force_close()
    return response
