"""The simulator of WeChat's servers against our codec and clients: each was written from Tencent's documents alone."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from desk.channels.accounts import Accounts, read_accounts
from desk.channels.clients import Clients, make_clients
from desk.channels.incoming import Kind
from desk.channels.tencent.calls import Refused
from desk.channels.tencent.error_codes import Disposition
from desk.channels.wechat.codec import Codec as WeChatCodec
from desk.channels.wechat.messages import read_message
from desk.channels.wecom.codec import Codec as WeComCodec
from store.database import Database
from store.settings import load_settings
from tests.conftest import ROOT, Clock
from tests.wechat_simulator.accounts import Mischief
from tests.wechat_simulator.official import Mode, OfficialAccount
from tests.wechat_simulator.server import Simulator
from tests.wechat_simulator.service_states import ASSISTANT, ENDED, NEW, WAITING
from tests.wechat_simulator.setting_up import TEMPLATE, WECHAT, WECOM, settings_for, simulator
from tests.wechat_simulator.wecom import CustomerService

SEND = "/cgi-bin/message/custom/send"
LIN = "openid-lin"


@dataclass
class Scene:
    """The simulator, our clients, and whatever its callbacks bring, as our codecs read it."""

    simulator: Simulator
    accounts: Accounts
    clients: Clients
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)

    @property
    def official(self) -> OfficialAccount:
        return self.simulator.official[WECHAT]

    @property
    def wecom(self) -> CustomerService:
        return self.simulator.wecom[WECOM]


@pytest.fixture
async def scene(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[Scene]:
    found = simulator()
    await found.start()
    accounts = read_accounts(
        load_settings({"AMENDS_VAR": str(tmp_path), **settings_for(found, tmp_path, ROOT / "data" / "firm")})
    )
    async with aiohttp.ClientSession() as session:
        scene = Scene(found, accounts, make_clients(accounts, session, sqlite_database, "k" * 32))

        async def hear(request: web.Request) -> web.Response:
            scene.heard.append((dict(request.query), await request.read()))
            return web.Response(text=scene.answers.pop(0) if scene.answers else "success")

        app = web.Application()
        app.router.add_post("/{tail:.*}", hear)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        found.called_by(f"http://127.0.0.1:{runner.addresses[0][1]}")
        yield scene
        await found.stop()
        await runner.cleanup()


@pytest.mark.parametrize("json_bodies", [False, True])
@pytest.mark.parametrize("mode", list(Mode))
async def test_what_it_pushes_our_codec_opens_in_each_mode(
    tmp_path: Path, clock: Clock, mode: Mode, json_bodies: bool
) -> None:
    found = simulator()
    found.official[WECHAT].mode, found.official[WECHAT].json_bodies = mode, json_bodies
    found.wechat_api = found.wecom_api = "http://127.0.0.1:1"
    settings = settings_for(found, tmp_path, ROOT / "data" / "firm")
    codec = WeChatCodec(read_accounts(load_settings(settings)).wechat[WECHAT].credentials)
    told = {"FromUserName": LIN, "CreateTime": 1, "MsgType": "text", "Content": "]]>坏了<b>", "MsgId": 7}
    query, body = found.official[WECHAT].envelope(LIN, told)
    incoming = read_message(codec.open(query, body).fields, clock())
    assert (incoming.external_id, incoming.kind, incoming.words) == (LIN, Kind.TEXT, "]]>坏了<b>")
    assert codec.echo({**found.official[WECHAT].seal.query("1", None, plain=True), "echostr": "42"}) == "42"


async def test_wecom_s_callback_and_check_are_opened(scene: Scene) -> None:
    codec = WeComCodec(scene.accounts.wecom[WECOM].credentials)
    await scene.wecom.says("wm-lin", "空调不制冷")
    ((query, body),) = scene.heard
    fields = codec.open(query, body)
    assert fields["Event"] == "kf_msg_or_event" and fields["OpenKfId"] == scene.wecom.open_kfids[0]
    encrypted = scene.wecom.seal.encrypt("5935258512014352")
    asked = {**scene.wecom.seal.query("1", encrypted, plain=False), "echostr": encrypted}
    assert codec.echo(asked) == "5935258512014352"


async def test_five_messages_after_a_word_three_after_a_tap_and_none_after_the_window(scene: Scene) -> None:
    client = scene.clients.wechat[WECHAT]
    await scene.official.says(LIN, "快递丢了")
    for number in range(5):
        await client.send_text(LIN, f"{number}")
    assert await refusal(client.send_text(LIN, "6")) == 45047
    await scene.official.taps_menu(LIN, "PROGRESS")
    for number in range(3):
        await client.send_text(LIN, f"{number}")
    assert await refusal(client.send_text(LIN, "4")) == 45047
    await scene.official.says(LIN, "还在吗")
    scene.simulator.clock.advance(hours=48, seconds=1)
    assert await refusal(client.send_text(LIN, "late")) == 45015
    assert [code for _, code in scene.official.books.breaches] == [45047, 45047, 45015]
    assert len(scene.official.phone(LIN).received) == 8


async def test_it_refuses_who_is_unknown_gone_or_unwilling_and_what_is_too_long(scene: Scene) -> None:
    client = scene.clients.wechat[WECHAT]
    assert await refusal(client.send_text("nobody", "您好")) == 40003
    await scene.official.says(LIN, "您好")
    assert await refusal(client.send_text(LIN, "好" * 683)) == 45002
    await scene.official.unfollows(LIN)
    assert await refusal(client.send_text(LIN, "您好")) == 45015
    scene.official.phone(LIN).refuses = True
    assert await refusal(client.send_text(LIN, "您好")) == 48002


async def test_a_token_that_ended_is_replaced_once(scene: Scene) -> None:
    client = scene.clients.wechat[WECHAT]
    await scene.official.says(LIN, "您好")
    await client.send_text(LIN, "1")
    scene.official.forget_tokens()
    await client.send_text(LIN, "2")
    assert scene.official.books.calls["/cgi-bin/stable_token"] == 2
    assert [bubble.text for bubble in scene.official.phone(LIN).received] == ["1", "2"]


async def test_it_can_be_busy_rude_and_silent(scene: Scene) -> None:
    client = scene.clients.wechat[WECHAT]
    await scene.official.says(LIN, "您好")
    planned = [Mischief.BUSY_UNDONE, Mischief.FAILS_UNDONE, Mischief.BABBLES_UNDONE, Mischief.CLOSES_DONE]
    scene.official.planned[SEND].extend(planned)
    for number in range(4):
        with pytest.raises(Refused) as refused:
            await client.send_text(LIN, f"{number}")
        assert refused.value.disposition is Disposition.PASSES
    assert [bubble.text for bubble in scene.official.phone(LIN).received] == ["3"], "it was taken before it hung up"
    scene.official.ordered[SEND].append(45009)
    assert await refusal(client.send_text(LIN, "5")) == 45009


async def test_menus_and_templates_reach_the_phone_and_pictures_come_from_it(scene: Scene) -> None:
    client = scene.clients.wechat[WECHAT]
    await scene.official.says(LIN, "您好")
    await client.send_menu(LIN, "请选择", [("7:1", "退款"), ("7:2", "代金券")], "或直接回复")
    await scene.official.sends_image(LIN, b"\xff\xd8picture")
    msgid = await client.send_template(LIN, TEMPLATE, {"thing1": {"value": "有回复"}})
    menu, template = scene.official.phone(LIN).received
    assert (menu.items, template.text) == ((("7:1", "退款"), ("7:2", "代金券")), "有回复")
    (media_id,) = scene.official.media
    assert (await client.fetch_media(media_id)).data == b"\xff\xd8picture"
    await scene.official.taps(LIN, "代金券")
    codec = WeChatCodec(scene.accounts.wechat[WECHAT].credentials)
    read = [read_message(codec.open(*heard).fields, scene.simulator.clock()) for heard in scene.heard]
    assert {incoming.choice for incoming in read} == {None, "7:2"}
    (told,) = [incoming for incoming in read if incoming.kind is Kind.SENT_OR_NOT]
    assert msgid in {*told.details, *told.details.values()}


async def test_a_callback_is_tried_three_times_in_all(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.wechat_simulator.callbacks.LIMIT_SECONDS", 0.01)
    scene.answers = ["no", "success"]
    await scene.official.says(LIN, "您好")
    assert len(scene.heard) == 2 and not scene.official.callbacks.lost
    scene.answers = ["no"] * 3
    await scene.official.says(LIN, "还在吗")
    assert len(scene.official.callbacks.lost) == 1


async def test_wecom_is_read_by_pages_and_says_later_what_failed(scene: Scene) -> None:
    client, (open_kfid,) = scene.clients.wecom[WECOM], scene.wecom.open_kfids
    scene.wecom.page, scene.wecom.hollow = 2, 1
    for number in range(3):
        await scene.wecom.says("wm-lin", f"{number}")
    pages = [await client.sync(open_kfid, None, None)]
    while pages[-1].has_more:
        pages.append(await client.sync(open_kfid, pages[-1].next_cursor, None))
    assert [len(page.messages) for page in pages] == [0, 2, 1]
    scene.wecom.late_failures = [6]
    msgid = await client.send_text("wm-lin", open_kfid, "您好", "a1")
    assert not scene.wecom.phone("wm-lin").received
    (failure,) = (await client.sync(open_kfid, pages[-1].next_cursor, None)).messages
    assert failure["event"]["fail_msgid"] == msgid == "a1" and failure["event"]["fail_type"] == 6


async def test_wecom_lets_the_api_speak_five_times_and_only_in_its_states(scene: Scene) -> None:
    client, (open_kfid,) = scene.clients.wecom[WECOM], scene.wecom.open_kfids
    await scene.wecom.says("wm-lin", "您好")
    assert await client.service_state(open_kfid, "wm-lin") == (NEW, None)
    await client.change_service_state(open_kfid, "wm-lin", ASSISTANT)
    for number in range(5):
        await client.send_text("wm-lin", open_kfid, f"{number}", f"b{number}")
    assert await refusal(client.send_text("wm-lin", open_kfid, "6", "b6")) == 95001
    code = await client.change_service_state(open_kfid, "wm-lin", WAITING)
    assert code and await client.send_on_event(code, "正在转接", "e1")
    assert await refusal(client.change_service_state(open_kfid, "wm-lin", ASSISTANT)) == 95016
    assert await refusal(client.send_text("wm-lin", open_kfid, "7", "b7")) == 95018
    await scene.wecom.servicer_takes("zhangsan", "wm-lin")
    await scene.wecom.servicer_says("wm-lin", "我是张三")
    await scene.wecom.servicer_ends("wm-lin")
    assert scene.wecom.session("wm-lin").state == ENDED
    await scene.wecom.says("wm-lin", "还有一件事")
    assert scene.wecom.session("wm-lin").state == NEW


async def test_who_enters_is_welcomed_once_within_twenty_seconds(scene: Scene) -> None:
    client, (open_kfid,) = scene.clients.wecom[WECOM], scene.wecom.open_kfids
    await scene.wecom.enters("wm-lin", scene_param="bind-1")
    (row,) = (await client.sync(open_kfid, None, None)).messages
    code = row["event"]["welcome_code"]
    assert row["event"]["scene_param"] == "bind-1"
    await client.send_on_event(code, "您好", "w1")
    assert await refusal(client.send_on_event(code, "您好", "w2")) == 95007
    assert len(scene.wecom.phone("wm-lin").received) == 1
    await scene.wecom.enters("wm-wang")
    row = (await client.sync(open_kfid, None, None)).messages[-1]
    scene.simulator.clock.advance(seconds=21)
    assert await refusal(client.send_on_event(row["event"]["welcome_code"], "您好", "w3")) == 95007


async def test_web_authorisation_leads_back_with_a_code_that_works_once(scene: Scene) -> None:
    codes: list[str] = []

    async def back(request: web.Request) -> web.Response:
        codes.append(request.query["code"])
        assert request.query["state"] == "s"
        return web.Response(text="bound")

    async def start(request: web.Request) -> web.Response:
        query = {
            "appid": scene.official.app_id,
            "redirect_uri": str(request.url.with_path("/back")),
            "response_type": "code",
            "scope": "snsapi_base",
            "state": "s",
        }
        base = scene.simulator.wechat_api + "/connect/oauth2/authorize"
        raise web.HTTPFound(f"{base}?{'&'.join(f'{name}={value}' for name, value in query.items())}#wechat_redirect")

    app = web.Application()
    app.add_routes([web.get("/link", start), web.get("/back", back)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        link = f"http://127.0.0.1:{runner.addresses[0][1]}/link"
        assert await asyncio.wait_for(scene.official.opens_link(LIN, link), 10) == (200, "bound")
    finally:
        await runner.cleanup()
    client = scene.clients.wechat[WECHAT]
    assert await client.openid_of(codes[0]) == LIN
    assert await refusal(client.openid_of(codes[0])) == 40029


async def test_a_code_to_scan_bears_its_scene(scene: Scene) -> None:
    code = await scene.clients.wechat[WECHAT].make_qr_code("bind-7", timedelta(days=1))
    assert scene.official.scene_of(code.content.rpartition("/")[2]) == "bind-7"


async def refusal(call: object) -> int | None:
    """The code with which a call was refused."""
    with pytest.raises(Refused) as refused:
        await call  # type: ignore[misc]
    return refused.value.code
