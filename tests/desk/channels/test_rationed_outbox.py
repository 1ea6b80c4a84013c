"""The outbox of a channel that lets only so much through: kills, failures, notices, and any order of events."""

import re
from collections.abc import Callable
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from actions.conversations import open_conversation
from actions.firm import Firm
from actions.promises import promise
from desk.channels import windows
from desk.channels.transport import Outgoing, TransportError
from desk.workers.rationing import spell_out
from store.database import Database
from tests.conftest import Clock
from tests.desk.channels.rationed_channel import LI, Line


@pytest.fixture
def line(database: Database, firm: Firm, clock: Clock) -> Line:
    return Line(database, firm, clock)


def test_a_kill_before_the_call_loses_nothing_and_doubles_nothing(line: Line) -> None:
    line.writes()
    line.says("〔1〕")
    line.channel.fates = ["killed_before"]
    line.delivers()
    assert line.channel.texts == ["〔1〕"] and line.states == ["sent"]
    # What the dead process spent is not spent again by anybody.
    assert line.state.room == 3


def test_a_kill_after_the_call_doubles_that_bubble_alone(line: Line) -> None:
    line.writes()
    line.says("〔1〕")
    line.says("〔2〕")
    line.channel.fates = ["killed_after"]
    line.delivers()
    assert line.channel.texts == ["〔1〕\n\n〔2〕"] * 2 and line.state.room == 3


def test_what_was_surely_not_taken_is_given_back(line: Line, clock: Clock) -> None:
    line.writes()
    line.says("〔1〕")
    line.channel.fates = ["not_sent"]
    line.delivers()
    assert line.states == ["pending"] and line.state.room == 5
    line.says("〔2〕")
    line.delivers()
    assert line.channel.seen == []
    clock.advance(seconds=5)
    line.delivers()
    assert line.channel.texts == ["〔1〕\n\n〔2〕"] and line.state.room == 4


def test_what_may_have_been_taken_stays_spent(line: Line, clock: Clock) -> None:
    line.writes()
    line.says("〔1〕")
    line.channel.fates = ["no_answer"]
    line.delivers()
    clock.advance(seconds=5)
    line.delivers()
    assert line.told == ["〔1〕", "〔1〕"] and line.state.room == 3


def test_the_parts_of_a_long_message_go_on_where_a_kill_broke_them_off(line: Line) -> None:
    line.writes()
    text = "".join(f"第{number}句话。" for number in range(400))
    line.says(text)
    line.channel.fates = ["arrives", "killed_before"]
    line.delivers()
    assert "".join(line.channel.texts) == text and line.channel.breaches == 0


def test_what_the_channel_finds_too_long_is_cut_smaller(line: Line, clock: Clock) -> None:
    deliver = line.channel.deliver

    async def narrow(message: Outgoing) -> None:
        if len(message.text.encode()) > 700:
            raise TransportError("too long", permanent=False, not_taken=True, too_long=True)
        await deliver(message)

    line.channel.deliver = narrow  # type: ignore[method-assign]
    line.starts()
    line.writes()
    line.says("这是一句话。" * 60, decisive=True)
    line.delivers()
    assert "".join(line.channel.texts) == "这是一句话。" * 60 and line.states == ["sent"]


def test_outside_the_window_a_notice_tells_once_that_something_decisive_waits(line: Line, clock: Clock) -> None:
    line.channel.has_notices = True
    line.writes()
    clock.advance(hours=49)
    line.says("您好。")
    line.delivers()
    assert line.channel.notices == []
    line.says("已退款。", decisive=True)
    line.delivers()
    line.says("还有一张券。", decisive=True)
    line.delivers()
    (notice,) = line.channel.notices
    assert notice.template_id == "waiting" and notice.data == {"at": "2026-11-20 11:00"}
    assert line.states == ["held"] * 3 and line.state.told_outside == "sent"
    assert line.does(windows.notice_result, "notice 1", True) is True
    assert line.state.told_outside == "arrived"
    # The customer came and went: another window, another notice.
    line.writes()
    line.delivers()
    clock.advance(hours=49)
    line.says("请查收。", decisive=True)
    line.delivers()
    assert len(line.channel.notices) == 2


def test_a_notice_that_does_not_get_through_is_tried_again_and_holds_nothing_up(line: Line, clock: Clock) -> None:
    line.channel.has_notices = True
    line.says("已退款。", decisive=True)
    line.channel.fates = ["not_sent"]
    line.delivers()
    assert line.states == ["pending"] and line.state.told_outside is None
    line.writes()
    line.delivers()
    assert line.channel.texts == ["已退款。"] and line.channel.notices == []


def test_a_notice_that_is_refused_is_not_tried_again(line: Line, clock: Clock) -> None:
    line.channel.has_notices = True
    line.channel.fates = ["refused"]
    line.says("已退款。", decisive=True)
    line.delivers()
    line.says("还有一张券。", decisive=True)
    line.delivers()
    assert line.channel.notices == [] and line.state.told_outside == "refused" and line.states == ["held", "held"]


