"""``connectors.yml`` and the secrets of the systems: what is refused at start, in words that lead to the mistake."""

import shutil
from pathlib import Path

import pytest
import yaml

from actions.connectors.http.systems import HttpOrders, HttpRefunds
from actions.connectors.refunds import RefundTwin
from actions.connectors.systems import make_connectors, make_order_look_up
from actions.firm import FirmDataError, load_firm
from store.database import Database
from store.settings import Settings, SettingsError, load_settings
from tests.conftest import ROOT

SECRET = "whsec_" + "QUJD" * 8


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "data" / "firm", tmp_path / "firm")
    return tmp_path / "firm"


def write(folder: Path, **content: object) -> None:
    (folder / "connectors.yml").write_text(yaml.safe_dump(content), encoding="utf-8")


def settings_with(secrets: str = "") -> Settings:
    return load_settings({"AMENDS_CONNECTOR_SECRETS": secrets})


def test_as_shipped_the_store_stands_in_for_all(sqlite_database: Database, folder: Path) -> None:
    firm = load_firm(folder)
    assert isinstance(make_connectors(settings_with(), firm, sqlite_database).refunds, RefundTwin)
    assert make_order_look_up(settings_with(), firm) is None


def test_a_firm_without_the_file_works_with_the_store(folder: Path) -> None:
    (folder / "connectors.yml").unlink()
    assert set(load_firm(folder).connectors.systems.by_name.values()) == {"twin"}


def test_a_system_with_an_address_is_called_there(sqlite_database: Database, folder: Path) -> None:
    write(folder, systems={"refunds": "https://pay.example.com/amends/", "orders": "http://127.0.0.1:9/"})
    firm, settings = load_firm(folder), settings_with(f"refunds={SECRET}\norders={SECRET}")
    assert firm.connectors.systems.refunds == "https://pay.example.com/amends"
    assert isinstance(make_connectors(settings, firm, sqlite_database).refunds, HttpRefunds)
    assert isinstance(make_order_look_up(settings, firm), HttpOrders)


def test_nothing_goes_out_unsigned(sqlite_database: Database, folder: Path) -> None:
    write(folder, systems={"refunds": "https://pay.example.com"})
    with pytest.raises(SettingsError, match=r"AMENDS_CONNECTOR_SECRETS: .* refunds=whsec_"):
        make_connectors(settings_with(f"vouchers={SECRET}"), load_firm(folder), sqlite_database)


@pytest.mark.parametrize(
    "address",
    [
        "http://pay.example.com",
        "ftp://pay.example.com",
        "https://user:password@pay.example.com",
        "https://pay.example.com/?token=1",
        "https://pay.example.com/#x",
        "https://",
        "https://[::1",
        "twins",
        "",
    ],
)
def test_an_address_that_cannot_be_called_safely_is_refused_with_its_line(folder: Path, address: str) -> None:
    write(folder, systems={"refunds": address})
    with pytest.raises(FirmDataError, match=r"connectors.yml:\d+: systems.refunds"):
        load_firm(folder)


@pytest.mark.parametrize(
    ("key", "value"),
    [("call_within", "2 minutes"), ("call_within", "0 seconds"), ("look_up_within", "11 seconds"), ("told_after", 5)],
)
def test_spans_that_would_not_work_are_refused(folder: Path, key: str, value: object) -> None:
    write(folder, **{key: value})
    with pytest.raises(FirmDataError, match=f"connectors.yml:1: {key}"):
        load_firm(folder)


@pytest.mark.parametrize(
    "secrets",
    ["payments=" + SECRET, SECRET, "refunds=short", "refunds=" + SECRET[6:], f"refunds={SECRET} refunds={SECRET}"],
)
def test_a_wrong_secret_is_told_without_its_value(secrets: str) -> None:
    with pytest.raises(SettingsError, match="AMENDS_CONNECTOR_SECRETS") as refused:
        settings_with(secrets)
    assert "QUJD" not in str(refused.value)
