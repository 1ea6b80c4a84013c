"""Lets a call of the API through that carries a token with the route's scope."""

from aiohttp import web

from desk.errors import ApiError, Handler, error_response
from desk.keys import TOKENS
from desk.scopes import GUARDED, OPEN, SCOPE_OF


@web.middleware
async def require_token(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse calls of the API and the webhook without a bearer token (401), or with one that lacks the scope (403)."""
    if request.path.startswith(GUARDED) and request.path not in OPEN:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        held = await request.app[TOKENS].scopes_of(token.strip()) if scheme.lower() == "bearer" else None
        if held is None:
            refused = error_response(401, "a bearer token is needed: Authorization: Bearer …")
            refused.headers["WWW-Authenticate"] = "Bearer"
            return refused
        resource = request.match_info.route.resource
        # Without a resource there is no such address, and the router says so.
        if resource is not None and (needed := SCOPE_OF[request.method, resource.canonical]) not in held:
            raise ApiError(403, f"the token lacks the scope {needed}")
    return await handler(request)