def test_a_promise_that_was_due_is_told_of_as_such(line: Line, firm: Firm, clock: Clock) -> None:
    line.channel.has_notices = True
    line.on(promise, None, "call_back", "回电", clock.now)
    clock.advance(minutes=1)
    line.says("说好的没做到，抱歉。", decisive=True)
    line.delivers()
    assert [notice.template_id for notice in line.channel.notices] == ["promise"]


def test_without_buttons_choices_are_named_once(firm: Firm) -> None:
    yes_no = [{"title": "是", "payload": "是的"}, {"title": "否", "payload": "不用了"}]
    numbered = [{"title": "全额退款", "payload": "1"}, {"title": "都不要", "payload": "都不要"}]
    assert spell_out(firm, "zh", "请真人接手吗？", yes_no) == "也可以直接回复“是的”“不用了”。"
    assert spell_out(firm, "zh", "1. 全额退款\n都不要就告诉我。", numbered) == ""
    assert spell_out(firm, "zh", "您看呢？", numbered) == "1. 全额退款\n回复数字即可。\n也可以直接回复“都不要”。"
    assert spell_out(firm, "en", "A person?", [{"title": "Yes", "payload": "yes"}]) == 'You can also reply "yes".'
    scores = [{"title": str(score), "payload": str(score)} for score in range(1, 6)]
    assert spell_out(firm, "zh", "回复1到5分就行。", scores) == ""


# --- any order of events -----------------------------------------------------------------------------------------

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("says"), st.sampled_from(["ordinary", "decisive", "long"])),
        st.tuples(st.sampled_from(["writes", "taps", "late", "delivers"]), st.just("")),
        st.tuples(st.just("passes"), st.sampled_from(["1", "30", "61", "700", "172700", "180000"])),
        st.tuples(
            st.just("fate"), st.sampled_from(["killed_before", "killed_after", "not_sent", "no_answer", "arrives"])
        ),
    ),
    min_size=5,
    max_size=40,
)


def test_nothing_exceeds_the_quotas_is_reordered_or_lost(
    tmp_path: Path, migrated_sqlite_file: Path, firm: Firm, statements: Callable[[Engine], None]
) -> None:
    @settings(deadline=None, max_examples=20)
    @given(steps=STEPS)
    def plays(steps: list[tuple[str, str]]) -> None:
        (tmp_path / "amends.db").write_bytes(migrated_sqlite_file.read_bytes())
        clock = Clock()
        with Database(f"sqlite:///{tmp_path / 'amends.db'}", clock) as database:
            statements(database.engine)
            play(Line(database, firm, clock), steps)
        for name in ("amends.db", "amends.db-wal", "amends.db-shm"):
            (tmp_path / name).unlink(missing_ok=True)

    plays()


def play(line: Line, steps: list[tuple[str, str]]) -> None:
    """Play some steps, and then a customer who writes until everything has been said."""
    line.on(lambda work, conversation: None)
    said, late, clock = 0, list[datetime](), line.clock
    for step, how in steps:
        if step == "says":
            said += 1
            filler = "很长。" * 300 if how == "long" else ""
            line.says(f"〔{said}〕{filler}", decisive=how == "decisive")
        elif step == "writes":
            line.writes()
        elif step == "taps":
            line.taps()
        elif step == "late":
            # The channel heard it now, and tells us later.
            line.channel.customer_writes()
            late.append(clock.now)
        elif step == "passes":
            clock.advance(seconds=float(how))
            if late:
                line.hears(at=late.pop())
        elif step == "fate":
            line.channel.fates.append(how)
        else:
            line.delivers()
        assert line.channel.breaches == 0
    line.channel.fates = []
    for _ in range(said + 2):
        if set(line.states) <= {"sent"}:
            break
        clock.advance(seconds=700)
        line.writes()
        line.delivers()
    assert line.channel.breaches == 0
    assert set(line.states) <= {"sent"}
    assert_in_order(line, said)


def assert_in_order(line: Line, said: int) -> None:
    """Every message stands on the phone in its order; a bubble that may have arrived unnoticed stands there again."""
    seen = [int(name) for name in re.findall(r"〔(\d+)〕", "".join(line.channel.texts))]
    firsts = list(dict.fromkeys(seen))
    assert firsts == list(range(1, said + 1))
    again = sum(1 for before, after in pairwise(seen) if after <= before)
    assert again <= line.channel.may_repeat


def test_a_conversation_that_somebody_holds_is_left_for_the_next_round(
    postgresql_database: Database, firm: Firm, clock: Clock
) -> None:
    """As another process would: what it is about to say is joined, and nothing waits for a lock."""
    line = Line(postgresql_database, firm, clock)
    line.writes()
    line.says("〔1〕")
    with line.database.begin() as work:
        open_conversation(work, LI)
        line.delivers()
        assert line.channel.seen == []
    line.delivers()
    assert line.told == ["〔1〕"]
