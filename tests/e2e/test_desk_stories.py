"""A complaint's whole way over the desk, each person in a real browser: once in Chinese, once in English."""

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, ViewportSize, expect

from desk.console.sessions import COOKIE, new_token, sign_in
from store.database import Database
from store.tables import Conversation, Identity, Staff
from tests.e2e.service import Service, wait_for
from tests.e2e.test_browser import browser, says

__all__ = ["browser"]

_PATIENCE_MS = 20_000
_SIZE = ViewportSize(width=1440, height=900)


@dataclass(frozen=True)
class Words:
    """What people say and read in one story."""

    language: str
    locale: str
    agent: str
    expert: str
    supervisor: str
    complaint: str
    wants_a_person: str
    refund: re.Pattern[str]
    approved: re.Pattern[str]
    greeting: str
    question: str
    answer: str
    note: str
    told: str
    taken_by: str


ZH = Words(
    language="zh",
    locale="zh-CN",
    agent="小艾",
    expert="老何",
    supervisor="周敏",
    complaint="实木书桌送来桌面裂了一大条,全是毛刺,订单{order}",
    wants_a_person="我要跟你们的人说,转人工",
    refund=re.compile("退款1280元"),
    approved=re.compile("1280元.*(到账|退回|原路)"),
    greeting="您好,我是小艾,书桌的照片我看到了。",
    question="这批书桌的桌面是不是都有开裂?",
    answer="是的,本月第二批,木料含水率超标。",
    note="客人还要问安装费,你更熟。",
    told="安装费一并退给您,今天就办。",
    taken_by="已经由{name}接手",
)
EN = Words(
    language="en",
    locale="en-GB",
    agent="Ivy",
    expert="Hank",
    supervisor="Zoe",
    complaint="The solid wood desk arrived with a huge crack across the top and splinters everywhere, order {order}",
    wants_a_person="I want to talk to a human being please",
    refund=re.compile(r"[Rr]efund.*1,?280"),
    approved=re.compile(r"1,?280"),
    greeting="Hello, this is Ivy. I have seen the photos of the desk.",
    question="Do other desks of this batch crack as well?",
    answer="Yes, the second batch of this month: the wood was too moist.",
    note="They also ask about the assembly fee, which you know better.",
    told="You get the assembly fee back, too, today.",
    taken_by="{name} has this conversation",
)


@pytest.fixture
def service(desk_service: Service) -> Service:
    return desk_service


@dataclass
class Office:
    """Puts people at desks."""

    service: Service
    browser: Browser
    contexts: list[BrowserContext]

    def open(self, name: str, role: str, language: str, departments: tuple[str, ...] = ()) -> Page:
        """Somebody on duty, signed in at their queue."""
        token, login = new_token(), f"{role}-{uuid.uuid4().hex[:6]}"
        with Database(self.service.database_url) as database, database.begin() as work:
            staff = Staff(
                login=login,
                name=name,
                role=role,
                language=language,
                languages=[language],
                departments=list(departments),
                password_digest="none",
                on_duty=True,
                last_active_at=work.now,
                created_at=work.now,
            )
            work.session.add(staff)
            work.session.flush()
            sign_in(work, staff, token)
            work.commit()
        context = self.context("zh-CN" if language == "zh" else "en-GB")
        context.add_cookies([{"name": COOKIE, "value": token, "url": self.service.base + "/desk/"}])
        page = context.new_page()
        page.goto(self.service.base + "/desk/")
        expect(page.locator("#lists")).to_be_visible()
        return page

    def context(self, locale: str) -> BrowserContext:
        """A browser of somebody's own."""
        context = self.browser.new_context(locale=locale, timezone_id="Asia/Shanghai", viewport=_SIZE)
        context.set_default_timeout(_PATIENCE_MS)
        self.contexts.append(context)
        return context

    def customer(self, locale: str) -> Page:
        """Somebody at the chat page."""
        page = self.context(locale).new_page()
        page.goto(self.service.base + "/")
        return page

    def everybody_goes_home(self) -> None:
        for context in self.contexts:
            context.close()
        with Database(self.service.database_url) as database, database.begin() as work:
            work.session.query(Staff).update({Staff.on_duty: False})
            work.commit()


