"""``make wechat-sim``: the service, WeChat's servers beside it, and a page on which a person is the customer.

usage: python -m tests.wechat_simulator MODEL

Everything begins anew each time, in a folder of its own. ``AMENDS_BIND`` says where the service is reached;
``WECHAT_SIM_PORT`` where the phones are (default 8090).
"""

import asyncio
import json
import os
import secrets
import signal
import sys
import tempfile
from pathlib import Path

import aiohttp
from aiohttp import web

from tests.e2e.service import ROOT, free_port
from tests.wechat_simulator.by_hand import ByHand
from tests.wechat_simulator.server import Simulator
from tests.wechat_simulator.setting_up import SUBSCRIPTION, TEMPLATE, WECHAT, WECOM, settings_for, simulator

_CUSTOMERS = {
    "wechat": {"o-linxiao": "202611200001", "o-wanglei": "202611200002", "o-emma": "202611200003"},
    "wecom": {"wm-chenyu": "202611200011", "wm-zhouhua": "202611200012", "wm-jack": "202611200013"},
}
_TEMPLATES = [
    {
        "tells": "waiting",
        "kind": "template",
        "id": TEMPLATE,
        "fields": {"thing1": "{firm}有新回复", "thing2": "{case}"},
    },
    {
        "tells": "promise",
        "kind": "subscription",
        "id": SUBSCRIPTION,
        "fields": {"thing1": "{firm}的承诺快到期了", "time2": "{at}"},
    },
]


async def main(model: str) -> int:
    bind = os.environ.get("AMENDS_BIND", "127.0.0.1:8080")
    address, port = f"http://{bind}", int(os.environ.get("WECHAT_SIM_PORT", "8090"))
    token = secrets.token_urlsafe(24)
    found = simulator()
    await found.start()
    found.called_by(address)
    runner = web.AppRunner(ByHand(found, address, _hints()).app(), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
    except OSError as error:
        print(f"WECHAT_SIM_PORT: port {port} cannot be had: {error.strerror}", file=sys.stderr)
        await found.stop()
        return 2
    with tempfile.TemporaryDirectory(prefix="amends-wechat-") as folder:
        settings = settings_for(
            found,
            Path(folder),
            Path(os.environ.get("AMENDS_FIRM", ROOT / "data" / "firm")),
            {
                WECHAT: {"name": "Simulated service account", "menus": True, "templates": _TEMPLATES},
                WECOM: {"name": "Simulated WeCom"},
            },
        )
        service = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "desk", "run", "--model", model),
            cwd=ROOT,
            env={**os.environ, **_settings(folder, bind, token), **settings},
            # Ctrl-C reaches this process alone, which passes it on once.
            start_new_session=True,
        )
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, _stop, service)
        introduction = asyncio.create_task(_introduce(found, address, token, port))
        try:
            return await service.wait()
        finally:
            introduction.cancel()
            await found.stop()
            await runner.cleanup()


def _settings(folder: str, bind: str, token: str) -> dict[str, str]:
    return {
        "AMENDS_VAR": str(Path(folder) / "var"),
        "AMENDS_BIND": bind,
        "AMENDS_API_TOKEN": token,
        "AMENDS_RASA_PORT": os.environ.get("AMENDS_RASA_PORT", str(free_port())),
        "AMENDS_ACTIONS_PORT": os.environ.get("AMENDS_ACTIONS_PORT", str(free_port())),
    }


def _stop(service: asyncio.subprocess.Process) -> None:
    if service.returncode is None:
        service.send_signal(signal.SIGINT)


def _hints() -> dict[str, str]:
    return {name: number for customers in _CUSTOMERS.values() for name, number in customers.items()}


async def _introduce(found: Simulator, address: str, token: str, port: int) -> None:
    """Once the service answers: its customers' orders, the check of its addresses, and where to go."""
    async with aiohttp.ClientSession() as session:
        while True:
            if await _answers(session, f"{address}/readyz"):
                break
            await asyncio.sleep(0.5)
        orders = [
            {
                "number": number,
                "identities": [f"{channel}:{name}"],
                "placed_at": "2026-11-18T08:00:00Z",
                "total": 29900,
                "currency": "CNY",
                "items": [{"name": "item", "quantity": 1, "price": 29900}],
                "status": "delivered",
            }
            for channel, customers in _CUSTOMERS.items()
            for name, number in customers.items()
        ]
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        async with session.post(f"{address}/api/v1/orders", data=json.dumps(orders), headers=headers) as response:
            if response.status != 200:
                print(f"the orders were not taken: {response.status} {await response.text()}", file=sys.stderr)
    for name in _CUSTOMERS["wechat"]:
        found.official[WECHAT].phone(name)
    for name in _CUSTOMERS["wecom"]:
        found.wecom[WECOM].phone(name)
    print(f"phones     http://127.0.0.1:{port}/  be a customer of either channel here", flush=True)
    print(f"API token  {token}", flush=True)
    for account in found.accounts:
        print(f"callbacks  {account.callbacks.address}", flush=True)


async def _answers(session: aiohttp.ClientSession, address: str) -> bool:
    try:
        async with session.get(address, timeout=aiohttp.ClientTimeout(total=5)) as response:
            return response.status == 200
    except (aiohttp.ClientError, OSError, TimeoutError):
        return False


if __name__ == "__main__":
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    sys.exit(asyncio.run(main(sys.argv[1])))
