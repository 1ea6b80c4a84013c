"""The pages in a real browser: live without reloading, answers by keyboard, nothing typed is lost."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import BrowserContext, Page, Route, async_playwright, expect
from sqlalchemy import delete

from store.database import Database
from store.tables import Staff, StaffSession
from tests.desk.console.conftest import PASSWORD, WANG, Desk
from tests.desk.turning import hears


@pytest.fixture
async def context(chromium: str) -> AsyncIterator[BrowserContext]:
    async with async_playwright() as playwright:
        # Without a sandbox, since in containers it is root who tests.
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield await browser.new_context(locale="en-GB")
        await browser.close()


@pytest.fixture
async def page(context: BrowserContext, server: TestServer, people: dict[str, Staff]) -> Page:
    """Alice's browser, at the queue. Whatever the browser complains of, the test fails."""
    page = await context.new_page()
    await page.goto(str(server.make_url("/desk/")))
    await page.fill("#login", "alice")
    await page.fill("#password", PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.locator("#h-waiting")).to_be_visible()
    return page


async def test_a_day_at_the_desk(page: Page, desk: Desk, sqlite_database: Database) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))

    evil = "坏了<img src=x onerror=document.title='owned'>"
    await asyncio.to_thread(desk.waits, evil)
    await expect(page).to_have_title("(1) Queue · Amends")
    await expect(page.locator("#announcement")).to_have_text("1 waiting for a person")
    await page.get_by_role("button", name="Take").click()
    await page.wait_for_load_state()  # with its scripts

    box, history = page.get_by_label("Answer the customer"), page.get_by_role("log")
    await expect(history.locator(".said.customer .bubble")).to_have_text(evil)
    await box.fill("Hello Wang,\nI am looking into it.")
    await box.press("Control+Enter")
    await expect(history.locator(".said.staff .bubble")).to_have_text("Hello Wang,\nI am looking into it.")
    await expect(box).to_have_value("")

    # Words that arrive while one types move neither text nor caret.
    await box.fill("half a sent")
    await asyncio.to_thread(hears, sqlite_database, "<b>在吗</b>", who=WANG)
    await expect(history.locator(".said.customer .bubble").last).to_have_text("<b>在吗</b>")
    await expect(box).to_be_focused()
    await box.press_sequentially("ence")
    await expect(box).to_have_value("half a sentence")

    await page.reload()
    await expect(box).to_have_value("half a sentence")
    assert complaints == []


async def test_who_is_off_duty_reads_what_that_means_until_they_go_on_duty(page: Page, desk: Desk) -> None:
    hint, switch = page.locator("#off-duty"), page.locator("#presence-switch")
    await expect(hint).to_contain_text("are given none")
    await switch.click()
    await expect(switch).to_have_attribute("aria-checked", "true")
    await expect(hint).to_be_hidden()
    await switch.click()
    await expect(hint).to_be_visible()


async def test_what_was_typed_outlives_the_session(page: Page, desk: Desk, sqlite_database: Database) -> None:
    await asyncio.to_thread(desk.waits)
    await page.get_by_role("button", name="Take").click()
    await page.wait_for_load_state()  # with its scripts
    box = page.get_by_label("Answer the customer")
    await box.fill("a long and careful answer")
    with sqlite_database.begin() as work:
        work.session.execute(delete(StaffSession))
        work.commit()
    await page.get_by_role("button", name="Send").click()
    await expect(page.locator("#deed-error")).to_contain_text("Your session has ended")
    await expect(box).to_have_value("a long and careful answer")
    await page.get_by_role("link", name="Log in again").click()
    await page.fill("#login", "alice")
    await page.fill("#password", PASSWORD)
    await page.keyboard.press("Enter")
    await expect(box).to_have_value("a long and careful answer")
    assert not any("careful" in words for words in desk.told())


async def test_an_answer_whose_acknowledgement_was_lost_is_sent_again_and_said_once(page: Page, desk: Desk) -> None:
    await asyncio.to_thread(desk.waits)
    await page.get_by_role("button", name="Take").click()
    await page.wait_for_load_state()  # with its scripts
    lost: list[str] = []

    async def lose(route: Route) -> None:
        if not lost:
            lost.append(await (await route.fetch()).text())
            await route.abort()
        else:
            await route.continue_()

    await page.route("**/answer", lose)
    box = page.get_by_label("Answer the customer")
    await box.fill("I am looking into it.")
    await box.press("Control+Enter")
    await expect(page.locator("#deed-error")).to_contain_text("Not sent")
    await expect(box).to_have_value("I am looking into it.")
    await box.press("Control+Enter")
    await expect(box).to_have_value("")
    assert lost and desk.told().count("I am looking into it.") == 1
    await box.fill("I am looking into it.")
    await box.press("Control+Enter")
    await expect(box).to_have_value("")
    assert desk.told().count("I am looking into it.") == 2, "said again on purpose"


@pytest.mark.parametrize("width", [390, 1024, 1280, 1440])
async def test_no_page_is_wider_than_its_screen(page: Page, desk: Desk, server: TestServer, width: int) -> None:
    await asyncio.to_thread(desk.waits, "https://shop.example/" + "a" * 300)
    public_id = desk.conversation().public_id
    await page.set_viewport_size({"width": width, "height": 844})
    for path in ("/desk/", "/desk/conversations", f"/desk/conversations/{public_id}", "/desk/password"):
        await page.goto(str(server.make_url(path)))
        assert await page.evaluate("document.documentElement.scrollWidth") == width, path


async def test_a_phone_shows_the_tab_that_was_chosen(page: Page, server: TestServer) -> None:
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.goto(str(server.make_url("/desk/analytics/report")))
    await expect(page.locator(".quality-tabs [aria-current]")).to_be_in_viewport(ratio=0.9)
