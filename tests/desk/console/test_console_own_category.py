"""A category of the firm's own has its name at the desk, and its key in the API and the statistics."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from actions.firm import Firm, load_firm
from store.database import Database
from store.settings import Settings
from store.tables import OutcomeEventRow
from tests.conftest import ROOT
from tests.desk.console.conftest import Desk, Open


@pytest.fixture(scope="module")
def firm(tmp_path_factory: pytest.TempPathFactory) -> Firm:
    """The firm as it ships, with gift cards."""
    folder = tmp_path_factory.mktemp("firm") / "firm"
    shutil.copytree(ROOT / "data" / "firm", folder, ignore=shutil.ignore_patterns("*.csv"))
    with Path(folder / "taxonomy.yml").open("a", encoding="utf-8") as taxonomy:
        taxonomy.write("  - {key: gift_card, name: {zh: 礼品卡, en: Gift cards}, like: billing_price}\n")
    return load_firm(folder)


async def test_staff_read_its_name_in_their_language(browser: Open, desk: Desk) -> None:
    public_id = desk.complains(categories=["gift_card"])
    alice = await browser("alice")
    page = await alice.read(f"/desk/conversations/{public_id}")
    assert '<span class="chip-name">Gift cards</span>' in page and ">Service marketing<" in page
    await alice.post("/desk/language", language="zh", next="/desk/")
    assert '<span class="chip-name">礼品卡</span>' in await alice.read(f"/desk/conversations/{public_id}")


async def test_the_queue_names_it(browser: Open, desk: Desk) -> None:
    desk.complains(categories=["gift_card"], risk=[{"key": "safety", "words": []}])
    assert "Gift cards" in await (await browser("alice")).read("/desk/")


async def test_staff_correct_to_it(browser: Open, desk: Desk) -> None:
    public_id = desk.complains(categories=["delivery"])
    alice = await browser("alice")
    assert '<option value="gift_card">Gift cards</option>' in await alice.read(f"/desk/conversations/{public_id}")
    fields = {"leading": "gift_card", "categories": "gift_card", "emotion": "1"}
    response = await alice.post(f"/desk/cases/{desk.case().number}/correct", **fields)
    assert response.status == 303
    assert desk.case().categories == ["gift_card"]


async def test_the_api_and_the_statistics_have_its_key(
    browser: Open, desk: Desk, settings: Settings, sqlite_database: Database
) -> None:
    desk.complains(categories=["gift_card"])
    client = (await browser()).client
    headers = {"Authorization": f"Bearer {settings.secret('api_token')}"}
    async with client.get("/api/v1/cases?identity=rest:wang", headers=headers) as response:
        (case,) = (await response.json())["cases"]
    assert (case["categories"], case["failure_type"], case["dimension"]) == (
        ["gift_card"],
        "other_core_service_failure",
        "outcome",
    )
    volume = {"day": "2026-11-18", "process": "service", "category": "gift_card", "opportunities": 40}
    async with client.post("/api/v1/volumes", headers=headers, json=[volume]) as response:
        assert response.status == 200, await response.text()
    with sqlite_database.reading() as work:
        opened = work.session.scalars(select(OutcomeEventRow).where(OutcomeEventRow.kind == "case_opened")).one()
    assert opened.dimensions["category"] == "gift_card" and opened.dimensions["department"] == "service_marketing"
