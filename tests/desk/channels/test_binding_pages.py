"""The pages of a link that binds: consent first, then WeChat, then back; and the API that makes links."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select
from structlog.testing import capture_logs

from actions.binding import find_link
from actions.conversations import Address, find_conversation, receive
from actions.firm import Firm
from desk import tokens
from desk.api.routes import openapi
from desk.app import Parts, make_app
from store.database import Database
from store.settings import Settings, load_settings
from store.tables import BindingLink
from tests.conftest import ROOT, Clock
from tests.desk.channels.tencent_server import TencentServer, make_accounts, tencent

Client = TestClient  # type: ignore[type-arg]
IN_WECHAT = {"User-Agent": "Mozilla/5.0 (iPhone) MicroMessenger/8.0.50", "Accept-Language": "en"}
ELSEWHERE = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64)", "Accept-Language": "en"}
OPENID_PATH, QR_PATH = "/sns/oauth2/access_token", "/cgi-bin/qrcode/create"


@pytest.fixture
async def there() -> AsyncIterator[TencentServer]:
    async with tencent() as server:
        yield server


@pytest.fixture
async def client(tmp_path: Path, sqlite_database: Database, firm: Firm, there: TencentServer) -> AsyncIterator[Client]:
    settings = load_settings(
        {
            "AMENDS_VAR": str(tmp_path / "var"),
            "AMENDS_FIRM": str(ROOT / "data" / "firm"),
            "AMENDS_PUBLIC_URL": "http://desk.example",
        }
    )
    accounts = make_accounts(tmp_path / "firm", there.address)
    app = make_app(settings, Parts(database=sqlite_database, firm=firm, accounts=accounts, workers=False))
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.fixture
def bearer(sqlite_database: Database, firm: Firm) -> dict[str, str]:
    with sqlite_database.begin() as work:
        receive(work, Address("rest", "wang"), "你好", "k1")
        made = tokens.add_token(work, firm, "shop", ["bindings:write"], None, "ada")
        work.commit()
        return {"Authorization": f"Bearer {made}"}


async def make(client: Client, headers: dict[str, str], **body: Any) -> tuple[int, Any]:
    async with client.post("/api/v1/bindings", json=body, headers=headers) as response:
        return response.status, await response.json()


async def token_for(client: Client, bearer: dict[str, str], account: str = "main") -> str:
    status, made = await make(client, bearer, identity="rest:wang", account=account)
    assert status == 200
    return str(made["link"].removeprefix("http://desk.example/bind/"))


async def read(client: Client, path: str, headers: dict[str, str] = IN_WECHAT, **query: str) -> ClientResponse:
    response = await client.get(path, headers=headers, params=query, allow_redirects=False)
    await response.text()
    return response


async def button(client: Client, token: str, headers: dict[str, str] = IN_WECHAT) -> str:
    """Open the page; where its button leads."""
    page = await read(client, f"/bind/{token}", headers)
    found = re.search(rf'href="(/bind/{token}/go\?agreed=[0-9a-f]{{32}})"', await page.text())
    assert page.status == 200 and found
    return found[1]


async def agrees(client: Client, token: str) -> str:
    """Open the page, press the button; the state that WeChat is given."""
    sent = await read(client, await button(client, token))
    assert sent.status == 303
    return parse_qs(urlsplit(sent.headers["Location"]).query)["state"][0]


async def test_a_customer_agrees_comes_back_and_is_bound(
    client: Client, bearer: dict[str, str], there: TencentServer, sqlite_database: Database
) -> None:
    token = await token_for(client, bearer)
    assert "Agree and link" in await (await read(client, f"/bind/{token}")).text()
    sent = await read(client, await button(client, token))
    address = urlsplit(sent.headers["Location"])
    assert f"{address.scheme}://{address.netloc}" == there.address and address.path == "/connect/oauth2/authorize"
    query = parse_qs(address.query)
    assert list(query) == ["appid", "redirect_uri", "response_type", "scope", "state"]
    assert query["scope"] == ["snsapi_base"] and address.fragment == "wechat_redirect"
    assert query["redirect_uri"] == [f"http://desk.example/bind/{token}/back"]
    there.answer(OPENID_PATH, {"openid": "o-wang"})
    back = await read(client, f"/bind/{token}/back", code="CODE", state=query["state"][0])
    assert back.status == 303 and back.headers["Location"] == "/bind/done"
    assert "is linked" in await (await read(client, "/bind/done")).text()
    with sqlite_database.reading() as work:
        one = find_conversation(work, Address("rest", "wang"))
        two = find_conversation(work, Address("wechat", "o-wang", "main"))
        assert one is not None and two is not None and one.identity.customer_id == two.identity.customer_id
    assert (await read(client, f"/bind/{token}")).status == 404


async def test_opening_alone_binds_nobody_and_skipping_the_page_leads_to_it(
    client: Client, bearer: dict[str, str], there: TencentServer, sqlite_database: Database
) -> None:
    token = await token_for(client, bearer)
    skipped = await read(client, f"/bind/{token}/go")
    assert skipped.status == 303 and skipped.headers["Location"] == f"/bind/{token}"
    # Another page opened this one without the visitor's seeing it, and leads on.
    assert (await read(client, f"/bind/{token}")).status == 200
    for led in ("", "0" * 32, "é"):
        skipped = await read(client, f"/bind/{token}/go", agreed=led)
        assert skipped.status == 303 and skipped.headers["Location"] == f"/bind/{token}"
    # Somebody sends another straight to where WeChat sends who agreed.
    sent = await read(client, f"/bind/{token}/back", code="CODE", state="guessed")
    assert sent.status == 303 and sent.headers["Location"] == f"/bind/{token}"
    state = await agrees(client, token)
    client.session.cookie_jar.clear()
    assert (await read(client, f"/bind/{token}/back", code="CODE", state=state)).status == 303
    assert there.to(OPENID_PATH) == []
    with sqlite_database.reading() as work:
        assert find_link(work, token) is not None


async def test_where_wechat_does_not_answer_nothing_is_bound_and_it_can_be_tried_again(
    client: Client, bearer: dict[str, str], there: TencentServer, sqlite_database: Database
) -> None:
    token = await token_for(client, bearer)
    there.answer(OPENID_PATH, {"errcode": 40029}, {"openid": "o-wang"})
    with capture_logs() as logs:
        failed = await read(client, f"/bind/{token}/back", code="CODE", state=await agrees(client, token))
    assert failed.status == 502 and f'href="/bind/{token}"' in await failed.text()
    assert token not in str(logs) and "CODE" not in str(logs) and "main-app-secret" not in str(logs)
    again = await read(client, f"/bind/{token}/back", code="CODE", state=await agrees(client, token))
    assert again.headers["Location"] == "/bind/done"


async def test_on_a_computer_there_is_a_code_to_scan(
    client: Client, bearer: dict[str, str], there: TencentServer
) -> None:
    token = await token_for(client, bearer)
    there.answer(QR_PATH, {"ticket": "t", "expire_seconds": 60, "url": "http://weixin.qq.com/q/abc"})
    for _ in range(2):
        text = await (await read(client, f"/bind/{token}", ELSEWHERE)).text()
        assert "data:image/svg+xml" in text and "/go" not in text
    [asked] = there.to(QR_PATH)
    assert asked.body["action_info"] == {"scene": {"scene_str": token}}
    # An account that may make none: the phone opens this page.
    other = await token_for(client, bearer)
    there.answer(QR_PATH, {"errcode": 48001})
    assert "data:image/svg+xml" in await (await read(client, f"/bind/{other}", ELSEWHERE)).text()


async def test_the_chat_of_wecom_opens_with_the_link_in_its_address(
    client: Client, bearer: dict[str, str], there: TencentServer
) -> None:
    token = await token_for(client, bearer, "wecom.service/kf2")
    way = "https://work.weixin.qq.com/kfid/kfc1?enc_scene=1"
    there.answer("/cgi-bin/kf/add_contact_way", {"errcode": 0, "url": way}, {"errcode": 95017})
    assert "Agree and open the chat" in await (await read(client, f"/bind/{token}", ELSEWHERE)).text()
    leads = await button(client, token, ELSEWHERE)
    sent = await read(client, leads, ELSEWHERE)
    assert sent.headers["Location"] == f"{way}&scene_param={token}"
    assert there.to("/cgi-bin/kf/add_contact_way")[0].body == {"open_kfid": "kf2", "scene": "amends"}
    assert (await read(client, leads, ELSEWHERE)).status == 502


async def test_a_cookie_that_is_none_of_ours_leads_to_the_page(client: Client, bearer: dict[str, str]) -> None:
    token = await token_for(client, bearer)
    for cookie in ("amends_bind=\udcff", "amends_bind=é", 'amends_bind="\\377"', "amends_bind=short"):
        for path in (f"/bind/{token}/go?agreed=short", f"/bind/{token}/back?state=short&code=CODE"):
            sent = await read(client, path, {**IN_WECHAT, "Cookie": cookie})
            assert sent.status == 303 and sent.headers["Location"] == f"/bind/{token}"


async def test_what_is_gone_says_so_in_the_readers_language(
    client: Client, bearer: dict[str, str], clock: Clock
) -> None:
    token = await token_for(client, bearer)
    clock.advance(days=7)
    for path in (f"/bind/{token}", f"/bind/{token}/go", f"/bind/{token}/back", "/bind/nonsense", "/bind/%00"):
        page = await read(client, path, {"Accept-Language": "zh-CN"})
        assert page.status == 404 and "链接已失效" in await page.text()


async def test_the_pages_are_kept_by_nobody_and_shown_in_no_frame(client: Client, bearer: dict[str, str]) -> None:
    token = await token_for(client, bearer)
    page = await read(client, f"/bind/{token}")
    assert page.headers["Cache-Control"] == "no-store" and page.headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    cookie = page.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and token not in cookie


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"identity": "rest:wang", "account": "main"}, 200),
        ({"identity": "shop:7", "account": "wechat.main"}, 200),
        ({"identity": "rest:wang", "account": "service"}, 200),
        ({"identity": "rest:wang", "account": "wecom.service/kf2"}, 200),
        ({"identity": "rest:wang", "account": "wecom.service/kf9"}, 422),
        ({"identity": "rest:wang", "account": "wechat.main/kf1"}, 422),
        ({"identity": "rest:wang", "account": "nobody"}, 422),
        ({"identity": "rest:wang"}, 422),
        ({"account": "main"}, 422),
        ({"identity": "rest:wang", "order": "A1", "account": "main"}, 422),
        ({"identity": "wang", "account": "main"}, 422),
        ({"identity": "rest:\0", "account": "main"}, 422),
        ({"identity": "wechat:o-nobody", "account": "main"}, 404),
        ({"order": "X9", "account": "main"}, 404),
        ({"order": 9, "account": "main"}, 422),
    ],
)
async def test_links_are_made_for_whom_there_is(
    client: Client, bearer: dict[str, str], body: dict[str, Any], status: int
) -> None:
    found, said = await make(client, bearer, **body)
    assert found == status, said
    assert set(said) == ({"link", "expires_at"} if status == 200 else {"error"})


async def test_only_who_may_makes_links(client: Client, sqlite_database: Database, firm: Firm) -> None:
    with sqlite_database.begin() as work:
        made = tokens.add_token(work, firm, "reads", ["cases:read"], None, "ada")
        work.commit()
    status, _ = await make(client, {"Authorization": f"Bearer {made}"}, identity="shop:7", account="main")
    assert status == 403 and (await make(client, {}, identity="shop:7", account="main"))[0] == 401
    with sqlite_database.reading() as work:
        assert work.session.scalars(select(BindingLink)).all() == []


def test_the_api_describes_it(settings: Settings) -> None:
    described = openapi()["paths"]["/api/v1/bindings"]["post"]
    assert described["security"] == [{"bearer": ["bindings:write"]}] and "requestBody" in described
