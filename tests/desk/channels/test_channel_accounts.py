"""Accounts: the firm's file and the secrets of the settings, put together or refused with one clear line."""

from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs

from actions.firm import Firm
from desk.app import Parts, make_app
from desk.channels.accounts import (
    Accounts,
    ChannelsFile,
    TemplateFile,
    read_accounts,
    say_what_is_odd,
    wecom_address,
    wecom_parts,
)
from desk.keys import CHANNELS
from store.database import Database
from store.firm_files import FirmDataError, read_yaml
from store.settings import Settings, SettingsError, load_settings
from tests.conftest import ROOT
from tests.desk.channels.tencent_server import secrets_setting, write_channels

HERE = "http://127.0.0.1:9"


def read(folder: Path, secrets: str) -> Accounts:
    return read_accounts(load_settings({"AMENDS_FIRM": str(folder), "AMENDS_CHANNEL_SECRETS": secrets}))


def test_file_and_secrets_are_put_together(tmp_path: Path) -> None:
    write_channels(tmp_path, HERE)
    accounts = read(tmp_path, secrets_setting(wechat__old__token="abc"))
    main, service = accounts.wechat["main"], accounts.wecom["service"]
    assert main.app_secret == "main-app-secret" and main.credentials.app_id == "wx0123456789abcdef"
    assert main.credentials.mode == "safe" and service.credentials.corp_id == "ww0123456789abcdef"
    assert service.secret == "service-secret" and service.file.open_kfids == ("kf1", "kf2")
    assert [(channel, account.key) for channel, account in accounts] == [("wechat", "main"), ("wecom", "service")]
    assert accounts.unnamed == ("wechat.old",)
    assert accounts.file.links_valid_for == timedelta(days=7)


def test_a_picture_of_the_accounts_holds_no_secret(tmp_path: Path) -> None:
    write_channels(tmp_path, HERE)
    shown = repr(read(tmp_path, secrets_setting()))
    assert "main-app-secret" not in shown and "service-secret" not in shown and "maintoken" not in shown


@pytest.mark.parametrize(
    "missing",
    [
        "wechat.main.token", "wechat.main.app_secret", "wechat.main.encoding_aes_key",
        "wecom.service.token", "wecom.service.secret", "wecom.service.encoding_aes_key",
    ],
)  # fmt: skip
def test_a_missing_secret_is_named(tmp_path: Path, missing: str) -> None:
    write_channels(tmp_path, HERE)
    with pytest.raises(SettingsError, match=missing):
        read(tmp_path, secrets_setting(**{missing.replace(".", "__"): None}))


def test_plain_mode_needs_no_key(tmp_path: Path) -> None:
    text = "wechat:\n  - {key: main, app_id: wx0123456789abcdef, mode: plain}\n"
    (tmp_path / "channels.yml").write_text(text, encoding="utf-8")
    accounts = read(tmp_path, "wechat.main.token=abc wechat.main.app_secret=0123456789")
    assert accounts.wechat["main"].credentials.encoding_aes_key is None


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("wechat: [{key: Main, app_id: wx01234}]", "key"),
        ("wechat: [{key: main, app_id: wx01234, app_secret: hush}]", "app_secret"),
        ("wechat: [{key: main, app_id: wx01234, api: 'http://api.example'}]", "https"),
        ("wechat: [{key: main, app_id: wx01234, mode: open}]", "mode"),
        ("wechat: [{key: main, app_id: wx01234}, {key: main, app_id: wx56789}]", "same key"),
        ("wechat: [{key: main, app_id: wx01234}, {key: two, app_id: wx01234}]", "same app_id"),
        ("wecom: [{key: a, corp_id: ww01234, open_kfids: []}]", "open_kfids"),
        ("wecom: [{key: a, corp_id: ww01234, open_kfids: [k, k]}]", "same open_kfid"),
        ("wecom: [{key: a, corp_id: ww01234, open_kfids: [k], servicer: zhang}]", "people: wecom"),
        ("links_valid_for: 90 days", "30 days"),
        (
            "wechat: [{key: a, app_id: wx01234, templates: [{tells: waiting, kind: template, id: t, "
            "fields: {thing1: '{phone}'}}]}]",
            "no {phone}",
        ),
        (
            "wechat: [{key: a, app_id: wx01234, templates: [{tells: waiting, kind: template, id: t, "
            "fields: {thing1: '{case'}}]}]",
            "does not close",
        ),
    ],
)
def test_a_wrong_file_is_refused_by_line(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "channels.yml").write_text(text, encoding="utf-8")
    with pytest.raises(FirmDataError, match=f"channels.yml:1: .*{told}"):
        read(tmp_path, "")


