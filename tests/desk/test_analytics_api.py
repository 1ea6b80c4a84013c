"""``GET /api/v1/analytics/…``: the command line's questions over the API."""

import json
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import text

from actions.firm import Firm
from analytics.__main__ import main
from analytics.questions.question import Question
from analytics.surroundings import Surroundings, TookTooLong
from desk import tokens
from desk.api import questions
from desk.api.questions import QUESTIONS
from desk.api.routes import openapi
from desk.app import Parts, make_app
from store.database import Database, UnitOfWork
from store.settings import Settings
from tests.analytics.imagined_history import Complaint, keep, keep_case
from tests.conftest import ROOT

Client = TestClient  # type: ignore[type-arg]
# These look at today alone, when the complaints below are long past: tests/desk/test_signals_api.py.
OF_THE_PRESENT = ("signals", "controls", "problems")
SPAN = {"before": "2026-03-02:2026-03-08", "after": "2026-03-09:2026-03-15"}


@pytest.fixture
async def client(settings: Settings, sqlite_database: Database, firm: Firm) -> AsyncIterator[Client]:
    app = make_app(settings, Parts(database=sqlite_database, firm=firm, workers=False))
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.fixture
def headers(sqlite_database: Database, firm: Firm) -> dict[str, str]:
    with sqlite_database.begin() as work:
        token = tokens.add_token(work, firm, "dashboards", ("analytics:read",), None, "ada")
        work.commit()
    return {"Authorization": f"Bearer {token}"}


async def ask(client: Client, headers: dict[str, str], name: str, **query: str) -> tuple[int, Any]:
    async with client.get(f"/api/v1/analytics/{name}", params=query, headers=headers) as response:
        return response.status, await response.json()


def query_of(name: str) -> dict[str, str]:
    return SPAN if name == "compare" else {}


@pytest.mark.parametrize("name", QUESTIONS)
async def test_an_empty_store_is_no_mistake(client: Client, headers: dict[str, str], name: str) -> None:
    status, answer = await ask(client, headers, name, **query_of(name))
    assert status == 200 and answer["empty"] is True


