"""What a token of the API may be good for, and which route needs what: one table. A route without a scope stops the
start."""

from collections.abc import Iterable

from aiohttp import web

# In the order in which they are shown.
SCOPES = (
    "messages:write",
    "conversations:read",
    "cases:read",
    "orders:write",
    "volumes:write",
    "analytics:read",
    "incidents:write",
    "incidents:read",
    "bindings:write",
)

SCOPE_OF: dict[tuple[str, str], str] = {
    ("POST", "/webhooks/rest/webhook"): "messages:write",
    ("GET", "/api/v1/conversations/{identity}"): "conversations:read",
    ("GET", "/api/v1/conversations/{identity}/messages"): "conversations:read",
    ("GET", "/api/v1/cases"): "cases:read",
    ("GET", "/api/v1/cases/{number}"): "cases:read",
    ("POST", "/api/v1/orders"): "orders:write",
    ("POST", "/api/v1/volumes"): "volumes:write",
    ("GET", "/api/v1/analytics/sigma"): "analytics:read",
    ("GET", "/api/v1/analytics/chart"): "analytics:read",
    ("GET", "/api/v1/analytics/pareto"): "analytics:read",
    ("GET", "/api/v1/analytics/compare"): "analytics:read",
    ("GET", "/api/v1/analytics/times"): "analytics:read",
    ("GET", "/api/v1/analytics/forecast"): "analytics:read",
    ("GET", "/api/v1/analytics/recovery"): "analytics:read",
    ("GET", "/api/v1/analytics/novelty"): "analytics:read",
    ("GET", "/api/v1/analytics/signals"): "analytics:read",
    ("GET", "/api/v1/analytics/controls"): "analytics:read",
    ("GET", "/api/v1/analytics/problems"): "analytics:read",
    ("GET", "/api/v1/analytics/improvements"): "analytics:read",
    ("GET", "/api/v1/analytics/improvements/{number}"): "analytics:read",
    ("GET", "/api/v1/analytics/ledger"): "analytics:read",
    ("POST", "/api/v1/incidents"): "incidents:write",
    ("GET", "/api/v1/incidents"): "incidents:read",
    ("GET", "/api/v1/incidents/{id}"): "incidents:read",
    ("POST", "/api/v1/bindings"): "bindings:write",
}
# Nobody needs a token for these.
OPEN = frozenset({"/api/v1/openapi.json"})
# All that lies below these needs one.
GUARDED = ("/api/", "/webhooks/")


class RouteWithoutScope(Exception):
    """A route of the API has no scope, or a scope no route; the message names it."""


def check_scopes(app: web.Application) -> None:
    """See that routes of the API and scopes match one to one.

    Raises:
        RouteWithoutScope: they do not, or a scope is none that there is.
    """
    routes = set(api_routes(app))
    if missing := sorted(routes - set(SCOPE_OF)):
        raise RouteWithoutScope(f"no scope is needed for {missing[0][0]} {missing[0][1]}")
    if idle := sorted(set(SCOPE_OF) - routes):
        raise RouteWithoutScope(f"there is a scope for {idle[0][0]} {idle[0][1]}, and no such route")
    if unknown := sorted(set(SCOPE_OF.values()) - set(SCOPES)):
        raise RouteWithoutScope(f"there is no scope {unknown[0]}")


def api_routes(app: web.Application) -> Iterable[tuple[str, str]]:
    """Method and path of every route that needs a token."""
    for route in app.router.routes():
        path = route.resource.canonical if route.resource else ""
        if path.startswith(GUARDED) and path not in OPEN:
            yield route.method, path