def test_a_firm_without_the_file_has_no_account(tmp_path: Path) -> None:
    assert list(read(tmp_path, "")) == []


def test_what_ships_names_no_account_and_its_examples_are_right(tmp_path: Path) -> None:
    path = ROOT / "data" / "firm" / "channels.yml"
    shipped = read_yaml(path, ChannelsFile)
    assert shipped.wechat == () and shipped.wecom == ()
    lines = path.read_text(encoding="utf-8").splitlines()
    begin = next(number for number, line in enumerate(lines) if line == "# wechat:")
    wechat = [line[2:] for line in lines[begin:] if line.startswith("# ")]
    end = next(number for number, line in enumerate(wechat) if line.startswith("WeCom"))
    (tmp_path / "wechat.yml").write_text("\n".join(wechat[:end]), encoding="utf-8")
    example = read_yaml(tmp_path / "wechat.yml", ChannelsFile)
    assert example.wechat[0].menu["PERSON"] == "转人工" and example.wechat[0].template("waiting") is not None
    (tmp_path / "wecom.yml").write_text(
        "\n".join(wechat[end + 1 :]).replace("people: desk", "people: wecom"), encoding="utf-8"
    )
    assert read_yaml(tmp_path / "wecom.yml", ChannelsFile).wecom[0].people == "wecom"


def test_the_fields_of_a_template_are_filled_in_and_fit() -> None:
    template = TemplateFile(
        tells="waiting",
        kind="template",
        id="t",
        fields={"thing1": "{firm}：{case}有新回复，请回复任意内容查看详情", "time2": "{at}"},
    )
    data = template.data({"firm": "云杉商城", "case": "AM-7K3Q-9F2D"})
    assert data["time2"] == {"value": "–"}
    assert data["thing1"]["value"].startswith("云杉商城：AM-7K3Q-9F2D") and len(data["thing1"]["value"]) == 20


def test_the_account_of_a_conversation_with_wecom_names_both() -> None:
    assert wecom_address("service", "kf1") == "service/kf1"
    assert wecom_parts("service/kf1") == ("service", "kf1")


def test_the_service_does_not_start_without_them(tmp_path: Path, settings: Settings) -> None:
    assert list(make_app(settings)[CHANNELS]) == []
    firm = tmp_path / "firm"
    firm.mkdir()
    for path in (ROOT / "data" / "firm").iterdir():
        (firm / path.name).symlink_to(path)
    (firm / "channels.yml").unlink()
    write_channels(firm, HERE)
    with pytest.raises(SettingsError, match=r"wechat\.main\.token"):
        make_app(load_settings({"AMENDS_VAR": str(tmp_path / "var"), "AMENDS_FIRM": str(firm)}))


async def test_tencent_finds_the_file_that_proves_the_domain(
    tmp_path: Path, settings: Settings, sqlite_database: Database, firm: Firm
) -> None:
    (tmp_path / "channels.yml").write_text("verification: [MP_verify_aB3.txt]", encoding="utf-8")
    with pytest.raises(FirmDataError, match="verification"):
        read(tmp_path, "")
    (tmp_path / "channels.yml").write_text("verification: [MP_verify_aB34.txt]", encoding="utf-8")
    app = make_app(settings, Parts(database=sqlite_database, firm=firm, accounts=read(tmp_path, ""), workers=False))
    async with TestClient(TestServer(app)) as client:
        found = await client.get("/MP_verify_aB34.txt")
        assert (found.status, await found.text()) == (200, "aB34")
        assert (await client.get("/MP_verify_aB35.txt")).status == 404


def test_what_is_odd_is_said_at_the_start(tmp_path: Path) -> None:
    write_channels(tmp_path, HERE)
    with capture_logs() as logs:
        say_what_is_odd(read(tmp_path, secrets_setting(wechat__old__token="abc")), "http://127.0.0.1:8080")
        say_what_is_odd(read(tmp_path, secrets_setting()), "https://desk.example")
        say_what_is_odd(Accounts(), "http://127.0.0.1:8080")
    assert [line.get("accounts") for line in logs] == [("wechat.old",), None]
    assert "AMENDS_PUBLIC_URL" in logs[1]["event"] and "abc" not in str(logs)
