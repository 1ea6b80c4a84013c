"""The turn protocol of design.md section 2 as the worker keeps it, and the way to Rasa."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy import select

from actions.conversations import receive
from actions.firm import Firm
from desk.app import Parts, make_app
from desk.rasa import WORD_JOINER, Rasa, RasaMessage, RasaNotReached, RasaUnavailable
from desk.workers.leases import ATTEMPTS, LEASE
from recovery.control import Control
from store.database import Database
from store.settings import Settings
from store.tables import Conversation, HandOver, InboxRow
from tests.conftest import Clock
from tests.desk.turning import WANG, Bot, conversation, greets, hears, leases, serving, settles, with_offer
from tests.e2e.service import free_port


def row_of(database: Database) -> InboxRow:
    with database.reading() as work:
        return work.session.scalars(select(InboxRow).order_by(InboxRow.number.desc())).first()  # type: ignore[return-value]


# --- 2. Lease --------------------------------------------------------------------------------------------------------


async def test_line_02_while_the_bot_thinks_the_lease_is_renewed(
    sqlite_database: Database, firm: Firm, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desk.workers.inbox.RENEW_EVERY_SECONDS", 0.05)
    hears(sqlite_database, "还没到")
    seen = []

    class Thinking(Bot):
        async def handle(self, message: RasaMessage) -> None:
            clock.advance(seconds=25)
            for _ in range(200):
                seen.append(conversation(sqlite_database).lease_expires_at)
                if seen[-1] == clock.now + LEASE:
                    return
                await asyncio.sleep(0.02)

    bot = Thinking()
    await serving(sqlite_database, firm, bot, lambda: row_of(sqlite_database).next_attempt_at > clock.now)
    assert seen[-1] == clock.now + LEASE


async def test_line_02_a_desk_that_starts_on_sqlite_lets_go_of_what_a_dead_one_held(
    sqlite_database: Database, settings: Settings, firm: Firm
) -> None:
    hears(sqlite_database, "还没到")
    held = leases(sqlite_database, "the dead one")
    async with TestServer(make_app(settings, Parts(database=sqlite_database, firm=firm))):
        now = conversation(sqlite_database)
    assert (now.lease_owner, now.lease_expires_at) == (None, None)
    assert now.fence > held.fence


# --- 3. One turn, one key --------------------------------------------------------------------------------------------


async def test_line_03_rasa_gets_text_ids_language_and_what_is_awaited_and_nothing_else(
    sqlite_database: Database, firm: Firm
) -> None:
    bot = Bot()
    with sqlite_database.begin() as work:
        receive(work, WANG, "还没到", "m1", {"secret": "of the caller"})
        work.commit()
    await serving(sqlite_database, firm, bot, lambda: bool(bot.asked))
    row, message = row_of(sqlite_database), bot.asked[0]
    assert message.sender == f"{row.id}-1"
    assert (message.text, message.inbox, message.language, message.awaited) == ("还没到", row.id, None, None)
    assert message.fence == conversation(sqlite_database).fence
    assert "secret" not in repr(message)


async def test_line_03_rasa_learns_which_question_is_open(sqlite_database: Database, firm: Firm) -> None:
    with_offer(sqlite_database, firm)
    hears(sqlite_database, "1")
    bot, awaited = Bot(), conversation(sqlite_database).awaited
    await serving(sqlite_database, firm, bot, lambda: bool(bot.asked))
    assert awaited is not None
    assert bot.asked[0].awaited == {key: awaited[key] for key in ("kind", "revision", "options")}
    assert bot.asked[0].language == "zh"


async def test_line_03_a_retry_never_waits_behind_the_first_try(
    sqlite_database: Database, firm: Firm, clock: Clock
) -> None:
    hears(sqlite_database, "还没到")
    bot = Bot()

    def tried_twice() -> bool:
        clock.advance(seconds=1)
        return len(bot.asked) >= 2

    await serving(sqlite_database, firm, bot, tried_twice)
    assert [message.sender for message in bot.asked[:2]] == [f"{bot.asked[0].inbox}-{n}" for n in (1, 2)]
    assert bot.asked[0].fence < bot.asked[1].fence


# --- 6. Giving up ----------------------------------------------------------------------------------------------------


async def test_line_06_the_worker_gives_a_silent_bot_five_attempts_and_then_hands_over(
    sqlite_database: Database, firm: Firm, clock: Clock
) -> None:
    hears(sqlite_database, "还没到")
    bot = Bot()

    def handed_over() -> bool:
        clock.advance(seconds=1)
        return conversation(sqlite_database).control == Control.QUEUED

    await serving(sqlite_database, firm, bot, handed_over)
    assert len(bot.asked) == ATTEMPTS
    assert row_of(sqlite_database).disposition == "gave_up"


def never_reached(_: RasaMessage) -> None:
    raise RasaNotReached("no connection")


async def test_line_06_a_bot_that_starts_anew_has_used_up_no_attempt(
    sqlite_database: Database, firm: Firm, clock: Clock
) -> None:
    hears(sqlite_database, "你好")
    there_again = clock.now.replace(minute=2)  # two minutes later, far more than a start takes

    def answers(message: RasaMessage) -> None:
        if clock.now < there_again:
            never_reached(message)
        greets(sqlite_database, firm, message)

    bot = Bot(answers)

    def answered() -> bool:
        clock.advance(seconds=1)
        return row_of(sqlite_database).state == "done"

    await serving(sqlite_database, firm, bot, answered)
    assert len(bot.asked) > ATTEMPTS
    assert (row_of(sqlite_database).disposition, row_of(sqlite_database).attempts) == ("bot", 1)
    assert conversation(sqlite_database).control == Control.BOT


async def test_line_06_a_bot_that_is_never_reached_is_given_three_minutes(
    sqlite_database: Database, firm: Firm, clock: Clock
) -> None:
    hears(sqlite_database, "你好")
    started, bot = clock.now, Bot(never_reached)

    def handed_over() -> bool:
        clock.advance(seconds=1)
        return conversation(sqlite_database).control == Control.QUEUED

    await serving(sqlite_database, firm, bot, handed_over)
    with sqlite_database.reading() as work:
        handed = work.session.scalars(select(HandOver)).one()
    assert (handed.reason, (handed.at - started).total_seconds() >= 180) == ("bot_silent", True)


def test_line_06_how_often_a_bot_that_is_away_is_tried(database: Database, clock: Clock) -> None:
    """At first every second, later every ten: nobody waits long after a restart, and many who wait make no storm."""
    hears(database, "你好")
    pauses = []
    while clock.now.minute < 2:
        assert settles(database, leases(database), reached=False) == "again"
        pause = row_of(database).next_attempt_at - clock.now
        pauses.append(pause.total_seconds())
        clock.now += pause
    assert pauses == sorted(pauses) and (pauses[0], pauses[-1]) == (1, 10)
    assert row_of(database).attempts == 0


def test_line_06_attempts_that_were_made_count_on_after_the_bot_was_away(database: Database, clock: Clock) -> None:
    hears(database, "你好")
    for _ in range(ATTEMPTS - 1):
        for reached in (True, False):
            assert settles(database, leases(database), reached) == "again"
            clock.now = row_of(database).next_attempt_at
    assert settles(database, leases(database)) == "give_up"


async def test_line_06_a_desk_that_starts_with_its_bot_lets_it_come_up_before_anything_is_tried(
    sqlite_database: Database, firm: Firm, clock: Clock
) -> None:
    """A message tried before the last stop has no time left: it must not be given up because the bot starts later."""
    hears(sqlite_database, "你好")
    leases(sqlite_database)
    clock.advance(hours=1)
    looks = []

    class Starting(Bot):
        async def is_ready(self) -> bool:
            looks.append(len(self.asked))
            return len(looks) > 2

        async def handle(self, message: RasaMessage) -> None:
            if len(looks) <= 2:
                never_reached(message)
            await super().handle(message)

    bot = Starting(lambda message: greets(sqlite_database, firm, message))
    await serving(sqlite_database, firm, bot, lambda: row_of(sqlite_database).state == "done")
    assert (looks, len(bot.asked)) == ([0, 0, 0], 1)
    assert row_of(sqlite_database).disposition == "bot"


async def test_line_06_a_bot_that_does_not_come_up_is_not_waited_for_without_end(
    sqlite_database: Database, firm: Firm, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desk.workers.inbox._LOOKS_FOR_BOT", 1)
    hears(sqlite_database, "你好")

    class Gone(Bot):
        async def is_ready(self) -> bool:
            return False

    def handed_over() -> bool:
        clock.advance(seconds=5)
        return conversation(sqlite_database).control == Control.QUEUED

    await serving(sqlite_database, firm, Gone(never_reached), handed_over)
    assert conversation(sqlite_database).control == Control.QUEUED


# --- 7. A person takes the conversation ------------------------------------------------------------------------------


async def test_line_07_the_bot_is_not_asked_about_what_is_a_persons(sqlite_database: Database, firm: Firm) -> None:
    hears(sqlite_database, "还没到")
    with sqlite_database.begin() as work:
        work.session.scalars(select(Conversation)).one().control = Control.STAFF
        work.commit()
    bot = Bot()
    await serving(sqlite_database, firm, bot, lambda: row_of(sqlite_database).state == "done")
    assert (bot.asked, row_of(sqlite_database).disposition) == ([], "console")


# --- The way to Rasa; 11. What a customer types is text --------------------------------------------------------------


class Listener:
    """An HTTP server in the place of Rasa.

    Args:
        answer: called with each request; the status it gives is answered, None breaks the line.
    """

    def __init__(self, answer: Callable[[], int | None] = lambda: 200) -> None:
        self._answer = answer
        self.heard: list[dict[str, Any]] = []

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_post("/{path:.*}", self._hear)
        async with TestServer(app) as server:
            yield str(server.make_url("")).rstrip("/")

    async def _hear(self, request: web.Request) -> web.Response:
        self.heard.append(await request.json())
        status = self._answer()
        if status is None:
            assert request.transport is not None
            request.transport.abort()
        return web.json_response({"understanding": {}}, status=status or 200)


COMMAND = RasaMessage("m1-1", " /restart", "m1", 1, None, None)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_line_11_no_command_of_rasas_goes_over_the_wire(session: aiohttp.ClientSession) -> None:
    listener = Listener()
    async with listener.listening() as url:
        rasa = Rasa(session, (url,), "token")
        await rasa.handle(COMMAND)
        await rasa.parse("/restart")
    assert listener.heard[0]["message"] == f"{WORD_JOINER} /restart"
    assert listener.heard[1]["text"] == f"{WORD_JOINER}/restart"


async def test_line_06_only_a_bot_that_heard_nothing_was_not_reached(session: aiohttp.ClientSession) -> None:
    with pytest.raises(RasaNotReached):
        await Rasa(session, (f"http://127.0.0.1:{free_port()}",), "token").handle(COMMAND)
    for answer in (lambda: 500, lambda: None):
        async with Listener(answer).listening() as url:
            with pytest.raises(RasaUnavailable) as raised:
                await Rasa(session, (url,), "token").handle(COMMAND)
        assert not isinstance(raised.value, RasaNotReached)


async def test_line_03_where_one_rasa_is_away_another_takes_the_turn(session: aiohttp.ClientSession) -> None:
    listener = Listener()
    async with listener.listening() as url:
        rasa = Rasa(session, (f"http://127.0.0.1:{free_port()}", url), "token")
        for _ in range(4):
            await rasa.handle(COMMAND)
    assert len(listener.heard) == 4


@pytest.mark.parametrize("answer", [500, None], ids=["refuses", "dies"])
async def test_line_03_a_rasa_that_heard_the_message_may_act_on_it_yet_and_no_other_is_asked(
    session: aiohttp.ClientSession, answer: int | None
) -> None:
    other, failing = Listener(), Listener(lambda: answer)
    async with other.listening() as url, failing.listening() as first:
        with pytest.raises(RasaUnavailable):
            await Rasa(session, (first, url), "token").handle(COMMAND)
    assert (len(failing.heard), len(other.heard)) == (1, 0)
