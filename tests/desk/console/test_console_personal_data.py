"""A person's data on the page: a copy, an erasure, a wish that must wait."""

import io
import json
import zipfile

from sqlalchemy import select

from store.database import Database
from store.tables import Customer, ErasureRequest, Message
from tests.desk.console.conftest import WANG, Desk, Open
from tests.desk.turning import hears


async def test_a_manager_gives_a_copy_and_erases_with_the_word_typed(browser: Open, sqlite_database: Database) -> None:
    hears(sqlite_database, "只有我说的话", who=WANG)
    with sqlite_database.begin() as work:
        work.session.connection().exec_driver_sql("UPDATE inbox SET state = 'done'")
        customer = work.session.scalars(select(Customer)).one().public_id
        work.commit()
    mei = await browser("mei")
    page = await mei.read(f"/desk/customers/{customer}/rights")
    assert "rest:wang" in page and "Erase now" in page
    copy = await mei.post(f"/desk/customers/{customer}/export")
    assert copy.content_type == "application/zip"
    data = json.loads(zipfile.ZipFile(io.BytesIO(await copy.read())).read("data.json"))
    assert data["conversations"][0]["messages"][0]["text"] == "只有我说的话"
    assert (await mei.post(f"/desk/customers/{customer}/erase", confirm="yes")).status == 422
    with sqlite_database.reading() as work:
        assert work.session.scalars(select(Message.text)).one() == "只有我说的话"
    done = await mei.post(f"/desk/customers/{customer}/erase", confirm=" erase ")
    assert (done.status, done.headers["Location"]) == (303, "/desk/erasures")
    with sqlite_database.reading() as work:
        assert work.session.scalars(select(Message.text)).one() == ""
    assert "Erased" in await mei.read("/desk/erasures")
    assert (await mei.get(f"/desk/customers/{customer}/rights")).status == 404


async def test_a_wish_that_must_wait_is_noted_with_its_day_and_can_be_withdrawn(
    browser: Open, desk: Desk, sqlite_database: Database
) -> None:
    desk.wants_refund(300)
    with sqlite_database.reading() as work:
        customer = work.session.get_one(Customer, desk.case().customer_id).public_id
    ada = await browser("ada")
    page = await ada.read(f"/desk/customers/{customer}/rights")
    assert "A complaint is not settled" in page and desk.case().number in page
    await ada.post(f"/desk/customers/{customer}/erase", confirm="ERASE")
    with sqlite_database.reading() as work:
        request = work.session.scalars(select(ErasureRequest)).one()
    assert request.state == "waiting" and "Waiting" in await ada.read("/desk/erasures")
    assert (await ada.post(f"/desk/erasures/{request.public_id}/withdraw")).status == 303
    assert (await ada.post(f"/desk/erasures/{request.public_id}/withdraw")).status == 404
