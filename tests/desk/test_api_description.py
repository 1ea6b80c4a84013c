"""The OpenAPI document says what is so."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from actions.firm import Firm
from desk.api.answers import CasesAnswer, ConversationAnswer, MessagesAnswer
from desk.api.routes import openapi
from desk.app import Parts, make_app
from recovery.control import Control
from store.database import Database
from store.settings import Settings, load_settings
from tests.conftest import ROOT
from tests.desk.turning import accepts_refund

Client = TestClient  # type: ignore[type-arg]
BEARER = {"Authorization": "Bearer for-the-description"}


@pytest.fixture
async def client(settings: Settings, sqlite_database: Database, firm: Firm) -> AsyncIterator[Client]:
    environment = {
        "AMENDS_VAR": str(settings.var),
        "AMENDS_FIRM": str(ROOT / "data" / "firm"),
        "AMENDS_API_TOKEN": "for-the-description",
    }
    app = make_app(load_settings(environment), Parts(database=sqlite_database, firm=firm, workers=False))
    async with TestClient(TestServer(app)) as client:
        yield client


async def ask(client: Client, path: str) -> Any:
    async with client.get(path, headers=BEARER) as response:
        assert response.status == 200
        return await response.json()


async def test_what_is_told_of_a_customer_has_the_form_that_is_described(
    client: Client, sqlite_database: Database, firm: Firm
) -> None:
    accepts_refund(sqlite_database, firm)
    cases = await ask(client, "/api/v1/cases?identity=rest:wang")
    assert cases["cases"][0]["offers"] and cases["cases"][0]["remedies"]
    # Neither a field too many nor one that is missing.
    assert CasesAnswer.model_validate(cases, extra="forbid").model_dump() == cases
    conversation = await ask(client, "/api/v1/conversations/rest:wang")
    assert ConversationAnswer.model_validate(conversation, extra="forbid").model_dump() == conversation
    messages = await ask(client, "/api/v1/conversations/rest:wang/messages")
    assert MessagesAnswer.model_validate(messages, extra="forbid").model_dump() == messages


def test_the_states_of_control_are_the_ones_there_are() -> None:
    described = openapi()["components"]["schemas"]["ConversationAnswer"]["properties"]["control"]["enum"]
    assert described == [control.value for control in Control]


def test_every_status_that_a_call_can_get_is_described() -> None:
    document = openapi()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert {"200", "400", "401", "403", "404", "408", "409", "413", "422", "503"} <= set(operation["responses"])
            assert ("202" in operation["responses"]) == (path == "/webhooks/rest/webhook")
            schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
            assert schema["$ref"].rpartition("/")[2] in document["components"]["schemas"]


def test_numbers_in_the_query_are_described_as_numbers() -> None:
    operation = openapi()["paths"]["/api/v1/conversations/{identity}/messages"]["get"]
    kinds = {parameter["name"]: parameter["schema"]["type"] for parameter in operation["parameters"]}
    assert kinds == {"identity": "string", "after": "integer", "limit": "integer"}
