"""A customer writes while a bubble is on its way to them, or is told late of what became of one."""

import asyncio
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy import select

from actions.firm import Firm
from actions.timers import TimerKind
from desk.app import Parts, make_app
from desk.channels import windows
from desk.channels.accounts import WeComAccount, WeComAccountFile
from desk.channels.transport import Held, Outgoing, TransportError
from desk.channels.wecom import welcoming
from desk.channels.wecom.reading import Entered
from desk.channels.windows import Waits
from desk.keys import HTTP
from desk.workers.outbox import BATCH
from store.database import Database
from store.settings import load_settings
from store.tables import Message, ReplyWindow
from tests.conftest import Clock
from tests.desk.channels.rationed_channel import LI, Line
from tests.desk.channels.test_reply_windows import can_answer, put_offer
from tests.desk.channels.test_wechat_dialogue import answers, complains
from tests.desk.turning import fires


@pytest.fixture
def line(sqlite_database: Database, firm: Firm, clock: Clock) -> Line:
    return Line(sqlite_database, firm, clock)


def on_its_way(line: Line, happens: Callable[[], None], after: Exception | None = None) -> None:
    """Have something happen during the next call, which then is answered by ``after``."""
    deliver = line.channel.deliver

    async def slow(message: Outgoing) -> None:
        line.channel.deliver = deliver  # type: ignore[method-assign]
        happens()
        if after is not None:
            raise after
        await deliver(message)

    line.channel.deliver = slow  # type: ignore[method-assign]
    line.starts()


def test_what_arrives_after_a_new_word_is_taken_from_that_word_s_allowance(line: Line, clock: Clock) -> None:
    line.writes()
    line.says("〔1〕")

    def customer_writes() -> None:
        # The call is slow: a token had to be asked for first.
        clock.advance(seconds=5)
        line.writes()
        clock.advance(seconds=1)

    on_its_way(line, customer_writes)
    line.delivers()
    for number in range(2, 9):
        line.says(f"〔{number}〕", decisive=True)
        line.delivers()
    assert line.channel.breaches == 0
    assert line.told == [f"〔{number}〕" for number in range(1, 6)]


@pytest.mark.parametrize("answer", [Held(Waits.WINDOW_CLOSED), Held(Waits.UNREACHABLE, "unfollowed")])
def test_a_refusal_from_before_the_customer_s_word_holds_nothing_back(line: Line, clock: Clock, answer: Held) -> None:
    line.writes()
    line.says("〔1〕")

    def comes_back() -> None:
        clock.advance(seconds=1)
        line.writes()
        line.says("〔2〕")

    on_its_way(line, comes_back, answer)
    line.delivers()
    assert line.told == ["〔1〕", "〔2〕"] and line.states == ["sent", "sent"]
    assert line.state.unreachable is None


def test_a_refusal_without_a_new_word_is_not_tried_again(line: Line) -> None:
    line.writes()
    line.says("〔1〕")
    on_its_way(line, lambda: None, Held(Waits.WINDOW_CLOSED))
    line.delivers()
    assert line.channel.seen == [] and line.states == ["held"] and line.state.room == 0


@pytest.mark.parametrize("word_first", [True, False])
def test_a_failure_told_late_does_not_silence_who_has_written_since(line: Line, clock: Clock, word_first: bool) -> None:
    line.writes()
    line.says("〔1〕")
    line.delivers()
    receipt = line.channel.seen.pop().receipt
    clock.advance(seconds=1)
    failed_at, wrote_at = clock.now, clock.now + timedelta(seconds=10)
    clock.advance(seconds=10)
    line.channel.customer_writes()
    # We were down: both are read together.
    clock.advance(minutes=5)
    if word_first:
        line.hears("在吗", wrote_at)
    assert line.does(windows.failed_later, receipt, 4, failed_at) is True
    if not word_first:
        line.hears("在吗", wrote_at)
    line.says("〔2〕")
    line.delivers()
    assert line.told == ["〔1〕", "〔2〕"] and line.states == ["sent", "sent"]


def test_a_tap_on_the_open_question_proves_that_it_was_seen(line: Line) -> None:
    line.writes()
    number = line.on(put_offer)
    heard = []

    def taps_at_once() -> None:
        # It stands on the phone, and our record of that is not written yet.
        line.hears("全额退款", choice=windows.item_id(number, 0))
        heard.append(can_answer(line))

    on_its_way(line, taps_at_once)
    line.delivers()
    assert heard == [True]


def test_a_number_typed_before_the_question_has_arrived_answers_nothing(line: Line) -> None:
    line.writes()
    line.on(put_offer)
    heard = []
    on_its_way(line, lambda: heard.append((line.writes("1"), can_answer(line))[1]))
    line.delivers()
    assert heard == [False]


def test_a_long_message_that_does_not_decide_blocks_nothing_for_ever(line: Line, clock: Clock) -> None:
    line.writes()
    text = "".join(f"第{number}句话。" for number in range(1100))
    line.says(text)
    line.delivers()
    line.says("〔已退款〕", decisive=True)
    line.delivers()
    for _ in range(4):
        clock.advance(minutes=1)
        line.writes()
        line.delivers()
    assert line.states == ["sent", "sent"] and line.channel.breaches == 0
    said = "".join(text for text in line.channel.texts)
    assert said.replace("\n", "").startswith(text) and said.endswith("〔已退款〕")


