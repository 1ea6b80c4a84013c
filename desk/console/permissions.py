"""Who may do what at the desk: one table, route → roles. A route without a rule stops the start."""

from collections.abc import Iterable
from dataclasses import dataclass

from aiohttp import web

from actions.staff.canned_replies import MAY_EDIT
from actions.staff.incidents import MAY_RUN, MAY_SEE
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
# Every role reads, quality too; beyond that it only improves.
READ = Rule(frozenset(ROLES))
OWN_ACCOUNT = Rule(frozenset(ROLES))
# A note says something to colleagues and does nothing; what quality sees it may say.
NOTE = Rule(frozenset(ROLES))
# Which tier a customer belongs to, and who looks after them.
SUPERIORS = Rule(frozenset({"supervisor", "manager"}))
HANDLE = Rule(frozenset({"agent", "supervisor", "manager", "administrator"}))
# An administrator runs the desk and grants no money; the amount is checked by the deed itself.
APPROVE = Rule(frozenset({"agent", "supervisor", "manager"}))

EDIT_REPLIES = Rule(MAY_EDIT)
# Whether hand-overs reach anybody is the superiors' business, too; setting it right is the administrator's.
SEE_WAYS = Rule(frozenset({"supervisor", "manager", "administrator"}))
RUN_WAYS = Rule(frozenset({"administrator"}))

RUN_DESK = Rule(frozenset({"administrator"}))
# What goes on among many customers at once; who acts on it may write to them.
SEE_CRISIS = Rule(MAY_SEE)
RUN_CRISIS = Rule(MAY_RUN)
READ_AUDIT = Rule(frozenset({"administrator", "quality"}))
# Who changes what the firm improves: quality owns it. Who writes to many customers answers for more.
IMPROVE = Rule(frozenset({"quality", "supervisor", "manager"}))
TELL_FIXES = SUPERIORS

# Who answers what a person may ask about their data.
RIGHTS = Rule(frozenset({"manager", "administrator"}))

