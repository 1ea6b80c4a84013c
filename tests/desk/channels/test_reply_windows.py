"""Reply windows in the store: what is held, released, answered by whom, and told to have failed afterwards."""

import pytest
from sqlalchemy import select

from actions.conversations import Address, await_answer, open_conversation, say
from actions.firm import Firm
from desk.channels import windows
from desk.channels.windows import Waits
from store.database import Database, UnitOfWork
from store.tables import Conversation, InboxRow, OutboxRow, ReplyWindow
from tests.conftest import Clock
from tests.desk.channels.rationed_channel import LI, Line

CHOICES = [{"title": "全额退款", "payload": "1"}, {"title": "都不要", "payload": "都不要"}]


@pytest.fixture
def line(database: Database, firm: Firm, clock: Clock) -> Line:
    return Line(database, firm, clock)


def put_offer(work: UnitOfWork, conversation: Conversation) -> int:
    await_answer(conversation, "offer", options=["refund"])
    return say(work, conversation, "您看退款可以吗？", buttons=CHOICES, decisive=True).number


def inbox(line: Line) -> InboxRow:
    with line.database.reading() as work:
        return work.session.scalars(select(InboxRow).order_by(InboxRow.number.desc())).all()[0]


def can_answer(line: Line) -> bool:
    with line.database.reading() as work:
        return inbox(line).seen_revision >= work.session.query(Conversation).one().awaited_revision


def test_before_the_customer_has_written_everything_waits(line: Line) -> None:
    line.says("我们查到您的包裹晚了。")
    line.delivers()
    assert line.channel.seen == [] and line.states == ["held"]
    assert line.state.why is Waits.WINDOW_CLOSED and line.state.held == 1 and line.state.room == 0


def test_what_waited_goes_out_first_and_says_since_when(line: Line, clock: Clock) -> None:
    line.writes()
    clock.advance(hours=49)
    line.says("已退款30元。", decisive=True)
    line.says("还有一张券。")
    line.delivers()
    assert line.states == ["held", "held"] and line.channel.seen == []
    clock.advance(hours=3)
    line.writes("怎么样了")
    line.says("都办好了。")
    line.delivers()
    assert line.states == ["sent"] * 3
    (bubble,) = line.channel.texts
    assert bubble.endswith("已退款30元。\n\n还有一张券。\n\n都办好了。")
    assert bubble.startswith("（") and "11月20日" in bubble.splitlines()[0] and "11:00" in bubble.splitlines()[0]


def test_words_of_the_moment_lapse(line: Line, clock: Clock) -> None:
    line.writes()
    clock.advance(hours=49)
    line.says("小王来了。", courtesy=True)
    line.says("已退款30元。")
    line.delivers()
    clock.advance(minutes=11)
    line.writes()
    line.delivers()
    assert line.states == ["lapsed", "sent"]
    assert "小王" not in line.channel.texts[0]


def test_five_go_out_after_a_word_and_the_last_is_kept_for_what_decides(line: Line) -> None:
    line.writes()
    for number in range(1, 6):
        line.says(f"第{number}句。")
        line.delivers()
    assert line.channel.texts == [f"第{number}句。" for number in range(1, 5)]
    assert line.state.why is Waits.KEPT_BACK and line.state.room == 1
    line.says("第六句，已退款。", decisive=True)
    line.delivers()
    assert line.channel.texts[-1] == "第5句。\n\n第六句，已退款。"
    line.says("第七句，券号 8。", decisive=True)
    line.delivers()
    assert line.state.why is Waits.QUOTA_SPENT and line.state.room == 0
    assert len(line.channel.seen) == 5 and line.channel.breaches == 0


def test_a_tap_lets_what_waits_through_for_a_minute(line: Line, clock: Clock) -> None:
    line.says("已退款。", decisive=True)
    line.delivers()
    line.taps()
    line.delivers()
    assert line.channel.texts == ["已退款。"]
    clock.advance(seconds=61)
    line.says("还有一张券。")
    line.delivers()
    assert line.states == ["sent", "held"]


def test_a_tap_told_too_late_releases_nothing(line: Line, clock: Clock) -> None:
    line.says("已退款。")
    line.delivers()
    told_at = clock.now
    clock.advance(minutes=2)
    line.on(windows.customer_tapped, told_at)
    line.delivers()
    assert line.states == ["held"] and line.channel.breaches == 0


def test_the_clock_of_the_channel_cannot_open_a_window_in_the_future(line: Line, clock: Clock) -> None:
    line.on(windows.customer_wrote, clock.now.replace(year=2036))
    assert line.state.until is not None and line.state.until.year == 2026