@pytest.fixture
def office(service: Service, browser: Browser) -> Iterator[Office]:
    office = Office(service, browser, [])
    yield office
    office.everybody_goes_home()


def shown(locator: Locator) -> None:
    expect(locator).to_be_visible(timeout=_PATIENCE_MS)


def contains(locator: Locator, words: str | re.Pattern[str]) -> None:
    expect(locator).to_contain_text(words, timeout=_PATIENCE_MS)


@pytest.mark.parametrize("words", [ZH, EN], ids=["zh", "en"])
def test_take_answer_approve_correct_consult_transfer_close(service: Service, office: Office, words: Words) -> None:
    order = f"8{uuid.uuid4().int % 10**11:011d}"
    service.with_order("somebody-else", order, total=128_000, identities=[], phone_last4="4321")
    supervisor = office.open(words.supervisor, "supervisor", words.language, ("service_marketing",))
    agent = office.open(words.agent, "agent", words.language)
    customer = office.customer(words.locale)
    log = customer.locator("#log")

    # The bot may not refund so much: what the customer chose waits for a supervisor, who approves it.
    says(customer, words.complaint.format(order=order))
    contains(log, re.compile(r"AM-\w{4}-\w{4}"))
    says(customer, "4321")
    refund = customer.get_by_role("button", name=words.refund)
    shown(refund)
    refund.click()
    supervisor.click("#tab-approvals")
    row = supervisor.locator("[data-row]", has_text="1,280" if words.language == "en" else "1280")
    shown(row)
    row.get_by_role("link").first.click()
    approve = supervisor.locator("details[id^=approve-]")
    shown(approve)
    approve.locator("summary").click()
    approve.locator("button.primary").click()
    contains(log, words.approved)

    # The customer wants a person: the agent takes the conversation, and has all that was said.
    says(customer, words.wants_a_person)
    case = agent.locator("#conversation")
    take = agent.locator("button[id^=take-]").first
    shown(take)
    take.click()
    shown(case)
    contains(agent.locator("#history"), order)
    contains(log, words.agent)
    agent.wait_for_load_state()
    agent.fill("#text", words.greeting)
    agent.keyboard.press("Control+Enter")
    contains(log, words.greeting)

    # What the bot took for the complaint is corrected by a click, and once more back.
    agent.click("#emotion-3")
    shown(agent.locator("#undo-correction"))
    expect(agent.locator("#emotion-3")).to_have_attribute("aria-pressed", "true")
    agent.click("#undo-correction")
    expect(agent.locator("#emotion-3")).to_have_attribute("aria-pressed", "false")
    agent.click("#emotion-3")
    expect(agent.locator("#emotion-3")).to_have_attribute("aria-pressed", "true")

    # Engineering is asked, and answers; the customer hears nothing of it, and the agent keeps the conversation.
    expert = office.open(words.expert, "agent", words.language, ("engineering",))
    agent.locator("#consult summary").click()
    agent.select_option("#consult-department", "engineering")
    agent.fill("#question", words.question)
    agent.click("#consult-form button.primary")
    contains(agent.locator("#case-consultations"), words.question)
    expert.goto(service.base + "/desk/consultations")
    asked = expert.locator("[data-row]", has_text=words.question)
    shown(asked)
    asked.locator("details[id^=answer-question-] summary").click()
    asked.locator("textarea[name=consultation_answer]").fill(words.answer)
    asked.locator("form[id^=answer-form-] button.primary").click()
    contains(agent.locator("#case-consultations blockquote"), words.answer)
    assert words.question not in log.inner_text() and words.answer not in log.inner_text()

    # A colleague goes on: they get everything, and the customer is told who it is.
    agent.locator("#transfer summary").click()
    value = agent.locator("#transfer-to option", has_text=words.supervisor).get_attribute("value")
    agent.select_option("#transfer-to", value)
    agent.fill("#transfer-note", words.note)
    agent.click("#transfer-form button.primary")
    contains(log, words.supervisor)
    supervisor.goto(service.base + "/desk/")
    given = supervisor.locator("#lists a[id^=open-]").first
    shown(given)
    given.click()
    contains(supervisor.locator("#history"), words.note)
    contains(supervisor.locator("#history"), words.greeting)
    assert words.note not in log.inner_text(), "a note is for colleagues"
    supervisor.wait_for_load_state()
    supervisor.fill("#text", words.told)
    supervisor.keyboard.press("Control+Enter")
    contains(log, words.told)

    # Closed as founded, the case counts; the customer is told.
    before = log.locator(".bubble").count()
    supervisor.locator("#close summary").click()
    supervisor.check("#close-form input[name=valid][value=yes]")
    supervisor.click("#close-form button.primary")
    wait_for(lambda: log.locator(".bubble").count() > before, 20, "the customer is told of the end")
    expect(supervisor.locator("#answer")).to_have_count(0, timeout=_PATIENCE_MS)
    number = re.search(r"AM-\w{4}-\w{4}", log.inner_text())
    assert number is not None
    found = service.call("GET", f"/api/v1/cases/{number.group()}").body
    assert found["state"] in ("closed", "resolved") and found["emotion"] == 3
    assert [remedy["amount"] for remedy in found["remedies"] if remedy["kind"] == "refund"] == [128_000]


