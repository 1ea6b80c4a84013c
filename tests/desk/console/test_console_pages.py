"""What the pages show, in both languages, and that they stay current."""

import ast
import asyncio
import re
from pathlib import Path

import pytest
from aiohttp import ClientTimeout

from actions.commands.catalogue import command_for
from actions.conversations import Address
from actions.turns import TurnKey, take_turn
from actions.understanding import read_understanding
from desk import console
from desk.accounts import ROLES
from desk.console.clocks import read_clock
from desk.console.pages import read_words
from recovery.case_states import CaseState
from recovery.control import Control, HandOverReason
from recovery.failures import Risk
from recovery.remedies import Authority, RemedyKind
from recovery.severity import Severity
from store.database import Database
from tests.conftest import ROOT, Clock
from tests.desk.console.conftest import WANG, Desk, Open
from tests.desk.turning import hears, leases

_FOLDER = Path(console.__file__).parent
LI = Address("web", "li-4711")


async def test_empty_lists_say_so(browser: Open) -> None:
    alice = await browser("alice")
    assert "Nobody is waiting." in await alice.read("/desk/")
    for name, words in {
        "mine": "You have no conversation.",
        "department": "Nobody in your department has anything open.",
        "approvals": "Nothing waits for approval.",
        "promises": "No promise is owed.",
        "overdue": "Nothing is overdue.",
        "open": "Nothing is open.",
    }.items():
        assert words in await alice.read(f"/desk/?list={name}"), name


async def test_who_waits_longest_stands_first(browser: Open, desk: Desk, clock: Clock) -> None:
    first = desk.waits("第一个", LI)
    clock.advance(minutes=20)
    second = desk.waits("第二个", WANG)
    page = await (await browser("alice")).read("/desk/")
    assert page.index(first) < page.index(second)
    assert "waiting 20 min" in page and "asked for a person" in page
    assert "<title>(2) Queue" in page


async def test_an_answer_that_is_overdue_shows_as_late(browser: Open, desk: Desk, clock: Clock) -> None:
    desk.waits()
    clock.advance(days=1)
    page = await (await browser("alice")).read("/desk/")
    assert 'class="clock late"' in page


@pytest.mark.parametrize("question", ["number", "compact", "order", "identity", "external id"])
async def test_a_conversation_is_found_by(browser: Open, desk: Desk, question: str) -> None:
    wanted, other = desk.wants_refund(300, LI), desk.waits()
    number = desk.case(LI).number
    asked = {
        "number": number.lower(),
        "compact": number.removeprefix("AM-").replace("-", ""),
        "order": "2026111000300",
        "identity": "web:li-4711",
        "external id": "li-47",
    }[question]
    response = await (await browser("quinn")).get("/desk/conversations", params={"q": asked})
    page = await response.text()
    assert wanted in page and other not in page


async def test_a_question_with_wildcards_finds_nothing(browser: Open, desk: Desk) -> None:
    desk.waits()
    response = await (await browser("alice")).get("/desk/conversations", params={"q": "%"})
    assert "Nothing found." in await response.text()


async def test_conversations_of_the_bot_are_listed_too(browser: Open, desk: Desk) -> None:
    public_id = desk.complains()
    assert public_id in await (await browser("bob")).read("/desk/conversations")


async def test_quality_sees_and_has_no_buttons(browser: Open, desk: Desk) -> None:
    public_id = desk.waits()
    page = await (await browser("quinn")).read(f"/desk/conversations/{public_id}")
    assert "You can only read." in page
    assert "/take" not in page and "/correct" not in page


async def test_the_words_that_spoke_for_a_label_are_shown(browser: Open, desk: Desk) -> None:
    spoke = [{"key": "product_quality", "confidence": 0.9, "words": ["一碰就碎"]}]
    hears(desk.database, "杯子一碰就碎")
    lease = leases(desk.database)
    with desk.database.begin() as work:
        reading = read_understanding({"language": "zh", "categories": spoke})
        key = TurnKey(lease.inbox_id, lease.fence)
        take_turn(work, desk.firm, key, "action_hear_complaint", reading, command_for("action_hear_complaint"))
        work.commit()
    page = await (await browser("alice")).read(f"/desk/conversations/{desk.conversation().public_id}")
    assert "<q>一碰就碎</q>" in page


async def test_the_language_is_ones_own_and_stays(browser: Open) -> None:
    alice = await browser("alice")
    assert '<html lang="en">' in await alice.read("/desk/")
    response = await alice.post("/desk/language", language="zh", next="/desk/conversations")
    assert response.headers["Location"] == "/desk/conversations"
    page = await alice.read("/desk/")
    assert '<html lang="zh-CN">' in page and "等待接入" in page


@pytest.mark.parametrize(("accepts", "word"), [("zh-CN,zh;q=0.9", "登录"), ("en-GB", "Log in"), ("fr", "登录")])
async def test_the_log_in_page_speaks_the_browsers_language(browser: Open, accepts: str, word: str) -> None:
    response = await (await browser()).get("/desk/login", headers={"Accept-Language": accepts})
    assert f"<h1>{word}</h1>" in await response.text()


async def _next_event(stream: object, name: str) -> str:
    """The data of the next event of this name."""
    current = ""
    while True:
        line = (await stream.readline()).decode().strip()  # type: ignore[attr-defined]
        if line.startswith("event:"):
            current = line.partition(":")[2].strip()
        if line.startswith("data:") and current == name:
            return line.partition(":")[2].strip()


