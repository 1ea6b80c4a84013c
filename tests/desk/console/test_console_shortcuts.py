"""Shortcuts and live lists in a real browser."""

import asyncio

import pytest
from aiohttp.test_utils import TestServer
from playwright.async_api import BrowserContext, Page, expect

from actions.conversations import Address
from actions.staff.talking import take
from store.database import Database
from store.tables import Staff
from tests.desk.console.conftest import WANG, Desk
from tests.desk.console.test_console_browser import context, page

__all__ = ["context", "page"]  # fixtures

LI = Address("web", "li-4711")


async def test_rows_are_walked_opened_and_taken_by_keys(page: Page, desk: Desk, server: TestServer) -> None:
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    first = await asyncio.to_thread(desk.waits, "一", WANG)
    second = await asyncio.to_thread(desk.waits, "二", LI)
    await page.goto(str(server.make_url("/desk/?list=unassigned")))
    rows = page.locator("[data-row] a.subject")
    await expect(rows).to_have_count(2)
    await page.keyboard.press("j")
    await expect(rows.nth(0)).to_be_focused()
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await expect(rows.nth(1)).to_be_focused()
    await page.keyboard.press("k")
    await page.keyboard.press("Enter")
    await page.wait_for_url(f"**/desk/conversations/{first}**")
    await page.keyboard.press("g")
    await page.keyboard.press("q")
    await page.wait_for_url("**/desk/")
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await page.keyboard.press("t")
    await page.wait_for_url(f"**/desk/conversations/{second}**")

    # While one types, letters are letters; Escape leaves the box and what is in it.
    await page.keyboard.press("r")
    box = page.locator("#text")
    await expect(box).to_be_focused()
    await page.keyboard.type("jkt?gq")
    await expect(box).to_have_value("jkt?gq")
    await page.keyboard.press("Escape")
    await expect(box).not_to_be_focused()
    await page.keyboard.press("g")
    await page.keyboard.press("c")
    await page.wait_for_url("**/desk/conversations")
    await page.keyboard.press("/")
    await expect(page.locator("#q")).to_be_focused()
    assert complaints == []


async def test_single_keys_can_be_switched_off(page: Page, desk: Desk) -> None:
    await asyncio.to_thread(desk.waits)
    await expect(page.locator("[data-row]")).to_have_count(1)
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_be_visible()
    await page.get_by_label("Use shortcuts of single keys").uncheck()
    await page.get_by_role("button", name="Close").click()
    await page.reload()
    for key in ("j", "?", "/"):
        await page.keyboard.press(key)
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await expect(page.locator("#q")).not_to_be_focused()
    await page.locator("#account > summary").click()
    await page.get_by_role("button", name="Keyboard shortcuts").click()
    await expect(page.get_by_label("Use shortcuts of single keys")).not_to_be_checked()


async def test_the_focus_stays_in_a_list_that_changes(
    page: Page, desk: Desk, people: dict[str, Staff], sqlite_database: Database
) -> None:
    first = await asyncio.to_thread(desk.waits, "一", WANG)
    second = await asyncio.to_thread(desk.waits, "二", LI)
    await expect(page.locator("[data-row]")).to_have_count(2)
    await page.keyboard.press("j")
    await expect(page.locator(f"a[id^='row-{first}']")).to_be_focused()
    # A third comes: the focus stays where it was.
    await asyncio.to_thread(desk.waits, "三", Address("rest", "zhao"))
    await expect(page.locator("[data-row]")).to_have_count(3, timeout=10_000)
    await expect(page.locator(f"a[id^='row-{first}']")).to_be_focused()

    def amy_takes_it() -> None:
        with sqlite_database.begin() as work:
            take(work, desk.firm, work.session.get_one(Staff, people["amy"].id), desk.conversation(WANG).id)
            work.commit()

    await asyncio.to_thread(amy_takes_it)
    await expect(page.locator("[data-row]")).to_have_count(2, timeout=10_000)
    await expect(page.locator(f"a[id^='row-{second}']")).to_be_focused()


@pytest.mark.parametrize("width", [390, 1440])
async def test_filters_and_views_fit_the_screen(
    page: Page, desk: Desk, context: BrowserContext, server: TestServer, width: int
) -> None:
    await asyncio.to_thread(desk.waits)
    await page.set_viewport_size({"width": width, "height": 844})
    await page.goto(str(server.make_url("/desk/?list=open")))
    await page.locator("#filter-box > summary").click()
    await page.get_by_label("High", exact=True).check()
    assert await page.evaluate("document.documentElement.scrollWidth") == width
    await page.get_by_role("button", name="Show", exact=True).click()
    await expect(page).to_have_url(str(server.make_url("/desk/?list=open&severity=high")))
    await page.locator("#save-view > summary").click()
    await page.get_by_label("Name of the view").fill("Grave")
    assert await page.evaluate("document.documentElement.scrollWidth") == width
    await page.keyboard.press("Enter")
    await expect(page.locator("#tabs [aria-current]")).to_contain_text("Grave")
