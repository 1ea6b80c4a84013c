"""The API's routes, each with what the OpenAPI document says of it."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from analytics.questions.improvements import ImprovementsQuestion, LedgerQuestion
from analytics.questions.question import Question, choices_of, takes_many
from desk.api import handlers
from desk.api.answers import (
    Anything,
    BindingAnswer,
    CaseAnswer,
    CasesAnswer,
    ConversationAnswer,
    Kept,
    MessagesAnswer,
    Replies,
)
from desk.api.bindings import BindingPosted, post_binding
from desk.api.improvements import get_improvement, get_improvements, get_ledger
from desk.api.incidents import IncidentPosted, get_incident, get_incidents, post_incident
from desk.api.models import OrdersPosted, VolumesPosted
from desk.api.questions import QUESTIONS, handler_of
from desk.channels.rest import views as rest
from desk.channels.rest.messages import IncomingMessage
from desk.keys import ANALYSING
from desk.reckoning import AT_ONCE
from desk.scopes import GUARDED, SCOPE_OF


@dataclass(frozen=True, slots=True)
class ApiRoute:
    """One address of the API.

    Attributes:
        query: parameters of the query that must be there.
        whole: further ones, whole numbers, that need not.
        later: what 202 means, where that can come.
    """

    method: str
    path: str
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    summary: str
    body: type[BaseModel] | None = None
    query: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    question: type[Question] | None = None
    answer: type[BaseModel] = Anything
    later: str | None = None


ROUTES = (
    ApiRoute(
        "POST",
        "/webhooks/rest/webhook",
        rest.webhook,
        "A customer's message; the answer is a list of replies, or 202 and [] where it comes later",
        body=IncomingMessage,
        answer=Replies,
        later="There is no answer yet; the body is [], and the answer comes in the conversation's messages",
    ),
    ApiRoute(
        "GET",
        "/api/v1/conversations/{identity}",
        handlers.get_conversation,
        "Who has the conversation",
        answer=ConversationAnswer,
    ),
    ApiRoute(
        "GET",
        "/api/v1/conversations/{identity}/messages",
        handlers.get_messages,
        "All messages both ways, numbered without gaps",
        whole=("after", "limit"),
        answer=MessagesAnswer,
    ),
    ApiRoute(
        "GET",
        "/api/v1/cases",
        handlers.get_cases,
        "A customer's cases, newest first",
        query=("identity",),
        whole=("limit",),
        answer=CasesAnswer,
    ),
    ApiRoute("GET", "/api/v1/cases/{number}", handlers.get_case, "One case", answer=CaseAnswer),
    ApiRoute("POST", "/api/v1/orders", handlers.post_orders, "Upsert orders by number", body=OrdersPosted, answer=Kept),
    ApiRoute(
        "POST", "/api/v1/volumes", handlers.post_volumes, "Replace volumes by key", body=VolumesPosted, answer=Kept
    ),
    *(
        ApiRoute("GET", f"/api/v1/analytics/{name}", handler_of(name), summary, question=question)
        for name, (question, summary) in QUESTIONS.items()
    ),
    ApiRoute(
        "GET",
        "/api/v1/analytics/improvements",
        get_improvements,
        "PDCA cycles and DMAIC projects, the latest first",
        question=ImprovementsQuestion,
    ),
    ApiRoute(
        "GET",
        "/api/v1/analytics/improvements/{number}",
        get_improvement,
        "One of them, with its evidence, and what its gate sees today",
    ),
    ApiRoute(
        "GET",
        "/api/v1/analytics/ledger",
        get_ledger,
        "What improvements cost and gained, each gain with its interval; in minor units",
        question=LedgerQuestion,
    ),
    ApiRoute(
        "POST",
        "/api/v1/incidents",
        post_incident,
        "Draw up an incident that touches many orders; a person starts it at the desk",
        body=IncidentPosted,
    ),
    ApiRoute("GET", "/api/v1/incidents", get_incidents, "The latest incidents and how far telling customers has come"),
    ApiRoute(
        "POST",
        "/api/v1/bindings",
        post_binding,
        "A link to send to a customer: whoever opens it in WeChat is that customer from then on",
        body=BindingPosted,
        answer=BindingAnswer,
    ),
    ApiRoute("GET", "/api/v1/incidents/{id}", get_incident, "One incident; of a draft, what starting it would do"),
)

_ERRORS = {
    "400": "The body is no JSON in UTF-8, or the request no HTTP",
    "401": "The bearer token is missing or wrong",
    "403": "The token lacks the scope that the address needs",
    "404": "There is no such thing",
    "408": "The body came too slowly",
    "409": "It contradicts what is there",
    "413": "The body is too large",
    "422": "The request is well-formed and cannot be used; the message names the place",
    "500": "A mistake of ours",
    "503": "It took too long, or the service is not ready",
}


def add_routes(app: web.Application) -> None:
    """Add the API and its description."""
    app[ANALYSING] = asyncio.Semaphore(AT_ONCE)
    for route in ROUTES:
        app.router.add_route(route.method, route.path, route.handler)
    app.router.add_get("/api/v1/openapi.json", _openapi)
    app.on_response_prepare.append(_protect)
    app.on_shutdown.append(rest.let_go)


def openapi() -> dict[str, Any]:
    """The OpenAPI 3.1 description of all routes."""
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {
        "Error": {
            "type": "object",
            "properties": {
                "error": {
                    "type": "object",
                    "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
                    "required": ["code", "message"],
                }
            },
            "required": ["error"],
        }
    }
    for route in ROUTES:
        operation: dict[str, Any] = {
            "summary": route.summary,
            "operationId": route.handler.__name__,
            # OpenAPI 3.1 takes scopes here for any scheme.
            "security": [{"bearer": [SCOPE_OF[route.method, route.path]]}],
            "parameters": _parameters(route),
            "responses": _responses(route, schemas),
        }
        if route.body is not None:
            operation["requestBody"] = {"required": True, **_content(_reference(route.body, schemas))}
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Amends", "version": "1"},
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
    }


def _responses(route: ApiRoute, schemas: dict[str, Any]) -> dict[str, Any]:
    answer, error = _content(_reference(route.answer, schemas)), _content({"$ref": "#/components/schemas/Error"})
    return {
        "200": {"description": "Done", **answer},
        **({"202": {"description": route.later, **answer}} if route.later else {}),
        **{status: {"description": text, **error} for status, text in _ERRORS.items()},
    }


def _content(schema: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def _reference(model: type[BaseModel], schemas: dict[str, Any]) -> dict[str, Any]:
    """A reference to the model's schema, which is put among ``schemas``."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs", {}))
    schemas[model.__name__] = schema
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def _parameters(route: ApiRoute) -> list[dict[str, Any]]:
    in_path = [part[1:-1] for part in route.path.split("/") if part.startswith("{")]
    plain = [
        {"name": name, "in": place, "required": place == "path" or name in route.query, "schema": schema}
        for place, names, schema in (
            ("path", in_path, {"type": "string"}),
            ("query", route.query, {"type": "string"}),
            ("query", route.whole, {"type": "integer", "minimum": 0}),
        )
        for name in names
    ]
    return [*plain, *_asked(route.question)] if route.question else plain


def _asked(question: type[Question]) -> list[dict[str, Any]]:
    """A question's parameters: lists may be written with commas or said several times."""
    return [
        {
            "name": name,
            "in": "query",
            "required": field.is_required(),
            "description": field.description,
            "schema": _schema(field),
        }
        for name, field in question.model_fields.items()
    ]


def _schema(field: FieldInfo) -> dict[str, Any]:
    if takes_many(field):
        return {"type": "array", "items": {"type": "string"}}
    if words := choices_of(field.annotation):
        return {"type": "string", "enum": list(words)}
    return {"type": "string"}


async def _protect(request: web.Request, response: web.StreamResponse) -> None:
    """What is told of customers is kept by nobody on the way; which versions answer concerns nobody."""
    response.headers["Server"] = "Amends"
    if request.path.startswith(GUARDED):
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Cache-Control"] = "no-store"


async def _openapi(_: web.Request) -> web.Response:
    return web.json_response(openapi())
