"""What a customer of WeChat sent, as the desk shows it: on its way, there, or why it never will be."""

import pytest
from sqlalchemy import select

from actions.attachments import keep, prepare
from actions.conversations import lock_conversation
from actions.firm import Firm
from actions.wordless import TAKEN_BACK
from desk.attachments import FILES
from desk.channels.incoming import Kind, Media
from desk.console.keys import WORDS
from desk.workers.media import GONE, LOST
from store.database import Database
from store.tables import IncomingMedia, Message
from tests.desk.channels.following import Follower
from tests.desk.console.conftest import Open

# What a file can be refused for on its way in (actions.file_content).
REFUSED = ("file_empty", "file_too_large", "file_type", "file_damaged", "picture_too_large", "too_many_files")


@pytest.fixture
def alice(sqlite_database: Database, firm: Firm) -> Follower:
    return Follower(sqlite_database, firm)


async def page(open_one: Open, follower: Follower, language: str = "en") -> str:
    browser = await open_one("alice")
    return await browser.read(f"/desk/conversations/{follower.conversation.public_id}?language={language}")


async def test_a_file_on_its_way_and_one_that_never_comes_say_so_at_their_message(
    browser: Open, alice: Follower, sqlite_database: Database
) -> None:
    alice.sends_picture("P")
    shown = await page(browser, alice)
    assert "〔图片〕" in shown and 'data-coming="open"' in shown
    with sqlite_database.begin() as work:
        row = work.session.scalars(select(IncomingMedia)).one()
        row.state, row.error = "failed", "file_type"
        work.commit()
    shown = await page(browser, alice)
    assert 'data-coming="file_type"' in shown


async def test_a_voice_message_shows_its_words_and_is_saved_not_played(
    browser: Open, alice: Follower, sqlite_database: Database, server: object
) -> None:
    alice.sends(Kind.VOICE, words="包裹没到", media=Media("V"))
    signed_in = await browser("alice")
    files = signed_in.client.app[FILES]  # type: ignore[index]
    prepared = prepare(files, b"#!AMR\n" + bytes(40), "voice", recordings=True)
    with sqlite_database.begin() as work:
        conversation = lock_conversation(work, alice.conversation.id)
        message = work.session.scalars(select(Message).where(Message.conversation_id == conversation.id)).one()
        kept = keep(work, files, conversation, prepared, message=message)
        work.session.scalars(select(IncomingMedia)).one().state = "fetched"
        work.commit()
    shown = await signed_in.read(f"/desk/conversations/{alice.conversation.public_id}")
    assert "包裹没到" in shown and "voice.amr" in shown and "data-coming" not in shown
    saved = await signed_in.client.get(f"/desk/attachments/{kept.public_id}")
    assert saved.headers["Content-Type"] == "audio/amr"
    assert saved.headers["Content-Disposition"].startswith("attachment")


async def test_every_reason_has_words(browser: Open) -> None:
    words = (await browser("alice")).client.app[WORDS]  # type: ignore[index]
    assert [why for why in ("open", GONE, LOST, TAKEN_BACK, *REFUSED) if not words.has(f"coming.{why}")] == []
