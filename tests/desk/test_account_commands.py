"""``python -m desk users|tokens|audit`` on a store of its own."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import update

from desk.__main__ import main
from store.database import Database
from store.settings import load_settings
from store.tables import AuditEntry, Staff
from tests.conftest import ROOT

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def database_url(tmp_path: Path, migrated_sqlite_file: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("AMENDS_VAR", str(tmp_path))
    monkeypatch.setenv("AMENDS_FIRM", str(ROOT / "data" / "firm"))
    monkeypatch.delenv("AMENDS_DATABASE_URL", raising=False)
    shutil.copy(migrated_sqlite_file, tmp_path / "amends.db")
    return load_settings().database


@pytest.fixture
def run(database_url: str, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = main(list(arguments))
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


def test_the_plain_command_prints_the_token_of_the_settings(run: Run) -> None:
    assert run("tokens") == (0, load_settings().secret("api_token") + "\n", "")


def test_users_are_added_listed_and_closed(run: Run) -> None:
    assert run("users", "list")[1] == "none\n"
    run("users", "add", "ada", "--role", "administrator")
    status, said, _ = run("users", "add", "bob", "--name", "Bob Builder")
    assert status == 0 and said.startswith("bob: one-time password ")
    assert run("users", "deactivate", "bob")[0] == 0
    listed = {row["login"]: row for row in json.loads(run("users", "list", "--json")[1])}
    assert (listed["bob"]["name"], listed["bob"]["state"]) == ("Bob Builder", "deactivated")
    assert "administrator" in run("users", "list")[1]
    assert run("users", "reactivate", "bob")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("users", "deactivate", "ada"), "the last active administrator"),
        (("users", "reset", "nobody"), "there is no account 'nobody'"),
        (("users", "add", "ADA"), "already"),
        (("users", "reset-second-factor", "ada"), "ada has no second factor"),
        (("tokens", "revoke", "0"), "there is no token '0'"),
        (("tokens", "add", "x", "--scope", "cases:read", "--last-day", "2020-01-01"), "has passed"),
    ],
)
def test_a_mistake_ends_with_one_line_and_status_two(run: Run, arguments: tuple[str, ...], words: str) -> None:
    run("users", "add", "ada", "--role", "administrator")
    status, said, error = run(*arguments)
    assert (status, said) == (2, "") and words in error and error.count("\n") == 1


def test_a_second_factor_is_reset(run: Run, database_url: str) -> None:
    run("users", "add", "ada", "--role", "administrator")
    with Database(database_url) as database, database.begin() as work:
        work.session.execute(update(Staff).values(totp_secret="x", totp_confirmed_at=work.now))
        work.commit()
    assert run("users", "reset-second-factor", "ada")[0] == 0
    assert json.loads(run("users", "list", "--json")[1])[0]["second_factor"] is False


def test_tokens_are_made_listed_and_revoked(run: Run) -> None:
    status, token, _ = run("tokens", "add", "shop", "--scope", "orders:write", "--scope", "messages:write")
    assert status == 0 and token.startswith("amends_")
    (row,) = json.loads(run("tokens", "list", "--json")[1])
    assert (row["name"], row["scopes"], row["state"]) == ("shop", ["messages:write", "orders:write"], "good")
    assert token.strip() not in run("tokens", "list")[1]
    assert run("tokens", "revoke", row["id"])[1] == "shop: revoked\n"
    assert json.loads(run("tokens", "list", "--json")[1])[0]["state"] == "revoked"


def test_the_audit_log_is_proved(run: Run, database_url: str) -> None:
    for login in ("ada", "bob", "eve"):
        run("users", "add", login)
    status, said, _ = run("audit", "verify")
    noted = said.split()[-1]
    assert status == 0 and "3 entries, the chain holds" in said
    run("users", "add", "dan")
    assert run("audit", "verify", "--noted", noted)[0] == 0
    with Database(database_url) as database, database.begin() as work:
        for number in (3, 4):
            work.session.delete(work.session.get_one(AuditEntry, number))
        work.commit()
    # The chain alone cannot tell that its end was cut off; a digest noted elsewhere does.
    assert run("audit", "verify")[0] == 0
    assert run("audit", "verify", "--noted", noted)[0] == 1
    with Database(database_url) as database, database.begin() as work:
        work.session.execute(update(AuditEntry).where(AuditEntry.id == 1).values(actor="nobody"))
        work.commit()
    status, said, _ = run("audit", "verify")
    assert status == 1 and "entry 1: its words were changed" in said


def test_the_audit_log_is_exported(run: Run, tmp_path: Path) -> None:
    run("users", "add", "ada")
    assert run("audit", "export", str(tmp_path / "audit.csv"))[0] == 0
    with (tmp_path / "audit.csv").open(encoding="utf-8-sig", newline="") as file:
        assert [row["action"] for row in csv.DictReader(file)] == ["add_account"]
    assert "add_account,ada" in run("audit", "export")[1]
    status, _, error = run("audit", "export", str(tmp_path / "nowhere" / "audit.csv"))
    assert status == 2 and error.count("\n") == 1 and "nowhere" in error
