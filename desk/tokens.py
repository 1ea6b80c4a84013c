"""Bearer tokens of the API."""

import hmac

from aiohttp import web

from desk.errors import ApiError, Handler
from desk.keys import API_TOKEN

_OPEN = {"/api/v1/openapi.json"}


@web.middleware
async def require_token(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse calls of the API and the webhook without the bearer token."""
    if request.path.startswith(("/api/", "/webhooks/")) and request.path not in _OPEN:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        expected = request.app[API_TOKEN]
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.strip().encode(), expected.encode()):
            raise ApiError(401, "a bearer token is needed: Authorization: Bearer …")
    return await handler(request)
