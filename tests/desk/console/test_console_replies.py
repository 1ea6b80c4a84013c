"""Files, granting, canned replies, macros and the firm's files on the pages of the desk."""

import html
import re

import pytest
from aiohttp import FormData
from aiohttp.test_utils import TestServer

from actions.attachments import prepare, receive_file
from actions.conversations import Address
from desk.attachments import FILES
from store.database import Database
from store.tables import Attachment, CannedReply, Macro, Note, Remedy
from tests.actions.pictures import PDF, photo
from tests.desk.console.conftest import WANG, Browser, Desk, Open

LI = Address("web", "li")


async def taken(person: Browser, public_id: str) -> str:
    assert (await person.post(f"/desk/conversations/{public_id}/take")).status == 303
    return f"/desk/conversations/{public_id}"


def upload(csrf: str, *files: tuple[str, bytes], **fields: str) -> FormData:
    form = FormData(quote_fields=False)
    for name, value in {"csrf": csrf, **fields}.items():
        form.add_field(name, value)
    for name, data in files:
        form.add_field("file", data, filename=name, content_type="image/jpeg")
    return form


def all_of(database: Database, table: type) -> list:  # type: ignore[type-arg]
    with database.reading() as work:
        return list(work.session.query(table).order_by(table.id))  # type: ignore[attr-defined]


# --- files -----------------------------------------------------------------------------------------------------------


async def test_files_go_to_the_customer_with_a_word_even_without_scripts(
    browser: Open, desk: Desk, sqlite_database: Database
) -> None:
    desk.waits(who=LI)
    alice = await browser("alice")
    here = await taken(alice, desk.conversation(LI).public_id)
    form = upload(alice.csrf, ("a.jpg", photo()), ("收据.pdf", PDF + b"x" * 200_000), text="Here you are")
    response = await alice.client.post(f"{here}/files", data=form, allow_redirects=False)
    assert (response.status, response.headers["Location"]) == (303, here)
    assert desk.told(LI)[-3:] == ["Here you are", "a.jpg", "收据.pdf"]
    page = await alice.read(here)
    picture, paper = all_of(sqlite_database, Attachment)
    assert f"/desk/attachments/{picture.public_id}?size=small" in page and paper.public_id in page
    shown = await alice.client.get(f"/desk/attachments/{picture.public_id}")
    assert shown.content_type == "image/jpeg" and shown.headers["Content-Disposition"].startswith("inline")
    saved = await alice.client.get(f"/desk/attachments/{paper.public_id}")
    assert saved.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in saved.headers["Content-Security-Policy"]
    assert saved.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_bad_file_stops_the_whole_answer_and_the_reason_is_told(
    browser: Open, desk: Desk, sqlite_database: Database, server: TestServer
) -> None:
    desk.waits(who=LI)
    alice = await browser("alice")
    here = await taken(alice, desk.conversation(LI).public_id)
    told = desk.told(LI)
    headers = {"Accept": "application/json", "X-CSRF-Token": alice.csrf}
    for files, status, code in (
        ([("a.jpg", photo()), ("b.exe", b"MZ\x90\x00")], 415, "file_type"),
        ([(f"{n}.pdf", PDF) for n in range(6)], 422, "too_many_at_once"),
        ([], 422, "no_file"),
    ):
        response = await alice.client.post(f"{here}/files", data=upload("", *files, text="word"), headers=headers)
        assert (response.status, (await response.json())["error"]["code"]) == (status, code)
    assert desk.told(LI) == told and all_of(sqlite_database, Attachment) == []
    assert list((server.app[FILES]._folder / "drafts").iterdir()) == []


async def test_files_for_staff_alone_are_beside_the_case_and_not_with_the_customer(
    browser: Open, desk: Desk, sqlite_database: Database
) -> None:
    public_id = desk.waits()
    alice = await browser("alice")
    form = upload(alice.csrf, ("a.jpg", photo()), text="sent by mail", audience="staff")
    assert (await alice.client.post(f"/desk/conversations/{public_id}/files", data=form)).status == 200
    assert "a.jpg" not in desk.told()
    assert [note.text for note in all_of(sqlite_database, Note)] == ["sent by mail"]
    assert "staff only" in await alice.read(f"/desk/conversations/{public_id}")


