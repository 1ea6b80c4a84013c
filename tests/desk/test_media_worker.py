"""Files that a channel keeps for a while: fetched, examined, attached; what cannot be had is given up visibly."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from actions.firm import Firm
from desk.channels.incoming import Kind, Media
from desk.channels.tencent.calls import Refused, TooLarge
from desk.channels.tencent.error_codes import Disposition
from desk.channels.tencent.media import FetchedMedia
from desk.hub import Hub
from desk.workers.leases import void_all
from desk.workers.media import Fetcher, MediaWorker
from store.attached_files import AttachedFiles
from store.customer_rights import erase, find_person, lock_person
from store.database import Database
from store.tables import Attachment, IncomingMedia, Message
from tests.actions.pictures import PDF, photo, photo_with_place
from tests.conftest import Clock
from tests.desk.channels.following import Follower

AMR = b"#!AMR\n" + bytes(100)
MP4 = b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom" + bytes(100)


class Kept:
    """What the channel keeps: bytes by media id, or the error that it answers with."""

    def __init__(self) -> None:
        self.files: dict[str, bytes | Exception | list[bytes | Exception]] = {}
        self.asked: list[str] = []

    async def fetch_media(self, media_id: str) -> FetchedMedia:
        self.asked.append(media_id)
        await asyncio.sleep(0)
        found = self.files[media_id]
        answer = found.pop(0) if isinstance(found, list) else found
        if isinstance(answer, Exception):
            raise answer
        return FetchedMedia(answer, "", "application/octet-stream")


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def files(tmp_path: Path) -> AttachedFiles:
    return AttachedFiles(tmp_path / "attachments")


@pytest.fixture
def alice(database: Database, firm: Firm) -> Follower:
    return Follower(database, firm)


Worker = Callable[[], MediaWorker]


@pytest.fixture
def worker(database: Database, firm: Firm, files: AttachedFiles, kept: Kept) -> Worker:
    def fetcher_of(channel: str, account: str) -> Fetcher | None:
        return kept if (channel, account) == ("wechat", "main") else None

    return lambda: MediaWorker(database, firm, Hub(), files, fetcher_of)


def failing(disposition: Disposition) -> Refused:
    return Refused(1, disposition, "/cgi-bin/media/get")


def media(database: Database) -> list[tuple[str, str | None]]:
    with database.reading() as work:
        rows = work.session.scalars(select(IncomingMedia).order_by(IncomingMedia.message_id))
        return [(row.state, row.error) for row in rows]


def attached(database: Database) -> list[tuple[str, str, str]]:
    """Of each file: the text of its message, its name and type."""
    with database.reading() as work:
        rows = work.session.execute(
            select(Message.text, Attachment.name, Attachment.media_type)
            .join(Attachment, Attachment.message_id == Message.id)
            .order_by(Message.number)
        )
        return [(text, name, kind) for text, name, kind in rows]


async def test_what_was_sent_is_examined_and_attached_to_its_message(
    database: Database, alice: Follower, worker: Worker, kept: Kept, files: AttachedFiles
) -> None:
    kept.files = {"P": photo_with_place(), "V": AMR, "F": MP4, "D": PDF}
    alice.sends_picture("P")
    alice.sends(Kind.VOICE, words="包裹没到", media=Media("V"))
    alice.sends(Kind.VIDEO, media=Media("F"))
    alice.sends(Kind.FILE, shown={"title": "发票.pdf"}, media=Media("D", "发票.pdf"))
    assert await worker().fetch_due() == 4
    assert attached(database) == [
        ("〔图片〕", "image.jpg", "image/jpeg"),
        ("包裹没到", "voice.amr", "audio/amr"),
        ("〔视频〕", "video.mp4", "video/mp4"),
        ("〔文件〕发票.pdf", "发票.pdf", "application/pdf"),
    ]
    assert media(database) == [("fetched", None)] * 4
    with database.reading() as work:
        picture = work.session.scalars(select(Attachment).where(Attachment.media_type == "image/jpeg")).one()
    assert b"SecretPhone" not in files.path(picture.public_id).read_bytes()
    assert await worker().fetch_due() == 0


async def test_a_passing_failure_is_tried_again_later_and_later(
    database: Database, alice: Follower, worker: Worker, kept: Kept, clock: Clock
) -> None:
    kept.files = {"P": [failing(Disposition.PASSES), failing(Disposition.CONFIGURATION), photo()]}
    alice.sends_picture("P")
    for tried, seconds in enumerate((0, 2, 4), 1):
        clock.advance(seconds=seconds)
        assert await worker().fetch_due() == 1
        assert len(kept.asked) == tried
        assert await worker().fetch_due() == 0
    assert media(database) == [("fetched", None)]


async def test_what_could_not_be_had_for_three_days_is_given_up_and_asked_for_again(
    database: Database, alice: Follower, worker: Worker, kept: Kept, clock: Clock
) -> None:
    kept.files = {"P": failing(Disposition.PASSES)}
    alice.sends_picture("P")
    clock.advance(days=2, hours=23)
    await worker().fetch_due()
    assert [state for state, _ in media(database)] == ["open"]
    clock.advance(hours=2)
    await worker().fetch_due()
    assert media(database) == [("failed", "lost")]
    assert alice.said("out")[-1] == alice.words("attachment.lost")


@pytest.mark.parametrize(
    ("answer", "why", "told"),
    [
        (b"MZ\x90\x00\x03\x00\x00\x00", "file_type", "attachment.not_taken"),
        (b"\xff\xd8\xff no picture", "file_damaged", "attachment.not_taken"),
        (TooLarge("/cgi-bin/media/get"), "file_too_large", "attachment.too_large"),
        (failing(Disposition.OTHER), "gone", "attachment.lost"),
    ],
)
async def test_what_cannot_be_kept_is_given_up_at_once_and_the_customer_told(
    database: Database, alice: Follower, worker: Worker, kept: Kept, answer: bytes | Exception, why: str, told: str
) -> None:
    kept.files = {"P": answer}
    alice.sends_picture("P")
    await worker().fetch_due()
    assert media(database) == [("failed", why)]
    assert alice.said("out")[-1] == alice.words(told)
    assert attached(database) == []


async def test_of_many_that_cannot_be_kept_one_line_tells(
    database: Database, alice: Follower, worker: Worker, kept: Kept, clock: Clock
) -> None:
    kept.files = {f"P{number}": TooLarge("/cgi-bin/media/get") for number in range(6)}
    for media_id in kept.files:
        alice.sends_picture(media_id)
    for _ in range(2):
        await worker().fetch_due()
    told = alice.words("attachment.too_large")
    assert alice.said("out").count(told) == 1
    clock.advance(minutes=5)
    kept.files["again"] = TooLarge("/cgi-bin/media/get")
    alice.sends_picture("again")
    await worker().fetch_due()
    assert alice.said("out").count(told) == 2


async def test_what_is_fetched_while_its_customer_is_erased_is_not_kept(
    database: Database, alice: Follower, firm: Firm, files: AttachedFiles, kept: Kept, tmp_path: Path
) -> None:
    def erases() -> None:
        with database.begin() as work:
            erase(work, lock_person(work, find_person(work, "wechat:oAlice")), files)
            work.commit()

    class Slow(Kept):
        async def fetch_media(self, media_id: str) -> FetchedMedia:
            erases()
            return await kept.fetch_media(media_id)

    kept.files = {"P": photo()}
    alice.sends_picture("P")
    await MediaWorker(database, firm, Hub(), files, lambda channel, account: Slow()).fetch_due()
    assert kept.asked == ["P"]
    assert media(database) == [] and attached(database) == []
    assert not [one for one in (tmp_path / "attachments").rglob("*") if one.is_file()]


async def test_whoever_has_the_conversation_asks_for_it_themselves(
    database: Database, alice: Follower, worker: Worker, kept: Kept
) -> None:
    kept.files = {"P": failing(Disposition.OTHER)}
    alice.sends(words="您好")
    alice.is_taken_by("bob")
    alice.sends_picture("P")
    before = alice.said("out")
    await worker().fetch_due()
    assert media(database) == [("failed", "gone")]
    assert alice.said("out") == before


async def test_an_account_that_was_taken_out_of_the_file_gives_its_files_up(
    database: Database, firm: Firm, worker: Worker
) -> None:
    Follower(database, firm, account="former").sends_picture("P")
    await worker().fetch_due()
    assert media(database) == [("failed", "gone")]


async def test_two_workers_attach_a_file_once(
    database: Database, alice: Follower, worker: Worker, kept: Kept, files: AttachedFiles, clock: Clock
) -> None:
    kept.files = {"P": photo()}
    alice.sends_picture("P")
    one, other = worker(), worker()
    assert sum(await asyncio.gather(one.fetch_due(), other.fetch_due())) == 1
    assert len(attached(database)) == 1


async def test_whoever_comes_back_after_their_claim_ran_out_attaches_nothing_twice(
    database: Database, alice: Follower, worker: Worker, kept: Kept, files: AttachedFiles, clock: Clock
) -> None:
    alice.sends_picture("P")
    started, go_on = asyncio.Event(), asyncio.Event()

    class Slow(Kept):
        async def fetch_media(self, media_id: str) -> FetchedMedia:
            started.set()
            await go_on.wait()
            return FetchedMedia(photo(), "", "")

    slow = MediaWorker(database, alice.firm, Hub(), files, lambda *_: Slow())
    begun = asyncio.create_task(slow.fetch_due())
    await started.wait()
    clock.advance(minutes=5)
    kept.files = {"P": photo()}
    assert await worker().fetch_due() == 1
    go_on.set()
    await begun
    assert len(attached(database)) == 1
    assert media(database) == [("fetched", None)]


async def test_a_file_of_a_process_that_died_is_fetched_by_the_next(
    database: Database, alice: Follower, worker: Worker, kept: Kept
) -> None:
    kept.files = {"P": photo()}
    alice.sends_picture("P")
    with database.begin() as work:
        row = work.session.scalars(select(IncomingMedia)).one()
        row.claimed_by, row.claimed_until = "dead", work.now.replace(year=work.now.year + 1)
        work.commit()
    assert await worker().fetch_due() == 0
    with database.begin() as work:
        void_all(work)
        work.commit()
    assert await worker().fetch_due() == 1