def test_an_english_agent_and_a_chinese_customer(service: Service, office: Office) -> None:
    agent = office.open("Ben", "agent", "en")
    with Database(service.database_url) as database, database.begin() as work:
        work.session.query(Staff).filter_by(name="Ben").one().languages = []
        work.commit()
    customer = office.customer("zh-CN")
    says(customer, "等了两个小时没人理我,叫人工来")
    take = agent.locator("button[id^=take-]").first
    shown(take)
    expect(take).to_have_text("Take")
    take.click()
    contains(agent.locator("#composer"), "Chinese")
    contains(customer.locator("#log"), "Ben")
    agent.locator(".language button").click()
    shown(agent.locator("#conversation"))
    contains(agent.locator("#composer"), "中文")
    agent.wait_for_load_state()
    expect(agent.locator("html")).to_have_attribute("lang", "zh-CN")
    agent.fill("#text", "让您久等了,我是 Ben,您说。")
    agent.keyboard.press("Control+Enter")
    contains(customer.locator("#log"), "我是 Ben")
    expect(customer.locator("html")).to_have_attribute("lang", "zh-Hans")


@pytest.mark.parametrize("again", range(3))
def test_of_two_agents_who_take_at_once_one_wins_and_the_other_is_told(
    service: Service, office: Office, again: int
) -> None:
    pages = {name: office.open(name, "agent", "en") for name in ("Ada", "Bob")}
    sender = f"wanted-{uuid.uuid4().hex[:6]}"
    service.told(sender, "I have been waiting for two weeks for my parcel, I want to talk to a person")
    public_id = _public_id(service, sender)
    for page in pages.values():
        page.goto(f"{service.base}/desk/conversations/{public_id}")
        shown(page.locator("#take"))
    # Both clicks are on their way before either is answered.
    for page in pages.values():
        page.evaluate("setTimeout(() => document.querySelector('#take').click(), 50)")

    def holders() -> list[str]:
        return [name for name, page in pages.items() if page.locator("#answer").count()]

    wait_for(lambda: len(holders()) == 1, 20, "somebody has it")
    [winner] = holders()
    [loser] = set(pages) - {winner}
    contains(pages[loser].locator("main"), EN.taken_by.format(name=winner))
    expect(pages[loser].locator("#answer")).to_have_count(0)
    joined = [message["text"] for message in service.messages(sender) if "is here" in message["text"]]
    assert len(joined) == 1 and joined[0].startswith(winner), "the customer hears of one of them, once"
    assert service.conversation(sender)["control"] == "staff"


def _public_id(service: Service, sender: str) -> str:
    with Database(service.database_url) as database, database.reading() as work:
        identity = work.session.query(Identity).filter_by(channel="rest", external_id=sender).one()
        return work.session.query(Conversation).filter_by(identity_id=identity.id).one().public_id
