"""Files in the web chat: taken in safely, told to the page, given only to whoever has the session."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from aiohttp import ClientResponse, FormData

from desk.attachments import FILES, UPLOADS
from desk.channels.web.uploads import FILE_LIMIT
from store.tables import Attachment, InboxRow, Message
from tests.actions.pictures import PDF, photo
from tests.desk.channels.web.conftest import Visitor

Error = Callable[[ClientResponse], Awaitable[tuple[int, str]]]


async def send(visitor: Visitor, data: bytes, name: str = "a.jpg", key: str = "one") -> ClientResponse:
    form = FormData(quote_fields=False)  # as browsers name files
    form.add_field("id", key)
    form.add_field("file", data, filename=name, content_type="application/octet-stream")
    return await visitor.client.post("/chat/attachments", data=form, headers=visitor.headers)


async def test_a_photograph_becomes_a_message_that_the_page_is_told_of(
    alice: Visitor, count: Callable[..., int]
) -> None:
    await alice.begin(language="zh")
    response = await send(alice, photo(), "裂开的杯子.jpg")
    assert response.status == 202
    body = await response.json()
    async with alice.listening() as stream:
        first, answer = await stream.until_caught_up()
    assert (first["number"], first["id"], first["text"]) == (body["number"], "one", "裂开的杯子.jpg")
    file = first["file"]
    assert (file["id"], file["name"], file["shown"]) == (body["file"], "裂开的杯子.jpg", True)
    assert answer["author"] == "bot" and "怎么回事" in answer["text"] and "file" not in answer
    assert (count(Attachment), count(Message)) == (1, 2)


async def test_the_same_upload_again_is_the_same_message(alice: Visitor, count: Callable[..., int]) -> None:
    await alice.begin()
    first, second = [await (await send(alice, photo())).json() for _ in range(2)]
    assert first == second and count(InboxRow) == 1
    assert (await send(alice, photo(), "other.jpg")).status == 409


async def test_a_file_goes_to_its_own_visitor_alone_and_is_never_run(alice: Visitor, carol: Visitor) -> None:
    await alice.begin()
    await carol.begin()
    named = (await (await send(alice, PDF, "发票.pdf")).json())["file"]
    path = f"/chat/attachments/{named}"
    response = await alice.client.get(path, headers=alice.headers)
    assert (response.status, await response.read()) == (200, PDF)
    headers = response.headers
    assert headers["Content-Type"] == "application/pdf"
    assert headers["Content-Disposition"].startswith("attachment;")
    assert "filename*=UTF-8''%E5%8F%91%E7%A5%A8.pdf" in headers["Content-Disposition"]
    assert headers["X-Content-Type-Options"] == "nosniff" and "sandbox" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert (await alice.client.get(path, headers=carol.headers)).status == 404
    assert (await alice.client.get(path)).status == 401
    assert (await alice.client.get("/chat/attachments/nothing", headers=alice.headers)).status == 404


async def test_pictures_come_in_two_sizes(alice: Visitor) -> None:
    await alice.begin()
    named = (await (await send(alice, photo())).json())["file"]
    whole = await alice.client.get(f"/chat/attachments/{named}", headers=alice.headers)
    small = await alice.client.get(f"/chat/attachments/{named}?size=small", headers=alice.headers)
    assert (whole.content_type, small.content_type) == ("image/jpeg", "image/webp")
    assert whole.headers["Content-Disposition"].startswith("inline;")


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 422, "file_empty"),
        (b"MZ\x90\x00", 415, "file_type"),
        (photo()[:1000], 422, "file_damaged"),
        (b"a" * (10 * 1024 * 1024 + 1), 413, "file_too_large"),
    ],
)
async def test_what_is_not_safe_is_refused_and_leaves_nothing(
    alice: Visitor, error: Error, count: Callable[..., int], data: bytes, status: int, code: str
) -> None:
    await alice.begin()
    assert await error(await send(alice, data, "holiday.jpg")) == (status, code)
    assert (count(Attachment), count(Message)) == (0, 0)


async def test_without_a_session_or_as_no_form_nothing_is_taken(alice: Visitor, error: Error) -> None:
    await alice.begin()
    good = alice.session
    alice.session = {"session": "made up"}
    assert (await error(await send(alice, photo())))[0] == 401
    alice.session = good
    post = alice.client.post
    assert (await error(await post("/chat/attachments", data=b"x", headers=alice.headers)))[0] == 400
    form = FormData()
    form.add_field("file", photo(), filename="a.jpg")
    assert (await error(await post("/chat/attachments", data=form, headers=alice.headers)))[0] == 400
    assert (await error(await send(alice, photo(), key="x" * 65)))[0] == 400
    broken = {**alice.headers, "Content-Type": "multipart/form-data; boundary=abc"}
    assert (await error(await post("/chat/attachments", data=b"--abc\r\n", headers=broken)))[0] == 400


async def test_too_many_at_once_are_told_to_wait(alice: Visitor, error: Error) -> None:
    await alice.begin()
    app: Any = alice.client.app
    app[FILE_LIMIT]._count = 1.0
    assert (await send(alice, photo())).status == 202
    response = await send(alice, photo(), key="two")
    assert response.status == 429 and int(response.headers["Retry-After"]) > 0
    app[FILE_LIMIT]._count, app[FILE_LIMIT]._buckets = 100.0, {}
    app[UPLOADS]._free = 0
    assert await error(await send(alice, photo(), key="three")) == (503, "busy")
    app[UPLOADS]._free = 1
    assert (await send(alice, photo(), key="four")).status == 202


async def test_nothing_of_an_upload_stays_aside(alice: Visitor) -> None:
    await alice.begin()
    await send(alice, photo())
    await send(alice, photo())
    await send(alice, b"MZ\x90\x00")
    app: Any = alice.client.app
    assert list((app[FILES]._folder / "drafts").iterdir()) == []
