"""A simulator with one account of each kind, and the settings of a service that talks with it."""

import secrets
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.wechat_simulator.clock import MovableClock
from tests.wechat_simulator.official import Mode, OfficialAccount
from tests.wechat_simulator.sealing import Seal, new_encoding_aes_key
from tests.wechat_simulator.server import Simulator
from tests.wechat_simulator.wecom import CustomerService

WECHAT, WECOM = "main", "service"
TEMPLATE = "template-waiting"
SUBSCRIPTION = "subscription-promise"
SERVICER = "zhangsan"
MENU_KEY = "PROGRESS"
MENU_WORDS = "我的投诉处理得怎么样了"


def official_account(clock: MovableClock, mode: Mode = Mode.SAFE) -> OfficialAccount:
    app_id = "wx" + secrets.token_hex(8)
    seal = Seal(secrets.token_hex(12), new_encoding_aes_key(), app_id)
    account = OfficialAccount(clock, app_id, secrets.token_hex(16), seal, mode)
    account.templates.add(TEMPLATE)
    account.subscriptions.add(SUBSCRIPTION)
    return account


def customer_service(clock: MovableClock, kfids: int = 1) -> CustomerService:
    corp_id = "ww" + secrets.token_hex(8)
    seal = Seal(secrets.token_hex(12), new_encoding_aes_key(), corp_id)
    open_kfids = tuple("wk" + secrets.token_hex(8) for _ in range(kfids))
    service = CustomerService(clock, corp_id, secrets.token_urlsafe(24), seal, open_kfids)
    service.servicers.add(SERVICER)
    return service


def simulator() -> Simulator:
    """One official account in safe mode, one WeCom."""
    clock = MovableClock()
    return Simulator(clock, {WECHAT: official_account(clock)}, {WECOM: customer_service(clock)})


def settings_for(
    simulator: Simulator,
    folder: Path,
    firm: Path,
    more: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, str]:
    """The settings of a service whose channels are the simulator's; it runs by then.

    Args:
        folder: a firm's folder is made in it, a copy of ``firm`` with accounts.
        more: what the file says of an account beyond what is needed, by its key.
    """
    more = more or {}
    copy = folder / "firm"
    shutil.copytree(firm, copy, dirs_exist_ok=True)
    accounts = {
        "wechat": [
            {
                "key": key,
                "app_id": account.app_id,
                "mode": account.mode.value,
                "api": simulator.wechat_api,
                "authorize": simulator.wechat_api,
                "menu": {MENU_KEY: MENU_WORDS},
                **more.get(key, {}),
            }
            for key, account in simulator.official.items()
        ],
        "wecom": [
            {
                "key": key,
                "corp_id": service.corp_id,
                "api": simulator.wecom_api,
                "open_kfids": list(service.open_kfids),
                **more.get(key, {}),
            }
            for key, service in simulator.wecom.items()
        ],
    }
    (copy / "channels.yml").write_text(yaml.safe_dump(accounts, allow_unicode=True), encoding="utf-8")
    return {"AMENDS_FIRM": str(copy), "AMENDS_CHANNEL_SECRETS": channel_secrets(simulator)}


def channel_secrets(simulator: Simulator) -> str:
    """What the accounts' owner copies from Tencent's console."""
    given = []
    for channel, accounts, secret in (
        ("wechat", simulator.official, "app_secret"),
        ("wecom", simulator.wecom, "secret"),
    ):
        for key, account in accounts.items():
            given += [
                f"{channel}.{key}.token={account.seal.token}",
                f"{channel}.{key}.{secret}={account.secret}",
                f"{channel}.{key}.encoding_aes_key={account.seal.encoding_aes_key}",
            ]
    return " ".join(given)