RULES: dict[tuple[str, str], Rule] = {
    ("GET", "/desk"): PUBLIC,
    ("GET", "/desk/static"): PUBLIC,
    ("GET", "/desk/login"): PUBLIC,
    ("POST", "/desk/login"): PUBLIC,
    ("GET", "/desk/login/code"): PUBLIC,
    ("POST", "/desk/login/code"): PUBLIC,
    ("POST", "/desk/logout"): OWN_ACCOUNT,
    ("GET", "/desk/account"): OWN_ACCOUNT,
    ("POST", "/desk/account/sessions/{public_id}/end"): OWN_ACCOUNT,
    ("POST", "/desk/account/sessions/end-others"): OWN_ACCOUNT,
    ("GET", "/desk/account/second-factor"): OWN_ACCOUNT,
    ("POST", "/desk/account/second-factor/begin"): OWN_ACCOUNT,
    ("POST", "/desk/account/second-factor/confirm"): OWN_ACCOUNT,
    ("POST", "/desk/account/second-factor/remove"): OWN_ACCOUNT,
    ("POST", "/desk/account/second-factor/recovery-codes"): OWN_ACCOUNT,
    ("GET", "/desk/settings/"): READ,
    ("GET", "/desk/settings/users"): RUN_DESK,
    ("GET", "/desk/settings/new-user"): RUN_DESK,
    ("POST", "/desk/settings/new-user"): RUN_DESK,
    ("GET", "/desk/settings/users/{login}"): RUN_DESK,
    ("POST", "/desk/settings/users/{login}"): RUN_DESK,
    ("POST", "/desk/settings/users/{login}/password"): RUN_DESK,
    ("POST", "/desk/settings/users/{login}/second-factor"): RUN_DESK,
    ("POST", "/desk/settings/users/{login}/sessions"): RUN_DESK,
    ("POST", "/desk/settings/users/{login}/deactivate"): RUN_DESK,
    ("POST", "/desk/settings/users/{login}/reactivate"): RUN_DESK,
    ("GET", "/desk/settings/tokens"): RUN_DESK,
    ("POST", "/desk/settings/tokens"): RUN_DESK,
    ("POST", "/desk/settings/tokens/{public_id}/revoke"): RUN_DESK,
    ("GET", "/desk/settings/channels"): RUN_DESK,
    ("POST", "/desk/settings/channels/try"): RUN_DESK,
    ("GET", "/desk/settings/audit"): READ_AUDIT,
    ("GET", "/desk/settings/audit.csv"): READ_AUDIT,
    ("GET", "/desk/password"): OWN_ACCOUNT,
    ("POST", "/desk/password"): OWN_ACCOUNT,
    ("POST", "/desk/language"): OWN_ACCOUNT,
    ("GET", "/desk/"): READ,
    ("GET", "/desk/events"): READ,
    ("POST", "/desk/views"): OWN_ACCOUNT,
    ("POST", "/desk/views/{public_id}/rename"): OWN_ACCOUNT,
    ("POST", "/desk/views/{public_id}/delete"): OWN_ACCOUNT,
    ("GET", "/desk/conversations"): READ,
    ("GET", "/desk/conversations/{public_id}"): READ,
    ("POST", "/desk/conversations/{public_id}/take"): HANDLE,
    ("POST", "/desk/conversations/{public_id}/answer"): HANDLE,
    ("POST", "/desk/conversations/{public_id}/give-back"): HANDLE,
    ("POST", "/desk/conversations/{public_id}/close"): HANDLE,
    ("POST", "/desk/conversations/{public_id}/wait"): HANDLE,
    ("POST", "/desk/conversations/{public_id}/go-on"): HANDLE,
    ("POST", "/desk/cases/{number}/correct"): HANDLE,
    ("POST", "/desk/conversations/{public_id}/notes"): NOTE,
    ("GET", "/desk/consultations"): READ,
    ("POST", "/desk/cases/{number}/consult"): HANDLE,
    ("POST", "/desk/consultations/{public_id}/answer"): HANDLE,
    ("POST", "/desk/consultations/{public_id}/hand-on"): HANDLE,
    ("POST", "/desk/consultations/{public_id}/send-back"): HANDLE,
    ("POST", "/desk/consultations/{public_id}/withdraw"): HANDLE,
    ("POST", "/desk/cases/{number}/label"): HANDLE,
    ("POST", "/desk/cases/{number}/undo-correction"): HANDLE,
    ("POST", "/desk/cases/{number}/facts"): HANDLE,
    ("POST", "/desk/cases/{number}/merge"): HANDLE,
    ("POST", "/desk/cases/{number}/undo-merge"): HANDLE,
    ("POST", "/desk/cases/{number}/link"): HANDLE,
    ("POST", "/desk/cases/{number}/unlink"): HANDLE,
    ("POST", "/desk/conversations/{public_id}/customer"): HANDLE,
    ("POST", "/desk/conversations/{public_id}/customer/preferences"): HANDLE,
    ("POST", "/desk/conversations/{public_id}/customer/liking"): HANDLE,
    ("POST", "/desk/conversations/{public_id}/customer/conduct"): HANDLE,
    ("POST", "/desk/conversations/{public_id}/customer/tier"): SUPERIORS,
    ("POST", "/desk/conversations/{public_id}/customer/named-person"): SUPERIORS,
    ("POST", "/desk/offers/{public_id}/approve"): APPROVE,
    ("POST", "/desk/offers/{public_id}/refuse"): APPROVE,
    ("POST", "/desk/promises/{public_id}/done"): HANDLE,
    ("POST", "/desk/promises/{public_id}/move"): HANDLE,
    ("POST", "/desk/presence"): HANDLE,
    ("POST", "/desk/conversations/{public_id}/transfer"): HANDLE,
    ("GET", "/desk/attachments/{public_id}"): READ,
    ("POST", "/desk/conversations/{public_id}/files"): HANDLE,
    ("POST", "/desk/conversations/{public_id}/grant"): APPROVE,
    ("POST", "/desk/offers/{public_id}/change"): APPROVE,
    ("GET", "/desk/conversations/{public_id}/macros/{macro}"): HANDLE,
    ("POST", "/desk/conversations/{public_id}/macros/{macro}"): HANDLE,
    ("GET", "/desk/settings/macros"): READ,
    ("GET", "/desk/settings/macros/new"): EDIT_REPLIES,
    ("POST", "/desk/settings/macros/new"): EDIT_REPLIES,
    ("GET", "/desk/settings/macros/{public_id}"): READ,
    ("POST", "/desk/settings/macros/{public_id}"): EDIT_REPLIES,
    ("POST", "/desk/settings/macros/{public_id}/active"): EDIT_REPLIES,
    ("GET", "/desk/settings/firm/{page}"): READ,
    ("GET", "/desk/settings/replies"): READ,
    ("GET", "/desk/settings/replies/new"): EDIT_REPLIES,
    ("POST", "/desk/settings/replies/new"): EDIT_REPLIES,
    ("GET", "/desk/settings/replies/{public_id}"): READ,
    ("POST", "/desk/settings/replies/{public_id}"): EDIT_REPLIES,
    ("POST", "/desk/settings/replies/{public_id}/active"): EDIT_REPLIES,
    ("GET", "/desk/notifications"): OWN_ACCOUNT,
    ("GET", "/desk/notifications/bell"): OWN_ACCOUNT,
    ("POST", "/desk/notifications/read"): OWN_ACCOUNT,
    ("POST", "/desk/notifications/{public_id}/read"): OWN_ACCOUNT,
    ("POST", "/desk/notifications/{public_id}/unread"): OWN_ACCOUNT,
    ("GET", "/desk/account/notifications"): OWN_ACCOUNT,
    ("POST", "/desk/account/notifications"): OWN_ACCOUNT,
    ("GET", "/desk/settings/notifications"): SEE_WAYS,
    ("POST", "/desk/settings/notifications/test"): RUN_WAYS,
    ("POST", "/desk/settings/notifications/again"): RUN_WAYS,
    ("POST", "/desk/settings/notifications/let-go"): RUN_WAYS,
    ("GET", "/desk/complaints/new"): HANDLE,
    ("GET", "/desk/customers/{public_id}/rights"): RIGHTS,
    ("POST", "/desk/customers/{public_id}/export"): RIGHTS,
    ("POST", "/desk/customers/{public_id}/erase"): RIGHTS,
    ("GET", "/desk/erasures"): RIGHTS,
    ("POST", "/desk/erasures/{public_id}/withdraw"): RIGHTS,
    ("GET", "/desk/wallboard"): READ,
    ("GET", "/desk/analytics"): READ,
    ("GET", "/desk/analytics.csv"): READ,
    ("GET", "/desk/analytics/chart"): READ,
    ("GET", "/desk/analytics/chart.csv"): READ,
    ("GET", "/desk/analytics/pareto"): READ,
    ("GET", "/desk/analytics/pareto.csv"): READ,
    ("GET", "/desk/analytics/times"): READ,
    ("GET", "/desk/analytics/times.csv"): READ,
    ("GET", "/desk/analytics/recovery"): READ,
    ("GET", "/desk/analytics/recovery.csv"): READ,
    ("GET", "/desk/analytics/cases"): READ,
    ("GET", "/desk/analytics/plotly.js"): READ,
    ("GET", "/desk/analytics/report"): READ,
    ("GET", "/desk/analytics/report/{month}.{kind}"): READ,
    ("GET", "/desk/improvement"): READ,
    ("GET", "/desk/improvement/new"): IMPROVE,
    ("POST", "/desk/improvement/new"): IMPROVE,
    ("GET", "/desk/improvement/signals"): READ,
    ("POST", "/desk/improvement/signals/{public_id}"): IMPROVE,
    ("GET", "/desk/improvement/controls"): READ,
    ("GET", "/desk/improvement/problems"): READ,
    ("GET", "/desk/improvement/ledger"): READ,
    ("GET", "/desk/improvement/baselines"): READ,
    ("POST", "/desk/improvement/baselines"): IMPROVE,
    ("GET", "/desk/improvement/{number}"): READ,
    ("POST", "/desk/improvement/{number}/sections/{section}"): IMPROVE,
    ("POST", "/desk/improvement/{number}/measures"): IMPROVE,
    ("POST", "/desk/improvement/{number}/measures/{public_id}"): IMPROVE,
    ("POST", "/desk/improvement/{number}/measures/{public_id}/done"): IMPROVE,
    ("POST", "/desk/improvement/{number}/measures/{public_id}/remove"): IMPROVE,
    ("POST", "/desk/improvement/{number}/advance"): IMPROVE,
    ("POST", "/desk/improvement/{number}/back"): IMPROVE,
    ("POST", "/desk/improvement/{number}/drop"): IMPROVE,
    ("POST", "/desk/improvement/{number}/carry-on"): IMPROVE,
    ("POST", "/desk/improvement/{number}/ledger"): IMPROVE,
    ("POST", "/desk/improvement/{number}/ledger/{public_id}/reverse"): IMPROVE,
    ("GET", "/desk/improvement/{number}/telling"): READ,
    ("POST", "/desk/improvement/{number}/telling/preview"): TELL_FIXES,
    ("POST", "/desk/improvement/{number}/telling/begin"): TELL_FIXES,
    ("POST", "/desk/improvement/{number}/telling/pause"): TELL_FIXES,
    ("POST", "/desk/improvement/{number}/telling/resume"): TELL_FIXES,
    ("POST", "/desk/improvement/{number}/telling/stop"): TELL_FIXES,
    ("GET", "/desk/crisis"): SEE_CRISIS,
    ("POST", "/desk/alarms/{public_id}/take"): RUN_CRISIS,
    ("POST", "/desk/alarms/{public_id}/close"): RUN_CRISIS,
    ("POST", "/desk/alarms/{public_id}/incident"): RUN_CRISIS,
    ("GET", "/desk/incidents"): SEE_CRISIS,
    ("GET", "/desk/incidents/new"): RUN_CRISIS,
    ("POST", "/desk/incidents/new"): RUN_CRISIS,
    ("GET", "/desk/incidents/{public_id}"): SEE_CRISIS,
    ("POST", "/desk/incidents/{public_id}/change"): RUN_CRISIS,
    ("POST", "/desk/incidents/{public_id}/start"): RUN_CRISIS,
    ("POST", "/desk/incidents/{public_id}/pause"): RUN_CRISIS,
    ("POST", "/desk/incidents/{public_id}/resume"): RUN_CRISIS,
    ("POST", "/desk/incidents/{public_id}/stop"): RUN_CRISIS,
    ("POST", "/desk/incidents/{public_id}/discard"): RUN_CRISIS,
    ("POST", "/desk/incidents/{public_id}/kept"): RUN_CRISIS,
    # Whoever has the customer's conversation may say that they told them; the deed checks that.
    ("POST", "/desk/incidents/{public_id}/told"): APPROVE,
    ("POST", "/desk/customers/{public_id}/link"): HANDLE,
    ("POST", "/desk/customer-links/{public_id}/undo"): HANDLE,
    ("POST", "/desk/conversations/{public_id}/answer-elsewhere"): HANDLE,
    ("POST", "/desk/complaints/new"): HANDLE,
    ("POST", "/desk/complaints/reading"): HANDLE,
    ("GET", "/desk/complaints/{number}/recorded"): HANDLE,
    ("POST", "/desk/conversations/{public_id}/told"): HANDLE,
}


def rule_for(request: web.Request) -> Rule | None:
    """The rule of the route that a request meets; None where it meets none."""
    resource = request.match_info.route.resource
    if resource is None:
        return None
    return RULES.get((_as_written(request.method), resource.canonical))


def rule_path(request: web.Request) -> str:
    """The path, as rules name it, of the route that a request meets; empty where it meets none."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else ""


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
