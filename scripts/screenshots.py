"""Play a short conversation in each language on a throwaway service and take the pictures of the READMEs.

usage: python -m scripts.screenshots MODEL HISTORY [FOLDER]

MODEL is the trained Rasa model; HISTORY a database that ``analytics simulate`` wrote, such as that of ``make demo``,
which is copied. FOLDER (default ``docs/images``) receives ``chat.png``, ``desk.png`` and ``quality.png``, and their
Chinese twins ``chat.zh.png``, ``desk.zh.png`` and ``quality.zh.png``. What the pictures show is what the service
answered.
"""

import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, ViewportSize, expect, sync_playwright

from analytics.reporting.printing import find_browser
from scripts.screens import keep, looking_back
from tests.e2e import desk_scene
from tests.e2e.desk_scene import look_back
from tests.e2e.service import ROOT, Service, running

_WAIT_MS = 20_000
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
_CHAT = ViewportSize(width=480, height=980)
_DESK = ViewportSize(width=1280, height=900)
_QUALITY = ViewportSize(width=1280, height=900)
_SCALE = 1.5


@dataclass(frozen=True)
class Scene:
    """What customer and staff say in one language."""

    suffix: str
    language: str
    locale: str
    login: str
    name: str
    complaint: str
    order: str
    phone_last4: str
    chosen: re.Pattern[str]
    settled: re.Pattern[str]
    asks_for_person: str
    answer: str


SCENES = (
    Scene(
        suffix="",
        language="en",
        locale="en-GB",
        login="frances",
        name="Frances",
        complaint="The blender came four days late and nobody told me a thing.",
        order="SC20261028001",
        phone_last4="4417",
        chosen=re.compile("voucher"),
        settled=re.compile(r"V-\w{4}-\w{4}-\w{4}"),
        asks_for_person="Thanks. Can I talk to a person about next time?",
        answer="Hello, Frances here. I've asked the carrier for a text message before each delivery to you.",
    ),
    Scene(
        suffix=".zh",
        language="zh",
        locale="zh-CN",
        login="zhang.wei",
        name="张伟",
        complaint="外卖晚了一个多小时，送到都凉了，没人跟我说一声",
        order="WM8830127",
        phone_last4="5521",
        chosen=re.compile("退款"),
        settled=re.compile(r"RF-\w{4}-\w{4}"),
        asks_for_person="转人工，我还想问一下骑手的事",
        answer="您好，我是张伟。您说的情况我都看到了，这就联系配送站，今天下班前给您回话。",
    ),
)


def main(arguments: list[str]) -> int:
    if not 2 <= len(arguments) <= 3:
        print(__doc__, file=sys.stderr)
        return 2
    model, history = arguments[0], Path(arguments[1])
    folder = Path(arguments[2]) if arguments[2:] else ROOT / "docs" / "images"
    folder.mkdir(parents=True, exist_ok=True)
    chromium = find_browser()
    if chromium is None:
        print("Chromium is missing: scripts/install_system_packages.sh installs it", file=sys.stderr)
        return 1
    with (
        tempfile.TemporaryDirectory() as today,
        tempfile.TemporaryDirectory() as long_ago,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=_ARGUMENTS)
        with running(Path(today), model) as service:
            _run(service, "desk", "imports", "orders", str(ROOT / "data" / "samples" / "orders.csv"))
            for scene in SCENES:
                _play(service, browser, scene, folder)
        with looking_back(history, Path(long_ago), model) as service:
            people = look_back(desk_scene.Scene(service), service)
            for scene in SCENES:
                _show_quality(people, browser, scene, folder)
        browser.close()
    return 0


def _show_quality(people: desk_scene.Scene, browser: Browser, scene: Scene, folder: Path) -> None:
    login = desk_scene.login_of(frozenset({"quality"}), scene.language)
    context = people.browser(browser, login, _QUALITY, scene.language, device_scale_factor=_SCALE)
    page = context.new_page()
    page.goto(people.service.base + "/desk/analytics")
    expect(page.locator(".plot.drawn").first).to_be_visible(timeout=_WAIT_MS)
    _take(page, folder / f"quality{scene.suffix}.png")
    context.close()


def _play(service: Service, browser: Browser, scene: Scene, folder: Path) -> None:
    customer, staff = (
        browser.new_context(
            locale=scene.locale, timezone_id="Asia/Shanghai", viewport=viewport, device_scale_factor=_SCALE
        ).new_page()
        for viewport in (_CHAT, _DESK)
    )
    _log_in(service, staff, scene)
    customer.goto(service.base + "/")
    log = customer.locator("#log")
    _say(customer, scene.complaint)
    expect(log).to_contain_text(re.compile(r"AM-\w{4}-\w{4}"), timeout=_WAIT_MS)
    _say(customer, scene.order)
    expect(log.locator(".bubble")).to_have_count(4, timeout=_WAIT_MS)
    _say(customer, scene.phone_last4)
    choice = customer.get_by_role("button", name=scene.chosen)
    expect(choice).to_be_visible(timeout=_WAIT_MS)
    choice.click()
    expect(log).to_contain_text(scene.settled, timeout=_WAIT_MS)
    _take(customer, folder / f"chat{scene.suffix}.png")

    _say(customer, scene.asks_for_person)
    take = staff.locator("button[id^=take-]").first
    expect(take).to_be_visible(timeout=_WAIT_MS)
    take.click()
    staff.locator("#answer textarea").fill(scene.answer)
    # The button, not Ctrl+Enter: it works before the page's script has loaded, too.
    staff.locator("#answer button.primary").click()
    expect(staff.locator("#history")).to_contain_text(scene.answer, timeout=_WAIT_MS)
    expect(log).to_contain_text(scene.answer, timeout=_WAIT_MS)
    _take(staff, folder / f"desk{scene.suffix}.png")


def _log_in(service: Service, page: Page, scene: Scene) -> None:
    options = ("--name", scene.name, "--role", "supervisor", "--language", scene.language)
    once = _run(service, "desk", "users", "add", scene.login, *options).split()[-1]
    own = f"{scene.login} has a long one"
    page.goto(service.base + "/desk/")
    page.fill("#login", scene.login)
    page.fill("#password", once)
    page.click("button.primary")
    page.fill("#old", once)
    page.fill("#new", own)
    page.fill("#again", own)
    page.click("button.primary")
    expect(page.locator("#lists")).to_be_visible(timeout=_WAIT_MS)
    # Customers are told who comes, not that nobody is there.
    page.click("#presence-switch")
    expect(page.locator("#off-duty")).to_be_hidden(timeout=_WAIT_MS)


def _say(page: Page, text: str) -> None:
    page.fill("#text", text)
    page.keyboard.press("Enter")
    expect(page.locator("#log .bubble", has_text=text).first).to_be_visible(timeout=_WAIT_MS)


def _take(page: Page, path: Path) -> None:
    # Bubbles and lists settle for a moment.
    page.wait_for_timeout(1200)
    keep(page.screenshot(), path)
    print(path)


def _run(service: Service, *arguments: str) -> str:
    done = service.run(*arguments)
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
