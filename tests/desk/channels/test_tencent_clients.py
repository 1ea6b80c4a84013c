"""The clients: what they send, byte for byte, and what they make of answers, broken lines and large files."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web

from actions.file_content import SIZE_LIMIT
from desk.channels.clients import Clients
from desk.channels.tencent import calling
from desk.channels.tencent.calling import Refused, TooLarge
from desk.channels.tencent.error_codes import Disposition
from store.database import Database
from tests.desk.channels.tencent_server import TencentServer, clients_of, make_accounts, tencent

SEND, KF_SEND, SYNC = "/cgi-bin/message/custom/send", "/cgi-bin/kf/send_msg", "/cgi-bin/kf/sync_msg"


@pytest.fixture
async def there() -> AsyncIterator[TencentServer]:
    async with tencent() as server:
        yield server


@pytest.fixture
async def clients(tmp_path: Path, sqlite_database: Database, there: TencentServer) -> AsyncIterator[Clients]:
    async with clients_of(make_accounts(tmp_path / "firm", there.address), sqlite_database) as found:
        yield found


async def test_words_and_choices_of_an_official_account(clients: Clients, there: TencentServer) -> None:
    raw: list[bytes] = []

    async def keep(request: web.Request) -> web.StreamResponse:
        raw.append(await request.read())
        return web.json_response({"errcode": 0})

    there.answer(SEND, keep, keep)
    main = clients.wechat["main"]
    await main.send_text("o1", '退款 ]]> "ok"')
    await main.send_menu("o1", "请选择", [("m7-1", "全额退款"), ("m7-2", "换货")], "也可以直接说")
    # Not escaped: Tencent counts what it gets, and shows it so.
    assert raw[0] == '{"touser":"o1","msgtype":"text","text":{"content":"退款 ]]> \\"ok\\""}}'.encode()
    assert json.loads(raw[1])["msgmenu"] == {
        "head_content": "请选择",
        "list": [{"id": "m7-1", "content": "全额退款"}, {"id": "m7-2", "content": "换货"}],
        "tail_content": "也可以直接说",
    }


async def test_templates_and_subscriptions(clients: Clients, there: TencentServer) -> None:
    there.answer("/cgi-bin/message/template/send", {"errcode": 0, "msgid": 200228332})
    data = {"thing1": {"value": "有新回复"}}
    main = clients.wechat["main"]
    assert await main.send_template("o1", "T1", data, "https://shop.example/") == "200228332"
    await main.send_subscription("o1", "S1", data, "pages/index")
    [template] = there.to("/cgi-bin/message/template/send")
    assert template.body == {"touser": "o1", "template_id": "T1", "data": data, "url": "https://shop.example/"}
    [subscription] = there.to("/cgi-bin/message/subscribe/bizsend")
    assert subscription.body == {"touser": "o1", "template_id": "S1", "data": data, "page": "pages/index"}


async def test_words_and_choices_of_wecom(clients: Clients, there: TencentServer) -> None:
    there.answer(KF_SEND, {"errcode": 0, "msgid": "ours"}, {"errcode": 0, "msgid": "theirs"})
    service = clients.wecom["service"]
    assert await service.send_text("wm1", "kf1", "您好", "ours") == "ours"
    assert await service.send_menu("wm1", "kf1", "请选择", [("m7-1", "退款")], "") == "theirs"
    words, menu = there.to(KF_SEND)
    assert words.body == {
        "touser": "wm1", "open_kfid": "kf1", "msgtype": "text", "text": {"content": "您好"}, "msgid": "ours",
    }  # fmt: skip
    assert menu.body["msgmenu"] == {
        "head_content": "请选择",
        "list": [{"type": "click", "click": {"id": "m7-1", "content": "退款"}}],
    }
    assert there.to("/cgi-bin/gettoken")[0].query == {"corpid": "ww0123456789abcdef", "corpsecret": "service-secret"}


async def test_reading_goes_on_where_a_page_is_empty(clients: Clients, there: TencentServer) -> None:
    there.answer(
        SYNC,
        {"errcode": 0, "next_cursor": "c1", "has_more": 1, "msg_list": []},
        {"errcode": 0, "next_cursor": "", "has_more": 0, "msg_list": [{"msgid": "m1"}, "nonsense"]},
        {"errcode": 0, "next_cursor": 7},
    )
    service = clients.wecom["service"]
    first = await service.sync("kf1", None, "CALLBACK", 5000)
    assert first.messages == () and first.next_cursor == "c1" and first.has_more
    second = await service.sync("kf1", "c1", None, 0)
    assert second.messages == ({"msgid": "m1"},) and not second.has_more
    # Nobody begins at the oldest message again because of an empty cursor.
    assert second.next_cursor == "c1"
    with pytest.raises(Refused):
        await service.sync("kf1", "c1", None, 10)
    asked = [call.body for call in there.to(SYNC)]
    assert asked[0] == {"open_kfid": "kf1", "limit": 1000, "voice_format": 0, "token": "CALLBACK"}
    assert asked[1] == {"open_kfid": "kf1", "limit": 1, "voice_format": 0, "cursor": "c1"}


async def test_who_serves_the_customer(clients: Clients, there: TencentServer) -> None:
    there.answer("/cgi-bin/kf/service_state/get", {"errcode": 0, "service_state": 3, "servicer_userid": "zhang"},
                 {"errcode": 0, "service_state": 1, "servicer_userid": ""})  # fmt: skip
    there.answer("/cgi-bin/kf/service_state/trans", {"errcode": 0, "msg_code": "CODE"}, {"errcode": 0},
                 {"errcode": 95016})  # fmt: skip
    service = clients.wecom["service"]
    assert await service.service_state("kf1", "wm1") == (3, "zhang")
    assert await service.service_state("kf1", "wm1") == (1, None)
    assert await service.change_service_state("kf1", "wm1", 3, "zhang") == "CODE"
    assert await service.change_service_state("kf1", "wm1", 2) is None
    with pytest.raises(Refused) as caught:
        await service.change_service_state("kf1", "wm1", 1)
    assert caught.value.code == 95016 and caught.value.not_taken
    asked = [call.body for call in there.to("/cgi-bin/kf/service_state/trans")]
    assert asked[0]["servicer_userid"] == "zhang" and "servicer_userid" not in asked[1]


async def test_a_welcome_and_the_way_into_the_chat(clients: Clients, there: TencentServer) -> None:
    there.answer("/cgi-bin/kf/send_msg_on_event", {"errcode": 0, "msgid": "w1"})
    way = "https://work.weixin.qq.com/kfid/kfc1?enc_scene=1"
    there.answer("/cgi-bin/kf/add_contact_way", {"errcode": 0, "url": way}, {"errcode": 0, "url": "javascript:1"})
    service = clients.wecom["service"]
    assert await service.send_on_event("CODE", "您好", "w1") == "w1"
    assert await service.add_contact_way("kf1", "amends") == way
    with pytest.raises(Refused):
        await service.add_contact_way("kf1", "amends")


async def test_who_opened_a_page(clients: Clients, there: TencentServer) -> None:
    there.answer("/sns/oauth2/access_token", {"access_token": "x", "openid": "o7"}, {"errcode": 40029})
    main = clients.wechat["main"]
    assert await main.openid_of("CODE") == "o7"
    with pytest.raises(Refused) as caught:
        await main.openid_of("USED")
    assert "main-app-secret" not in str(caught.value) and caught.value.code == 40029
    assert there.to("/sns/oauth2/access_token")[0].query["appid"] == "wx0123456789abcdef"


async def test_a_code_to_scan(clients: Clients, there: TencentServer) -> None:
    there.answer("/cgi-bin/qrcode/create", {"ticket": "t", "expire_seconds": 60, "url": "http://weixin.qq.com/q/abc"})
    made = await clients.wechat["main"].make_qr_code("bind1", timedelta(days=90))
    assert made.content == "http://weixin.qq.com/q/abc" and made.valid_for == timedelta(days=30)
    assert there.to("/cgi-bin/qrcode/create")[0].body == {
        "expire_seconds": 2_592_000,
        "action_name": "QR_STR_SCENE",
        "action_info": {"scene": {"scene_str": "bind1"}},
    }


def a_file(content: bytes, media_type: str, disposition: str | None = None) -> object:
    async def give(_: web.Request) -> web.StreamResponse:
        headers = {"Content-Type": media_type}
        if disposition is not None:
            headers["Content-Disposition"] = disposition
        return web.Response(body=content, headers=headers)

    return give


async def test_a_file_is_fetched_with_its_name(clients: Clients, there: TencentServer) -> None:
    there.answer(
        "/cgi-bin/media/get",
        a_file(b"\xff\xd8jpeg", "image/jpeg", 'attachment; filename="破损.jpg"'),  # type: ignore[arg-type]
        a_file(b"{not json", "text/plain; charset=utf-8", "attachment; filename*=UTF-8''note.txt"),  # type: ignore[arg-type]
        a_file(b"#!AMR", "audio/amr"),  # type: ignore[arg-type]
    )
    main = clients.wechat["main"]
    picture = await main.fetch_media("M1")
    assert (picture.data, picture.name, picture.media_type) == (b"\xff\xd8jpeg", "破损.jpg", "image/jpeg")
    assert (await clients.wecom["service"].fetch_media("M2")).name == "note.txt"
    assert (await main.fetch_media("M3")).name == ""
    assert there.to("/cgi-bin/media/get")[0].query == {"media_id": "M1"}


async def test_errors_instead_of_a_file_are_read(clients: Clients, there: TencentServer) -> None:
    there.answer(
        "/cgi-bin/media/get",
        {"errcode": 42001},
        a_file(b'{"errcode":40007,"errmsg":"invalid media_id"}', "text/plain"),  # type: ignore[arg-type]
        {"video_url": "http://elsewhere.example/v.mp4"},
        {"video_url": "http://qq.com.elsewhere.example/v.mp4"},
        {"video_url": "file:///etc/passwd"},
        a_file(b"", "image/jpeg"),  # type: ignore[arg-type]
    )
    main = clients.wechat["main"]
    with pytest.raises(Refused) as caught:
        await main.fetch_media("M1")
    assert caught.value.code == 40007 and there.made == 2
    for _ in range(4):
        with pytest.raises(Refused) as caught:
            await main.fetch_media("M2")
        assert caught.value.disposition is Disposition.OTHER


async def test_a_video_is_fetched_from_the_address_that_tencent_gives(clients: Clients, there: TencentServer) -> None:
    there.answer(
        "/cgi-bin/media/get",
        {"video_url": f"{there.address}/video?key=1"},
        a_file(f'{{"video_url":"{there.address}/video"}}'.encode(), "text/plain"),  # type: ignore[arg-type]
    )
    there.answer("/video", a_file(b"....ftyp", "video/mp4"), a_file(b"", "video/mp4"))  # type: ignore[arg-type]
    main = clients.wechat["main"]
    assert (await main.fetch_media("M1")).data == b"....ftyp"
    with pytest.raises(Refused):
        await main.fetch_media("M1")
    # The token stays with the server that it is for.
    assert [call.token for call in there.to("/video")] == [None, None]


@pytest.mark.parametrize(
    ("address", "may"),
    [
        ("https://api.weixin.qq.com/cgi-bin/x", True),
        ("http://mmbiz.qpic.cn/mmbiz/video", True),
        ("https://qq.com.evil.example/", False),
        ("https://evilqq.com/", False),
        ("http://user@wx.qq.com/", False),
        ("http://wx.qq.com:8080/", False),
        ("ftp://wx.qq.com/", False),
        ("http://127.0.0.1/", False),
        ("http://[::1", False),
        ("", False),
    ],
)
def test_only_tencents_own_addresses_are_called(address: str, may: bool) -> None:
    assert calling.Wire(None, "https://api.weixin.qq.com").may_fetch(address) is may  # type: ignore[arg-type]


async def test_a_large_file_is_not_read_to_its_end(clients: Clients, there: TencentServer) -> None:
    sent = 0

    async def pour(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse(headers={"Content-Type": "video/mp4"})
        await response.prepare(request)
        for _ in range(4 * SIZE_LIMIT // 65536):
            await response.write(b"v" * 65536)
            sent += 65536
        return response

    there.answer("/cgi-bin/media/get", pour)
    with pytest.raises(TooLarge):
        await clients.wechat["main"].fetch_media("M1")
    assert sent < 4 * SIZE_LIMIT


async def broken(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def not_json(_: web.Request) -> web.StreamResponse:
    return web.Response(text="<html>proxy</html>")


async def gateway(_: web.Request) -> web.StreamResponse:
    return web.Response(status=502, text="bad gateway")


async def forbidden(_: web.Request) -> web.StreamResponse:
    return web.Response(status=403, text="proxy")


async def redirect(_: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("https://elsewhere.example/")


@pytest.mark.parametrize(
    ("answer", "surely_not"),
    [(broken, False), (not_json, False), (gateway, False), (forbidden, True), (redirect, False),
     ({"errcode": -1}, False), ({"errcode": "x"}, False)],
)  # fmt: skip
async def test_what_is_no_answer_passes_and_says_whether_it_may_have_been_taken(
    clients: Clients, there: TencentServer, answer: object, surely_not: bool
) -> None:
    there.answer(SEND, answer)  # type: ignore[arg-type]
    with pytest.raises(Refused) as caught:
        await clients.wechat["main"].send_text("o1", "x")
    assert caught.value.disposition is Disposition.PASSES and caught.value.not_taken is surely_not


async def test_an_answer_that_does_not_come_in_time_may_have_been_taken(
    clients: Clients, there: TencentServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = asyncio.Event()

    async def slow(_: web.Request) -> web.StreamResponse:
        await release.wait()
        return web.json_response({"errcode": 0})

    await clients.wechat["main"].send_text("o1", "x")
    monkeypatch.setattr(calling.Wire.send, "__kwdefaults__", {**calling.Wire.send.__kwdefaults__, "seconds": 0.05})
    there.answer(SEND, slow)
    with pytest.raises(Refused) as caught:
        await clients.wechat["main"].send_text("o1", "x")
    assert caught.value.disposition is Disposition.PASSES and not caught.value.not_taken
    release.set()


async def test_a_server_that_is_not_there_has_surely_not_taken_it(
    tmp_path: Path, sqlite_database: Database, there: TencentServer
) -> None:
    async with clients_of(make_accounts(tmp_path / "gone", "http://127.0.0.1:9"), sqlite_database) as clients:
        with pytest.raises(Refused) as caught:
            await clients.wechat["main"].send_text("o1", "x")
    assert caught.value.not_taken and caught.value.code is None


@pytest.mark.parametrize(
    ("code", "wanted"),
    [(45015, Disposition.WINDOW_CLOSED), (45047, Disposition.QUOTA_SPENT), (40003, Disposition.UNREACHABLE),
     (45002, Disposition.TOO_LONG), (50002, Disposition.RESTRICTED), (99999, Disposition.OTHER)],
)  # fmt: skip
async def test_a_refusal_is_made_known_after_one_call(
    clients: Clients, there: TencentServer, code: int, wanted: Disposition
) -> None:
    there.answer(SEND, {"errcode": code})
    with pytest.raises(Refused) as caught:
        await clients.wechat["main"].send_text("o1", "x")
    assert (caught.value.code, caught.value.disposition) == (code, wanted)
    assert caught.value.not_taken and len(there.to(SEND)) == 1


async def test_halves_of_characters_do_not_break_a_call(clients: Clients, there: TencentServer) -> None:
    await clients.wechat["main"].send_text("o1", "a\ud800b")
    assert there.to(SEND)[0].body["text"]["content"] == "a?b"