@pytest.mark.parametrize("name", [name for name in QUESTIONS if name not in OF_THE_PRESENT])
async def test_the_answer_is_that_of_the_command_line(
    client: Client, headers: dict[str, str], name: str, sqlite_database: Database,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    complaints = [Complaint(n, n % 14).resolved(1 + n).rated(1 + n % 5) for n in range(60)]
    keep(sqlite_database, complaints)
    # Words are those of cases on record.
    for complaint in complaints[:3] if name == "novelty" else ():
        keep_case(sqlite_database, complaint, f"customer-{complaint.number}", words="包裹一直没有送到")
    asked = {**query_of(name), **({"until": "2026-03-31"} if name in ("forecast", "novelty") else {})}
    status, answer = await ask(client, headers, name, **asked)
    assert status == 200 and answer["empty"] is False
    monkeypatch.setenv("AMENDS_DATABASE_URL", sqlite_database.url)
    monkeypatch.setenv("AMENDS_FIRM", str(ROOT / "data" / "firm"))
    assert main([name, "--json", *(word for key, value in asked.items() for word in (f"--{key}", value))]) == 0
    assert json.loads(capsys.readouterr().out) == answer


@pytest.mark.parametrize(
    ("name", "query", "message"),
    [
        ("chart", {"since": "yesterday"}, "since: 'yesterday' is no day such as 2026-10-01"),
        ("chart", {"colour": "red"}, "colour: there is no such parameter"),
        ("chart", {"kind": "pie"}, "kind: must be 'auto'"),
        ("chart", {"step": "\x00"}, "step: has a character that cannot be seen"),
        ("chart", {"step": "dispatch"}, "step: the recovery process has no step 'dispatch'"),
        ("pareto", {"by": "colour"}, "by: must be 'step'"),
        ("compare", {}, "before: Field required"),
        ("compare", {"before": "2026-03-02:2026-03-08", "after": "2026-03-08:"}, "the two periods overlap"),
        ("times", {"target": "soon"}, "target: must be a valid number"),
        ("forecast", {"days": "0"}, "days: must be greater than or equal to 1"),
        ("recovery", {"window": "1.5"}, "window: must be a valid integer"),
        ("novelty", {"customers": "1"}, "customers: must be greater than or equal to 3"),
        ("novelty", {"against": "2026-03-02:"}, "both ends of the time before are needed"),
        ("novelty", {"since": "2026-03-08", "against": "2026-03-02:2026-03-08"}, "must end before 2026-03-08"),
    ],
)  # fmt: skip
async def test_a_question_that_makes_no_sense_is_told_so(
    client: Client, headers: dict[str, str], name: str, query: dict[str, str], message: str
) -> None:
    status, answer = await ask(client, headers, name, **query)
    assert status == 422 and answer["error"]["code"] == "invalid"
    assert message in answer["error"]["message"]


@pytest.mark.parametrize("name", QUESTIONS)
async def test_odd_keys_are_no_failure_of_ours(client: Client, headers: dict[str, str], name: str) -> None:
    for value in ("\x00", "'; drop table cases; --", "好" * 300):
        status, _ = await ask(client, headers, name, category=value, **query_of(name))
        assert status in (200, 422)


async def test_only_a_token_for_analytics_may_ask(client: Client, sqlite_database: Database, firm: Firm) -> None:
    with sqlite_database.begin() as work:
        token = tokens.add_token(work, firm, "orders", ("orders:write",), None, "ada")
        work.commit()
    for name in QUESTIONS:
        assert (await ask(client, {}, name))[0] == 401
        assert (await ask(client, {"Authorization": f"Bearer {token}"}, name))[0] == 403


class Endless(Question):
    """A question that no database ever answers."""

    def answer(self, work: UnitOfWork, around: Surroundings) -> Any:
        endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
        return work.session.execute(text(endless)).all()


@pytest.mark.parametrize("engine", ["sqlite_database", "postgresql_database"])
def test_the_database_gives_up_when_the_time_is_over(request: pytest.FixtureRequest, engine: str, firm: Firm) -> None:
    database: Database = request.getfixturevalue(engine)
    around = Surroundings(firm.zone, ROOT / "data" / "firm", 0.2)
    with (
        database.reading() as work,
        pytest.raises(TookTooLong, match=r"longer than 0\.2 seconds"),
        around.limiting(work),
    ):
        Endless().answer(work, around)
    # The connection is as good as new.
    with database.reading() as work:
        counting = (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT count(*) FROM n"
        )
        assert work.session.execute(text(counting)).scalar() == 300_000


async def test_an_answer_that_takes_too_long_is_given_up(
    client: Client, headers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(work: UnitOfWork, question: Question, around: Surroundings) -> str:
        while True:
            time.sleep(0.01)
            around.go_on()

    monkeypatch.setattr(questions, "_reckon", slow)
    monkeypatch.setattr(questions, "SECONDS", 0.2)
    status, answer = await ask(client, headers, "chart")
    assert (status, answer["error"]["code"]) == (503, "took_too_long")
    assert "ask for a shorter period" in answer["error"]["message"]


def test_the_description_names_every_parameter() -> None:
    paths = openapi()["paths"]
    for name, (question, _) in QUESTIONS.items():
        operation = paths[f"/api/v1/analytics/{name}"]["get"]
        assert operation["operationId"] == f"get_{name}"
        assert {one["name"] for one in operation["parameters"]} == set(question.model_fields)
        assert all(one["description"] for one in operation["parameters"])
    kinds = next(one for one in paths["/api/v1/analytics/chart"]["get"]["parameters"] if one["name"] == "kind")
    assert "p'" in kinds["schema"]["enum"]