@pytest.mark.parametrize("by", ["this process", "another process"])
async def test_an_open_page_is_told_of_a_new_message(
    browser: Open, desk: Desk, sqlite_database: Database, by: str
) -> None:
    public_id = desk.waits()
    alice = await browser("alice")
    page = await alice.read(f"/desk/conversations/{public_id}")
    shown = re.search(r'data-version="(\w+)"', page)
    assert shown is not None
    timeout = ClientTimeout(total=None, sock_read=10)
    async with alice.client.get(f"/desk/events?conversation={public_id}", timeout=timeout) as response:
        assert response.content_type == "text/event-stream"
        # What the page was read from is what the stream begins with: no look is wasted.
        assert await _next_event(response.content, "conversation") == shown[1]
        if by == "this process":
            await asyncio.to_thread(hears, sqlite_database, "在吗")
        else:
            with Database(sqlite_database.url, sqlite_database.clock) as theirs:
                await asyncio.to_thread(hears, theirs, "在吗")
        changed = await asyncio.wait_for(_next_event(response.content, "conversation"), 5)
        assert changed != shown[1]
    assert "在吗" in await alice.read(f"/desk/conversations/{public_id}")


async def test_the_queue_is_told_of_a_hand_over(browser: Open, desk: Desk) -> None:
    alice = await browser("alice")
    timeout = ClientTimeout(total=None, sock_read=10)
    async with alice.client.get("/desk/events", timeout=timeout) as response:
        before = await _next_event(response.content, "queue")
        await asyncio.to_thread(desk.waits)
        assert await asyncio.wait_for(_next_event(response.content, "queue"), 5) != before


def test_a_clock_changes_colour_at_a_half_three_quarters_and_the_end(clock: Clock) -> None:
    start = clock.now
    clock.advance(hours=4)
    due, stages = clock.now, []
    for minutes in (119, 120, 179, 180, 239, 240):
        clock.now = start
        clock.advance(minutes=minutes)
        stages.append(read_clock(start, due, clock.now).stage)
    assert stages == ["calm", "half", "half", "soon", "soon", "late"]
    assert read_clock(start, due, clock.now, stopped=due).stage == "met"
    clock.advance(minutes=1)
    assert read_clock(start, due, clock.now, stopped=clock.now).stage == "missed"


def test_both_languages_name_everything_that_can_be_shown() -> None:
    words = read_words()  # which refuses catalogues whose keys or values differ
    named = {
        "state": CaseState,
        "severity": Severity,
        "risk": Risk,
        "reason": HandOverReason,
        "kind": RemedyKind,
        "control": Control,
        "authority": Authority,
        "role": ROLES,
    }
    missing = [f"{group}.{key}" for group, keys in named.items() for key in keys if not words.has(f"{group}.{key}")]
    assert missing == []


def test_every_text_that_a_page_asks_for_is_there_and_none_is_idle() -> None:
    sources = [*_FOLDER.rglob("templates/**/*.html"), *_FOLDER.rglob("*.py")]
    asked = {key for path in sources for key in re.findall(r"[\"']([a-z]+\.[a-z_0-9]*[a-z0-9])[\"']", path.read_text())}
    keys = read_words().keys()
    groups = {key.partition(".")[0] for key in keys}
    files = (".html", ".css", ".py", ".yml")
    assert {key for key in asked if key.partition(".")[0] in groups and not key.endswith(files)} <= keys
    # Groups whose keys are put together from what is shown.
    built = {
        *("alarm", "facet", "incident_state", "row_state", "waits_for", "problem"),
        *(
            "author",
            "authority",
            "order_status",
            "case",
            "channel",
            "control",
            "conversation",
            "emotion",
            "fact",
            "http",
            "kind",
        ),
        *(
            "offer_state",
            "order_status",
            "promise_state",
            "reason",
            "refused",
            "risk",
            "role",
            "severity",
            "state",
            "tier",
            "transition",
        ),
        *("due", "filter", "find", "lists", "sort"),
        *("act", "routed"),
        *("firmfile", "macro", "replies", "yaml"),
        *("clock_kind", "erasure", "hindrance", "holding", "retained"),
        *("coming", "outside", "proactive", "told", "told_group", "waits", "way", "window"),
        *("quality_tab", "quality_process", "quality_what", "quality_period", "quality_dimension", "quality_language"),
        *("quality_measure", "quality_every", "quality_kind", "quality_rules", "quality_limits", "quality_part"),
        *("signal_kind", "signal_way", "signal_state"),
        *("channel_is", "channel_kind", "channel_mode", "channel_people", "wechat_fault", "wecom_fault"),
        *("improve_baseline", "improve_branch", "improve_choice", "improve_control", "improve_direction"),
        *("improve_field", "improve_gate", "improve_hint", "improve_kind", "improve_ledger", "improve_origin"),
        *("improve_outcome", "improve_phase", "improve_process", "improve_refused", "improve_section"),
        *("improve_problem", "improve_signal", "improve_telling", "improve_unit", "improve_wrong"),
        *("improve_effect", "improve_level"),
    }
    idle = {key for key in keys - asked if key.partition(".")[0] not in built}
    assert idle == set()


def test_every_refusal_of_a_deed_has_its_sentence() -> None:
    words = read_words()
    for path in [*(ROOT / "actions" / "staff").glob("*.py"), *_FOLDER.glob("*.py")]:
        calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        codes = [
            call.args[0].value
            for call in calls
            if getattr(call.func, "id", "") == "DeedRefused" and isinstance(call.args[0], ast.Constant)
        ]
        assert [code for code in codes if not words.has(f"refused.{code}")] == []
    assert words.has("refused.not_possible_now")


def test_scripts_turn_no_text_into_markup() -> None:
    for path in (_FOLDER / "static").glob("*.js"):
        code = path.read_text()
        for way in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"):
            assert way not in code, (path.name, way)
