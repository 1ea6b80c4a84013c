"""What the page of a conversation says of a channel that lets only so much through."""

import pytest
from sqlalchemy import update

from actions.conversations import Address, open_conversation, say
from desk.channels import quotas, windows
from desk.channels.windows import Waits
from store.database import Database, UnitOfWork
from store.tables import Conversation, OutboxRow, Staff
from tests.conftest import Clock
from tests.desk.console.conftest import Desk, Open

LI = Address("wechat", "oLi", "main")


def now(work: UnitOfWork, conversation: Conversation, spent: int) -> None:
    windows.customer_wrote(work, conversation, work.now)
    row = windows.reply_window(work, conversation)
    for _ in range(spent):
        windows.keep(row, quotas.spend(windows.window_in(row), work.now))


def prepare(database: Database, spent: int = 0, unreachable: str | None = None) -> str:
    """Li wrote just now, and so many bubbles went out since."""
    with database.begin() as work:
        conversation = open_conversation(work, LI)
        now(work, conversation, spent)
        if unreachable:
            windows.unreachable(work, conversation, unreachable)
        work.commit()
        return conversation.public_id


def holds(database: Database, text: str, why: Waits, state: str = "held") -> None:
    with database.begin() as work:
        conversation = open_conversation(work, LI)
        message = say(work, conversation, text)
        row = work.session.query(OutboxRow).filter_by(message_id=message.id).one()
        row.state, row.error, row.held_at = state, why, work.now
        work.commit()


@pytest.mark.parametrize(
    ("spent", "unreachable", "en", "zh"),
    [
        (0, None, "WeChat still takes 5 messages, until", "微信还允许发5条"),
        (3, None, "WeChat still takes 2 messages, until", "微信还允许发2条"),
        (4, None, "WeChat takes one more message", "微信只允许再发1条"),
        (5, None, "WeChat takes no more messages", "允许发的条数已经用完"),
        (0, "unfollowed", "no longer follows the account", "客户取消了关注"),
        (0, "refuses", "The customer refuses our messages", "客户拒收我们的消息"),
        (0, "unknown_there", "does not know this customer", "微信说找不到这位客户"),
    ],
)
async def test_it_says_how_much_may_still_be_said(
    browser: Open, desk: Desk, sqlite_database: Database, spent: int, unreachable: str | None, en: str, zh: str
) -> None:
    public_id = prepare(sqlite_database, spent, unreachable)
    alice = await browser("alice")
    assert en in await alice.read(f"/desk/conversations/{public_id}")
    with sqlite_database.begin() as work:
        work.session.execute(update(Staff).values(language="zh"))
        work.commit()
    assert zh in await alice.read(f"/desk/conversations/{public_id}")


async def test_after_two_days_of_silence_nobody_may_speak_first(
    browser: Open, sqlite_database: Database, clock: Clock
) -> None:
    public_id = prepare(sqlite_database)
    clock.advance(hours=49)
    alice = await browser("alice")
    assert "more than 48 hours" in await alice.read(f"/desk/conversations/{public_id}")


async def test_what_waits_stands_there_with_its_reason(browser: Open, sqlite_database: Database) -> None:
    public_id = prepare(sqlite_database, spent=5)
    holds(sqlite_database, "已退款", Waits.QUOTA_SPENT)
    holds(sqlite_database, "小王来了", Waits.KEPT_BACK, state="lapsed")
    alice = await browser("alice")
    page = await alice.read(f"/desk/conversations/{public_id}")
    assert "1 message(s) waiting for the customer to speak" in page
    assert "held back · no messages left" in page and "out of date, not sent" in page
    with sqlite_database.begin() as work:
        row = windows.reply_window(work, open_conversation(work, LI))
        row.told_outside, row.told_outside_at = "arrived", work.now
        work.commit()
    assert "The notice of" in await alice.read(f"/desk/conversations/{public_id}")


async def test_a_channel_without_such_limits_says_nothing_of_them(browser: Open, desk: Desk) -> None:
    public_id = desk.waits()
    alice = await browser("alice")
    assert "window-line" not in await alice.read(f"/desk/conversations/{public_id}")


async def test_an_open_page_learns_of_a_change(browser: Open, sqlite_database: Database) -> None:
    public_id = prepare(sqlite_database)
    alice = await browser("alice")
    before = await alice.read(f"/desk/conversations/{public_id}")
    prepare(sqlite_database, spent=2)
    after = await alice.read(f"/desk/conversations/{public_id}")
    assert before.split("data-version=")[1][:20] != after.split("data-version=")[1][:20]
