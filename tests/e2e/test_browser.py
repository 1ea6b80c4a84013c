"""A customer and a member of staff at once, each in a real browser."""

import re
import uuid
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.e2e.service import Service, wait_for

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="zh-CN")
    yield context.new_page()
    context.close()


@pytest.fixture
def staff_page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="zh-CN")
    yield context.new_page()
    context.close()


def alice_logs_in(service: Service, page: Page) -> None:
    """Alice's first day: the one-time password, and a word of her own."""
    login, own = f"alice-{uuid.uuid4().hex[:6]}", uuid.uuid4().hex
    made = service.run("desk", "users", "add", login, "--name", "小艾", "--role", "agent")
    assert made.returncode == 0, made.stderr
    once = made.stdout.split()[-1]
    page.goto(service.base + "/desk/")
    page.fill("#login", login)
    page.fill("#password", once)
    page.click("button.primary")
    page.fill("#old", once)
    page.fill("#new", own)
    page.fill("#again", own)
    page.click("button.primary")
    expect(page.locator("#lists")).to_be_visible()


def says(page: Page, text: str) -> None:
    page.fill("#text", text)
    page.keyboard.press("Enter")
    expect(page.locator("#log .bubble", has_text=text).first).to_be_visible()


def test_a_customer_is_made_whole_and_then_talks_to_a_person(service: Service, page: Page, staff_page: Page) -> None:
    order = f"8{uuid.uuid4().int % 10**11:011d}"
    service.with_order("somebody-else", order, identities=[], phone_last4="4321")
    alice_logs_in(service, staff_page)

    # The customer complains, proves the order is theirs, chooses, and receives the remedy.
    page.goto(service.base + "/")
    log = page.locator("#log")
    says(page, f"衣服质量太差了,洗一次就破了,订单{order}")
    expect(log).to_contain_text(re.compile(r"AM-\w{4}-\w{4}"), timeout=20_000)
    expect(log).to_contain_text("后四位")
    says(page, "4321")
    voucher = page.get_by_role("button", name=re.compile("代金券"))
    expect(voucher).to_be_visible(timeout=20_000)
    voucher.click()
    expect(log).to_contain_text(re.compile(r"V-\w{4}-\w{4}-\w{4}"), timeout=20_000)
    expect(voucher).to_have_count(0)

    # Closing the tab loses nothing: the page comes back as it was.
    shown = log.locator(".bubble").all_inner_texts()
    page.reload()
    expect(log.locator(".bubble")).to_have_text(shown, timeout=20_000)

    # The customer asks for a person; Alice sees it come, takes it and answers live.
    waiting = staff_page.locator("li.row").filter(has_text="转人工")
    before = waiting.count()
    says(page, "转人工")
    # Others may wait for something more pressing: whoever came last stands last.
    expect(waiting).to_have_count(before + 1, timeout=20_000)
    waiting.last.locator("button[id^=take-]").click()
    expect(staff_page.locator("#history")).to_contain_text(order)
    staff_page.wait_for_load_state()
    expect(log).to_contain_text("小艾", timeout=20_000)
    says(page, "<b>裤子也破了</b>")
    expect(staff_page.locator("#history")).to_contain_text("<b>裤子也破了</b>", timeout=20_000)
    staff_page.fill("#text", "您好,我是小艾,裤子也给您补上。")
    staff_page.keyboard.press("Control+Enter")
    expect(log).to_contain_text("裤子也给您补上", timeout=20_000)
    assert page.locator("#log b").count() == 0, "what is typed is text"

    # Given back, the bot answers again.
    staff_page.locator("#give-back summary").click()
    staff_page.locator("#give-back button.primary").click()
    expect(staff_page.locator("#composer form#answer")).to_have_count(0, timeout=20_000)
    before = log.locator(".bubble").count()
    says(page, "我的投诉处理得怎么样了")
    wait_for(lambda: log.locator(".bubble").count() > before + 1, 20, "the bot answers again")
    expect(log).to_contain_text(re.compile(r"AM-\w{4}-\w{4}"))


def test_an_english_customer_on_a_phone_is_answered_in_english(service: Service, browser: Browser) -> None:
    context = browser.new_context(locale="en-GB", viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(service.base + "/")
    says(page, "The driver threw my parcel over the fence and the vase inside is broken")
    log = page.locator("#log")
    expect(log).to_contain_text(re.compile(r"AM-\w{4}-\w{4}"), timeout=20_000)
    expect(log).to_contain_text("order or booking number")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "nothing is wider than the phone"
    context.close()
