"""The simulator as a whole: its servers on loopback, in a thread of their own or in the caller's loop."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from aiohttp import web

from tests.wechat_simulator.accounts import Account, Handler
from tests.wechat_simulator.clock import MovableClock
from tests.wechat_simulator.official import OfficialAccount
from tests.wechat_simulator.wecom import CustomerService

Result = TypeVar("Result")


class Simulator:
    """Official accounts at one address and WeCom at another, as Tencent has them.

    Args:
        official: by the key that the service's file gives them; likewise ``wecom``.

    Attributes:
        wechat_api: what stands for ``https://api.weixin.qq.com``.
        wecom_api: what stands for ``https://qyapi.weixin.qq.com``.
    """

    def __init__(
        self, clock: MovableClock, official: dict[str, OfficialAccount], wecom: dict[str, CustomerService]
    ) -> None:
        self.clock = clock
        self.official = official
        self.wecom = wecom
        self.wechat_api = self.wecom_api = ""
        self._runners: list[web.AppRunner] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def accounts(self) -> list[Account]:
        return [*self.official.values(), *self.wecom.values()]

    def called_by(self, address: str) -> None:
        """The service is reached here; its addresses are pasted into Tencent's console."""
        for key, official in self.official.items():
            official.callbacks.address = f"{address}/channels/wechat/{key}"
        for key, wecom in self.wecom.items():
            wecom.callbacks.address = f"{address}/channels/wecom/{key}"

    async def start(self, wechat_port: int = 0, wecom_port: int = 0) -> None:
        self._loop = asyncio.get_running_loop()
        self.wechat_api = await self._serve(_wechat_routes(self), wechat_port)
        self.wecom_api = await self._serve(_wecom_routes(self), wecom_port)
        for account in self.accounts:
            await account.callbacks.open()

    async def stop(self) -> None:
        for account in self.accounts:
            await account.callbacks.close()
        for runner in self._runners:
            await runner.cleanup()

    @contextmanager
    def running(self) -> Iterator["Simulator"]:
        """Serve in a thread of its own."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        asyncio.run_coroutine_threadsafe(self.start(), loop).result(10)
        try:
            yield self
        finally:
            asyncio.run_coroutine_threadsafe(self.stop(), loop).result(30)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(10)
            loop.close()

    def do(self, deed: Callable[[], Awaitable[Result]], seconds: float = 20) -> Result:
        """From another thread: do something in the simulator's loop and wait for what comes of it."""

        async def doing() -> Result:
            return await deed()

        return self._run(doing(), seconds)

    def begin(self, deed: Callable[[], Any]) -> Any:
        """From another thread: begin something in the simulator's loop and do not wait for its end."""

        async def beginning() -> Any:
            return deed()

        return self._run(beginning(), 10)

    def _run(self, coroutine: Coroutine[Any, Any, Result], seconds: float) -> Result:
        assert self._loop is not None, "it does not run"
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(seconds)

    async def _serve(self, app: web.Application, port: int) -> str:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        self._runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", port).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"


def _wechat_routes(simulator: Simulator) -> web.Application:
    async def by_app_id(request: web.Request) -> OfficialAccount | None:
        app_id = request.query.get("appid")
        if request.method == "POST":
            try:
                app_id = (await request.json()).get("appid")
            except (ValueError, AttributeError):
                return None
        return next((account for account in simulator.official.values() if account.app_id == app_id), None)

    async def by_token(request: web.Request) -> OfficialAccount | None:
        token = request.query.get("access_token", "")
        accounts = list(simulator.official.values())
        # A token that nobody knows is anybody's to refuse.
        return next((account for account in accounts if token in account.tokens), accounts[0] if accounts else None)

    def route(
        method: str,
        path: str,
        handler: Callable[[OfficialAccount], Handler],
        finder: Callable[[web.Request], Awaitable[OfficialAccount | None]] = by_token,
    ) -> web.RouteDef:
        async def handle(request: web.Request) -> web.StreamResponse:
            account = await finder(request)
            if account is None:
                return web.json_response({"errcode": 40013, "errmsg": "invalid appid"})
            return await account.answer(request, handler(account))

        return web.route(method, path, handle)

    app = web.Application()
    app.add_routes(
        [
            route("GET", "/cgi-bin/token", lambda account: account.token, by_app_id),
            route("POST", "/cgi-bin/stable_token", lambda account: account.stable_token, by_app_id),
            route("GET", "/sns/oauth2/access_token", lambda account: account.open_by_code, by_app_id),
            route("POST", "/cgi-bin/message/custom/send", lambda account: account.custom_send),
            route("POST", "/cgi-bin/message/template/send", lambda account: account.template_send),
            route("POST", "/cgi-bin/message/subscribe/bizsend", lambda account: account.subscription_send),
            route("GET", "/cgi-bin/media/get", lambda account: account.media_get),
            route("POST", "/cgi-bin/qrcode/create", lambda account: account.qrcode_create),
        ]
    )
    return app


def _wecom_routes(simulator: Simulator) -> web.Application:
    def find(request: web.Request) -> CustomerService | None:
        corp_id, token = request.query.get("corpid"), request.query.get("access_token", "")
        accounts = list(simulator.wecom.values())
        if corp_id is not None:
            return next((account for account in accounts if account.corp_id == corp_id), None)
        return next((account for account in accounts if token in account.tokens), accounts[0] if accounts else None)

    def route(method: str, path: str, handler: Callable[[CustomerService], Handler]) -> web.RouteDef:
        async def handle(request: web.Request) -> web.StreamResponse:
            account = find(request)
            if account is None:
                return web.json_response({"errcode": 40013, "errmsg": "invalid corpid"})
            return await account.answer(request, handler(account))

        return web.route(method, path, handle)

    app = web.Application()
    app.add_routes(
        [
            route("GET", "/cgi-bin/gettoken", lambda account: account.token),
            route("POST", "/cgi-bin/kf/sync_msg", lambda account: account.sync_msg),
            route("POST", "/cgi-bin/kf/send_msg", lambda account: account.send_msg),
            route("POST", "/cgi-bin/kf/send_msg_on_event", lambda account: account.send_on_event),
            route("POST", "/cgi-bin/kf/service_state/get", lambda account: account.state_get),
            route("POST", "/cgi-bin/kf/service_state/trans", lambda account: account.state_change),
            route("POST", "/cgi-bin/kf/add_contact_way", lambda account: account.add_contact_way),
            route("GET", "/cgi-bin/media/get", lambda account: account.media_get),
        ]
    )
    return app
