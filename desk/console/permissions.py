"""Who may do what at the desk: one table, route → roles. A route without a rule stops the start."""

from collections.abc import Iterable
from dataclasses import dataclass

from aiohttp import web

from desk.accounts import ROLES

PREFIX = "/desk"


class RouteWithoutRule(Exception):
    """A route of the desk has no rule, or a rule no route; the message names it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may call a route.

    Attributes:
        roles: of those who may.
        public: whether nobody needs to be signed in.
    """

    roles: frozenset[str] = frozenset()
    public: bool = False


PUBLIC = Rule(public=True)
# Every role reads, quality too; it does nothing else.
READ = Rule(frozenset(ROLES))
OWN_ACCOUNT = Rule(frozenset(ROLES))
HANDLE = Rule(frozenset({"agent", "supervisor", "manager", "administrator"}))
# An administrator runs the desk and grants no money; the amount is checked by the deed itself.
APPROVE = Rule(frozenset({"agent", "supervisor", "manager"}))

RULES: dict[tuple[str, str], Rule] = {
    ("GET", "/desk"): PUBLIC,
    ("GET", "/desk/static"): PUBLIC,
    ("GET", "/desk/login"): PUBLIC,
    ("POST", "/desk/login"): PUBLIC,
    ("POST", "/desk/logout"): OWN_ACCOUNT,
    ("GET", "/desk/password"): OWN_ACCOUNT,
    ("POST", "/desk/password"): OWN_ACCOUNT,
    ("POST", "/desk/language"): OWN_ACCOUNT,
    ("GET", "/desk/"): READ,
    ("GET", "/desk/events"): READ,
    ("GET", "/desk/conversations"): READ,
    ("GET", "/desk/conversations/{public_id}"): READ,
    ("POST", "/desk/conversations/{public_id}/take"): HANDLE,
    ("POST", "/desk/conversations/{public_id}/answer"): HANDLE,
    ("POST", "/desk/conversations/{public_id}/give-back"): HANDLE,
    ("POST", "/desk/conversations/{public_id}/close"): HANDLE,
    ("POST", "/desk/cases/{number}/correct"): HANDLE,
    ("POST", "/desk/offers/{offer_id}/approve"): APPROVE,
    ("POST", "/desk/offers/{offer_id}/refuse"): APPROVE,
    ("POST", "/desk/promises/{public_id}/done"): HANDLE,
}


def rule_for(request: web.Request) -> Rule | None:
    """The rule of the route that a request meets; None where it meets none."""
    resource = request.match_info.route.resource
    if resource is None:
        return None
    return RULES.get((_as_written(request.method), resource.canonical))


def check_rules(app: web.Application) -> None:
    """See that routes and rules of the desk match one to one.

    Raises:
        RouteWithoutRule: they do not.
    """
    routes = set(desk_routes(app))
    if missing := sorted(routes - set(RULES)):
        raise RouteWithoutRule(f"no rule says who may call {missing[0][0]} {missing[0][1]}")
    if idle := sorted(set(RULES) - routes):
        raise RouteWithoutRule(f"there is a rule for {idle[0][0]} {idle[0][1]}, and no such route")


def desk_routes(app: web.Application) -> Iterable[tuple[str, str]]:
    """Method and path of every route of the desk."""
    for route in app.router.routes():
        path = route.resource.canonical if route.resource else ""
        if path == PREFIX or path.startswith(PREFIX + "/"):
            yield _as_written(route.method), path


def _as_written(method: str) -> str:
    return "GET" if method == "HEAD" else method