async def test_an_upload_needs_our_form_and_a_session(browser: Open, desk: Desk) -> None:
    path = f"/desk/conversations/{desk.waits()}/files"
    alice, stranger = await browser("alice"), await browser()
    assert (await alice.client.post(path, data=upload("0" * 64, ("a.jpg", photo())))).status == 403
    await stranger.get("/desk/login")
    response = await stranger.client.post(path, data=upload(stranger.csrf, ("a.pdf", PDF + b"x" * 100_000)))
    assert response.status in (401, 413) or response.url.path == "/desk/login"
    assert (await alice.get("/desk/attachments/none")).status == 404


async def test_a_customers_photograph_is_in_the_talk_and_beside_the_case(
    browser: Open, desk: Desk, sqlite_database: Database, server: TestServer
) -> None:
    public_id, files = desk.waits(), server.app[FILES]
    with sqlite_database.begin() as work:
        receive_file(work, desk.firm, files, WANG, prepare(files, photo(), "cup.jpg"), "key")
        work.commit()
    page = await (await browser("quinn")).read(f"/desk/conversations/{public_id}")
    (kept,) = all_of(sqlite_database, Attachment)
    assert page.count(f'href="/desk/attachments/{kept.public_id}"') == 2


# --- granting and approvals ------------------------------------------------------------------------------------------


async def test_alice_grants_a_voucher_by_hand_and_bob_changes_what_is_above_her(
    browser: Open, desk: Desk, sqlite_database: Database
) -> None:
    alice, bob = await browser("alice"), await browser("bob")
    here = await taken(alice, desk.sees_offers(3000))
    page = await alice.read(here)
    assert "Your limit" in page and "¥800.00" in page
    refused = await alice.post(f"{here}/grant", kind="refund", amount="eighty", grant_reason="broken")
    assert refused.status == 422
    assert 'value="eighty"' in await refused.text()
    assert (
        await alice.post(f"{here}/grant", kind="refund", amount="1,200.50", grant_reason="broken twice")
    ).status == 303
    offer = desk.offer("awaiting_approval")
    assert (offer.cost, offer.authority) == (120050, "supervisor")
    page = html.unescape(await bob.read(here))
    assert "broken twice" in page and "¥799.50 left after this" in page
    response = await bob.post(
        f"/desk/offers/{offer.public_id}/change", kind="refund", amount="900", change_reason="one is whole"
    )
    assert response.status == 303
    assert [remedy.amount for remedy in all_of(sqlite_database, Remedy)] == [90000]
    assert "one is whole" in desk.told()[-1]


async def test_who_does_not_have_the_conversation_sees_no_form_to_grant(browser: Open, desk: Desk) -> None:
    public_id = desk.waits()
    alice, amy = await browser("alice"), await browser("amy")
    here = await taken(alice, public_id)
    assert 'id="grant-form"' in await alice.read(here)
    assert 'id="grant-form"' not in await amy.read(here)
    assert (await amy.post(f"{here}/grant", kind="call_back", grant_reason="x")).status == 409


# --- canned replies and macros ---------------------------------------------------------------------------------------


