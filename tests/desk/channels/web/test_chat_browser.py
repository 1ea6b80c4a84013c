"""The chat page in a real browser: what customers write and are told stays readable."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Locator, Page, async_playwright, expect
from sqlalchemy import select, update

from actions.conversations import lock_conversation, say
from store.database import Database, UnitOfWork
from store.tables import Conversation, InboxRow
from tests.desk.channels.web.conftest import Client

HEBREW = "ההזמנה שלי לא הגיעה (SC20261028001)!"


@pytest.fixture
async def page(client: Client, chromium: str) -> AsyncIterator[Page]:
    """Alice's phone, at the chat."""
    async with async_playwright() as playwright:
        # Without a sandbox, since in containers it is root who tests.
        browser = await playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = await browser.new_page(locale="en-GB", viewport={"width": 390, "height": 844})
        await page.goto(str(client.make_url("/")))
        yield page
        await browser.close()


async def writes(page: Page, text: str) -> Locator:
    """Alice writes; her bubble, once it is kept."""
    await page.fill("#text", text)
    await page.keyboard.press("Enter")
    await expect(page.locator(".entry.customer .meta").last).to_contain_text("Received")
    return page.locator(".entry.customer .bubble").last


def bot_says(work: UnitOfWork, text: str) -> None:
    conversation = lock_conversation(work, work.session.scalars(select(Conversation.id)).one())
    say(work, conversation, text)
    work.session.execute(update(InboxRow).values(state="done"))
    work.commit()


async def test_no_line_breaks_within_a_code(page: Page, sqlite_database: Database) -> None:
    await writes(page, "My parcel came late")
    # So many leading letters that a code would lie across the end of a line at least once.
    told = "\n".join(f"{'n' * length} V-5JSX-8MZM-97QC, case AM-67HA-67PP." for length in range(4, 24))
    await sqlite_database.run(bot_says, told)
    codes = page.locator(".entry.bot .code")
    await expect(codes).to_have_count(40)
    assert await page.locator(".entry.bot .bubble").inner_text() == told
    lines = await codes.evaluate_all("found => found.map(code => code.getClientRects().length)")
    assert set(lines) == {1}


async def test_each_line_is_read_in_its_own_direction(page: Page) -> None:
    bubble = await writes(page, HEBREW)
    # The mark that ends a sentence stands at its left end where it is read from the right.
    ends_left = """bubble => {
        const text = bubble.firstChild, range = document.createRange();
        const at = (from) => {
            range.setStart(text, from);
            range.setEnd(text, from + 1);
            return range.getBoundingClientRect().x;
        };
        return at(text.length - 1) < at(0);
    }"""
    assert await bubble.evaluate(ends_left)
    assert not await (await writes(page, "My parcel!")).evaluate(ends_left)


async def test_a_low_window_shows_what_was_said(page: Page) -> None:
    bubble = await writes(page, "It never came")
    # A page of 1280 by 1024 that is magnified four times.
    await page.set_viewport_size({"width": 320, "height": 256})
    await bubble.scroll_into_view_if_needed()
    await expect(bubble).to_be_in_viewport(ratio=0.9)
    assert await page.locator("#scroll").evaluate("scroll => scroll.clientHeight") > 256 / 3
    assert await page.evaluate("document.documentElement.scrollWidth") == 320
