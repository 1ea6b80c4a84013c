"""guarantees.yml: what is wrong is refused at the start, with file and line (S2's six cautions among it)."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from actions.__main__ import main
from actions.firm import FirmDataError, load_firm
from actions.firm.guarantees import GuaranteesFile
from recovery.guarantees import Caution
from store.database import Database
from tests.actions.dialogue import Customer, Shop
from tests.actions.promised import looks, on_time, sells_late, that_guarantees
from tests.conftest import ROOT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "data" / "firm", tmp_path / "firm"))


def writes(folder: Path, *guarantees: dict[str, Any]) -> Path:
    path = folder / "guarantees.yml"
    path.write_text(yaml.safe_dump({"guarantees": list(guarantees)}, allow_unicode=True, sort_keys=False))
    return path


def line_of(path: Path, words: str) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if words in line)


def test_the_shipped_file_has_one_that_is_live_and_one_that_may_not_be() -> None:
    live, draft = load_firm(ROOT / "data" / "firm").guarantees.guarantees
    assert (live.live, draft.live) == (True, False)
    assert set(live.check) == set(Caution) and not any(answer.holds for answer in live.check.values())
    assert set(draft.check) < set(Caution) and any(answer.holds for answer in draft.check.values())


def test_without_the_file_nothing_is_guaranteed(folder: Path) -> None:
    (folder / "guarantees.yml").unlink()
    assert load_firm(folder).guarantees == GuaranteesFile()


@pytest.mark.parametrize("caution", list(Caution))
def test_a_caution_that_is_not_answered_stops_the_start(folder: Path, caution: Caution) -> None:
    answered = {key: answer for key, answer in on_time()["check"].items() if key != caution}
    path = writes(folder, on_time(check=answered))
    with pytest.raises(FirmDataError) as refused:
        load_firm(folder)
    told = str(refused.value)
    assert told.startswith(f"{path}:{line_of(path, 'check:')}:") and caution in told


@pytest.mark.parametrize("caution", list(Caution))
def test_a_caution_that_holds_stops_the_start_at_its_line(folder: Path, caution: Caution) -> None:
    check = on_time()["check"]
    check[caution] = check[caution] | {"holds": True}
    path = writes(folder, on_time(check=check))
    with pytest.raises(FirmDataError) as refused:
        load_firm(folder)
    assert str(refused.value).startswith(f"{path}:{line_of(path, f'{caution}:')}:")


def test_one_that_is_not_live_may_have_open_questions(folder: Path) -> None:
    writes(folder, on_time(live=False, check={}))
    assert load_firm(folder).guarantees.rules[0].pays_at_all is False


@pytest.mark.parametrize(
    ("different", "told"),
    [
        ({"when": {}}, "nothing breaches it"),
        ({"when": {"order_status": ["delivered"]}}, "nothing breaches it"),
        ({"when": {"promise_broken": True, "order_total_at_least": 2, "order_total_at_most": 1}}, "about no order"),
        ({"pays": []}, "at least one remedy"),
        ({"pays": [{"kind": "apology"}]}, "means nothing"),
        ({"pays": [{"kind": "call_back"}, {"kind": "voucher", "amount": 5}]}, "pays by itself"),
        ({"pays": [{"kind": "voucher", "amount": {"from": 5, "to": 9}}]}, "not a range"),
        ({"pays": [{"kind": "voucher", "amount": 10**9}]}, "more than anybody may grant"),
        ({"category": "weather"}, "there is no category 'weather'"),
        ({"key": "anything-else"}, "key"),
        ({"live": True, "switched_off_on": "2026-12-31"}, "it is live"),
        ({"live": False, "switched_off_on": "2026-12-31", "check": {}}, "not answered"),
        ({"orders_placed": {"from": "2026-10-02", "until": "2026-10-01"}}, "covers no order"),
        ({"orders_placed": {"from": "2026-09-30"}}, "before it was approved"),
        ({"approved_by": ""}, "approved_by"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_makes_no_sense_is_refused(folder: Path, different: dict[str, Any], told: str) -> None:
    path = writes(folder, on_time(**different))
    with pytest.raises(FirmDataError) as refused:
        load_firm(folder)
    assert str(refused.value).startswith(f"{path}:") and told in str(refused.value)


def test_two_of_one_key_are_refused(folder: Path) -> None:
    path = writes(folder, on_time(), on_time())
    with pytest.raises(FirmDataError, match="two guarantees on_time") as refused:
        load_firm(folder)
    lines = [n for n, line in enumerate(path.read_text().splitlines(), 1) if "key: on_time" in line]
    assert str(refused.value).startswith(f"{path}:{lines[1]}:")


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.fixture
def command(sqlite_database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    writes(folder, on_time(), on_time(key="draft", live=False, check={}))
    monkeypatch.setenv("AMENDS_DATABASE_URL", sqlite_database.url)
    monkeypatch.setenv("AMENDS_FIRM", str(folder))
    return folder


def test_the_command_tries_guarantees_on_past_orders(
    shop: Shop, wang: Customer, command: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop.firm = that_guarantees(shop.firm)
    sells_late(shop, to=wang.address.public)
    sells_late(shop, "in-time", late=1)
    # Placed long before the guarantee: it is tried on that, too.
    sells_late(shop, "old", late=50, total=20000)
    looks(shop)
    assert main(["guarantees", "--json"]) == 0
    live, draft = json.loads(capsys.readouterr().out)
    for found in (live, draft):
        assert found["past_orders"]["orders"] == 3
        assert found["past_orders"]["breaches"] == {"delivered_late": 2}
    assert live["past_orders"]["would_have_paid_minor"] == 2 * 2000
    # 2000 each on 80000 in all.
    assert live["past_orders"]["cost_percent"] == 5.0
    assert live["payments"] == {"paid": 1, "noticed": 1} or live["payments"] == {"paid": 1}
    assert (live["may_go_live"], draft["may_go_live"]) == (True, False)


def test_the_check_walks_through_six_questions(command: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["guarantees", "--check", "draft"]) == 1
    told = capsys.readouterr().out
    assert all(f"{number}. " in told for number in range(1, 7)) and told.count("not answered") == 6
    assert "may not go live" in told
    assert main(["guarantees", "--check", "on_time"]) == 0
    assert "It may go live." in capsys.readouterr().out


def test_an_unknown_one_is_told_in_one_line(command: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["guarantees", "--check", "nothing"]) == 2
    assert "on_time, draft" in capsys.readouterr().err


def test_nothing_on_file_and_nothing_guaranteed_are_said(command: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["guarantees"]) == 0
    assert "none on file" in capsys.readouterr().out
    writes(command)
    assert main(["guarantees"]) == 0
    assert "no guarantee" in capsys.readouterr().out