async def test_bob_writes_a_reply_and_alice_finds_it_filled_in(
    browser: Open, desk: Desk, sqlite_database: Database
) -> None:
    bob, alice = await browser("bob"), await browser("alice")
    new = "/desk/settings/replies/new"
    await bob.read(new)
    preview = await bob.post(new, shortcut="hi", text_en="Case {{ case }}", text_zh="{{ nobody }}", preview="yes")
    text = html.unescape(await preview.text())
    assert preview.status == 200 and "Case AM-7K3Q-9F2D" in text and "Nobody knows “nobody”" in text
    refused = await bob.post(new, shortcut="hi", text_en="Case {{ nobody }}")
    assert refused.status == 422 and "{{ nobody }}" in await refused.text()
    assert (await bob.post(new, shortcut="hi", text_zh="工单{{ case }}，我是{{ agent }}")).status == 303
    (reply,) = all_of(sqlite_database, CannedReply)
    assert "/hi" in await alice.read("/desk/settings/replies")
    assert (await alice.post(f"/desk/settings/replies/{reply.public_id}", shortcut="x")).status == 403
    here = await taken(alice, desk.waits())
    page = await alice.read(here)
    filled = f"工单{desk.case().number}，我是Alice"
    assert f'data-text="{filled}"' in page
    drafted = await alice.read(f"{here}?reply={reply.public_id}")
    assert re.search(rf"<textarea[^>]*>{filled}</textarea>", drafted)
    await bob.post(f"/desk/settings/replies/{reply.public_id}/active", active="no")
    assert "data-text=" not in await alice.read(here)


async def test_a_macro_is_looked_at_confirmed_and_done(browser: Open, desk: Desk, sqlite_database: Database) -> None:
    bob, alice = await browser("bob"), await browser("alice")
    await bob.read("/desk/settings/macros/new")
    response = await bob.post(
        "/desk/settings/macros/new", name_en="Twenty", kind="voucher", amount="20", state="give_back"
    )
    assert response.status == 303
    (macro,) = all_of(sqlite_database, Macro)
    here = await taken(alice, desk.sees_offers(300))
    assert "Twenty" in await alice.read(here)
    plan = await alice.read(f"{here}/macros/{macro.public_id}")
    assert "¥20.00" in plan and "granted at once" in plan and all_of(sqlite_database, Remedy) == []
    shown = re.search(r'name="shown" value="(\w+)"', plan)
    assert shown is not None
    stale = await alice.post(f"{here}/macros/{macro.public_id}", shown="0" * 32)
    assert stale.status == 409 and "Something has changed" in await stale.text()
    assert all_of(sqlite_database, Remedy) == []
    assert (await alice.post(f"{here}/macros/{macro.public_id}", shown=shown[1])).status == 303
    assert [remedy.amount for remedy in all_of(sqlite_database, Remedy)] == [2000]
    assert desk.conversation().control == "bot"
    late = await alice.read(f"{here}/macros/{macro.public_id}")
    assert "nothing was done" in late and "This conversation is not yours" in late


# --- the firm's files ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("departments", ("After-sales", "Product quality")),
        ("calendar", ("Public calendar", "Public holidays of China")),
        ("service-levels", ("Resolution", "3 working days")),
        ("remedies", ("refund", "Head of customer service", "¥100.00")),
        ("authority", ("¥2,000.00",)),
        ("taxonomy", ("Product quality",)),
        ("routing", ("Organisation",)),
        ("severity", ("Rules of severity", "much money is at stake", "¥2,000.00", "S0 (double deviation)")),
        ("tiers", ("Purchases count for", "every day", "¥5,000.00")),
        ("budgets", ("A day in all", "¥20,000.00", "Staff attitude", "¥2,000.00", "supervisor")),
        ("value", ("expected value kept minus", "Expected payout", "¥15,000.00", "Cost of keeping", "<dt>Other</dt>")),
    ],
)
async def test_what_the_firm_decided_is_shown_with_its_file(browser: Open, page: str, words: tuple[str, ...]) -> None:
    text = html.unescape(await (await browser("quinn")).read(f"/desk/settings/firm/{page}"))
    assert f"{page.replace('-', '_')}.yml" in text and "read " in text
    for word in words:
        assert word in text, word


async def test_a_page_for_no_file_is_not_there_and_the_index_names_those_that_are(browser: Open) -> None:
    quinn = await browser("quinn")
    assert (await quinn.get("/desk/settings/firm/passwords")).status == 404
    index = await quinn.read("/desk/settings/")
    assert "/desk/settings/firm/remedies" in index and "/desk/settings/replies" in index