def test_a_question_that_nobody_has_seen_cannot_be_answered(line: Line, clock: Clock) -> None:
    line.writes()
    clock.advance(hours=49)
    line.on(put_offer)
    line.delivers()
    line.writes("1")
    assert not can_answer(line)
    line.delivers()
    line.writes("1")
    assert can_answer(line)


def test_a_question_that_was_seen_can_be_answered_while_other_words_wait(line: Line) -> None:
    line.writes()
    line.on(put_offer)
    line.delivers()
    line.says("顺便说一句。")
    line.writes("1")
    assert can_answer(line)


def test_a_tap_on_an_old_menu_answers_no_newer_question(line: Line) -> None:
    line.writes()
    old = line.on(put_offer)
    line.delivers()
    line.hears("全额退款", choice=windows.item_id(old, 0))
    assert can_answer(line) and inbox(line).text == "1"
    new = line.on(put_offer)
    line.delivers()
    line.hears("全额退款", choice=windows.item_id(old, 0))
    assert not can_answer(line)
    line.hears("都不要", choice=windows.item_id(new, 1))
    assert can_answer(line) and inbox(line).text == "都不要"


@pytest.mark.parametrize("choice", ["", "-", "7", "a-b", "7-0-1", "7--1", "９-0", "7-99", "999-0", "1" * 400 + "-0"])
def test_an_item_that_is_none_of_ours_says_what_stands_on_it_and_answers_nothing(
    sqlite_database: Database, firm: Firm, clock: Clock, choice: str
) -> None:
    line = Line(sqlite_database, firm, clock)
    line.writes()
    line.on(put_offer)
    line.delivers()
    line.hears("别家的选项", choice=choice or "x")
    assert inbox(line).text == "别家的选项"
    item = windows.read_item(choice or "x")
    assert can_answer(line) is (item is not None and item[0] >= 2)


def test_who_unfollowed_is_sent_nothing_until_they_come_back(line: Line) -> None:
    line.writes()
    line.on(windows.unreachable, "unfollowed")
    line.says("已退款。", decisive=True)
    line.delivers()
    assert line.states == ["held"] and line.channel.seen == []
    assert line.state.why is Waits.UNREACHABLE and line.state.unreachable == "unfollowed"
    line.writes()
    line.delivers()
    assert line.states == ["sent"] and line.state.unreachable is None


@pytest.mark.parametrize(
    ("fail_type", "state", "why"),
    [
        (4, "held", Waits.WINDOW_CLOSED),
        (5, "held", Waits.WINDOW_CLOSED),
        (6, "held", Waits.QUOTA_SPENT),
        (10, "held", Waits.UNREACHABLE),
        (0, "failed", None),
        (8, "failed", None),
    ],
)
def test_a_bubble_that_failed_afterwards_waits_or_is_shown(
    line: Line, fail_type: int, state: str, why: Waits | None
) -> None:
    line.writes()
    line.says("已退款。")
    line.says("还有一张券。")
    line.delivers()
    receipt = line.channel.seen[0].receipt
    assert line.does(windows.failed_later, receipt, fail_type) is True
    assert line.states == [state, state] and line.state.why is why
    line.says("第三句。")
    line.delivers()
    assert len(line.channel.seen) == (1 if why else 2)
    line.writes()
    line.delivers()
    assert line.states == (["sent"] * 3 if why else ["failed", "failed", "sent"])


def test_a_failure_of_a_bubble_that_nobody_knows_is_no_matter(line: Line) -> None:
    line.writes()
    line.says("已退款。")
    line.delivers()
    assert line.does(windows.failed_later, "nobody", 6) is False
    assert line.does(windows.failed_later, "", 6) is False
    assert line.states == ["sent"]


def test_the_failure_of_one_part_is_a_failure_of_the_whole_message(line: Line) -> None:
    line.writes()
    line.says("字" * 1300, decisive=True)
    line.delivers()
    first, second = line.channel.seen
    assert first.receipt != second.receipt
    assert line.does(windows.failed_later, first.receipt, 6) is True
    assert line.states == ["held"]
    line.writes()
    line.delivers()
    assert "".join(line.channel.texts[2:]) == "字" * 1300


def test_windows_of_two_customers_are_their_own(line: Line) -> None:
    line.writes()

    def other(work: UnitOfWork) -> int:
        conversation = open_conversation(work, Address("wechat", "oWang", "main"))
        say(work, conversation, "您好。")
        return conversation.id

    other_id = line.does(other)
    line.says("您好。")
    line.delivers()
    with line.database.reading() as work:
        states = dict(work.session.execute(select(OutboxRow.conversation_id, OutboxRow.state)).all())
        assert states.pop(other_id) == "held" and set(states.values()) == {"sent"}
        assert windows.count_held(work, [other_id, *states]) == {other_id: 1}
        assert work.session.get(ReplyWindow, other_id) is not None
    assert [message.external_id for message in line.channel.seen] == [LI.external_id]