def test_a_notice_that_crosses_the_customer_s_word_leaves_the_next_closed_window_its_own(
    line: Line, clock: Clock
) -> None:
    line.channel.has_notices = True
    line.says("〔1〕", decisive=True)
    tell = line.channel.tell_outside

    async def slow(notice: object) -> str:
        line.channel.tell_outside = tell  # type: ignore[method-assign]
        line.writes()
        return await tell(notice)  # type: ignore[arg-type]

    line.channel.tell_outside = slow  # type: ignore[method-assign]
    line.starts()
    line.delivers()
    assert line.told == ["〔1〕"] and line.state.told_outside is None
    clock.advance(hours=49)
    line.says("〔2〕", decisive=True)
    line.delivers()
    assert len(line.channel.notices) == 2


def test_a_busy_channel_does_not_use_up_what_the_customer_s_word_allows_within_a_minute(
    line: Line, clock: Clock
) -> None:
    line.writes()
    line.says("〔1〕", decisive=True)
    until = clock.now + timedelta(minutes=1)
    deliver = line.channel.deliver

    async def busy(message: Outgoing) -> None:
        if clock.now < until:
            raise TransportError("errcode -1", permanent=False)
        await deliver(message)

    line.channel.deliver = busy  # type: ignore[method-assign]
    line.starts()
    for _ in range(20):
        line.delivers()
        clock.advance(seconds=10)
    assert line.told == ["〔1〕"] and line.states == ["sent"]


def test_two_desks_send_a_bubble_once(postgresql_database: Database, firm: Firm, clock: Clock) -> None:
    one, other = Line(postgresql_database, firm, clock), Line(postgresql_database, firm, clock)
    one.writes()
    one.says("〔1〕")

    def other_looks_too() -> None:
        one.says("〔2〕")
        with ThreadPoolExecutor(1) as thread:
            thread.submit(other.delivers).result()

    on_its_way(one, other_looks_too)
    one.delivers()
    other.delivers()
    assert one.told == ["〔1〕", "〔2〕"] and other.told == []
    with postgresql_database.reading() as work:
        assert len(work.session.query(ReplyWindow).one().spent) == 2


def test_a_welcome_does_not_overtake_the_rest_of_a_long_message(line: Line, clock: Clock) -> None:
    line.writes()
    line.says("〔1〕" + "很长。" * 300, decisive=True)
    line.says("〔2〕", decisive=True)
    line.channel.fates = ["arrives"]
    asyncio.run(line.worker.deliver_waiting())
    line.on(windows.unreachable, "unfollowed")
    line.delivers()
    assert line.states == ["held", "held"] and line.told == ["〔1〕"]
    account = WeComAccount(WeComAccountFile(key="s", corp_id="ww0000", open_kfids=("wk",)), "", None)  # type: ignore[arg-type]
    assert line.does(welcoming.prepare, line.firm, account, Entered(LI, "code", clock.now)) is None
    assert line.states == ["held", "held"]


def test_words_that_the_customer_repeats_are_answered_each_time_and_a_kill_doubles_one_bubble(
    line: Line, clock: Clock
) -> None:
    """What stands on the phone twice need be no double: each of three ratings, with an id of its own, is answered."""
    complains(line)
    line.writes("1")
    answers(line, "action_accept_offer", facts={"choice": 1})
    fires(line.database, line.firm, TimerKind.EXECUTE_REMEDY)
    line.channel.fates = ["killed_after"]
    line.delivers()
    doubled = line.channel.texts[-1]
    clock.advance(minutes=1)
    for _ in range(3):
        # Not acknowledged in time, the customer's phone says; taken in each time.
        line.writes("5分")
    for _ in range(3):
        answers(line, "action_record_rating", facts={"rating": 5})
    with line.database.reading() as work:
        said = Counter(work.session.scalars(select(Message.text).where(Message.direction == "out")))
    again = "刚才已经回复您了，请看上一条消息。"
    assert said[again] == 2
    seen = "\n".join(line.channel.texts)
    more_often = {text: seen.count(text) - times for text, times in said.items() if seen.count(text) != times}
    assert len(more_often) == 1 and set(more_often.values()) == {1} and next(iter(more_often)) in doubled
    assert line.channel.may_repeat == 1 and line.channel.breaches == 0


async def test_a_channel_that_hangs_keeps_nobody_from_rasa(
    sqlite_database: Database, firm: Firm, tmp_path: Path
) -> None:
    hanging = asyncio.Event()

    async def hang(request: web.Request) -> web.Response:
        if request.path == "/hangs":
            await hanging.wait()
        return web.Response()

    tencent = web.Application()
    tencent.router.add_get("/{tail:.*}", hang)
    settings = load_settings({"AMENDS_VAR": str(tmp_path), "AMENDS_FIRM": "data/firm"})
    app = make_app(settings, Parts(database=sqlite_database, firm=firm, workers=False))
    async with TestServer(tencent) as there, TestServer(app):
        calls = [asyncio.create_task(app[HTTP].get(there.make_url("/hangs"))) for _ in range(BATCH)]
        await asyncio.sleep(0)
        async with asyncio.timeout(20), app[HTTP].get(there.make_url("/answers")) as answer:
            assert answer.status == 200
        hanging.set()
        for response in await asyncio.gather(*calls):
            response.release()
