"""All of the state into one file, and back, on both engines and beside writers."""

import io
import json
import sqlite3
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path
from secrets import token_hex
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import make_url, text

from store import postgresql_tools
from store.audit import append
from store.backup import back_up
from store.database import Database
from store.migrate import migrate
from store.restore import restore
from store.settings import Settings
from tests.conftest import Clock
from tests.store.backup.states import PICTURE, Make, fill, is_refused, quiet, settings_for, state_of

# --- there and back --------------------------------------------------------------------------------------------------


def test_what_was_backed_up_comes_back(
    make: Make, firm: Any, clock: Clock, tmp_path: Path, call: Callable[..., SimpleNamespace]
) -> None:
    shop, other, file = make("shop", migrated=True), make("other"), tmp_path / "shop.backup"
    fill(shop, firm, clock)
    said = call(shop, "backup", file, "--json")
    assert said.status == 0 and said.err == ""
    manifest = json.loads(said.out)["manifest"]
    assert manifest["rows"]["cases"] == 1 and sorted(manifest["parts"])[-2:] == [
        "secrets/api_token",
        "secrets/session_key",
    ]
    assert call(other, "restore", file).status == 0
    was, now = state_of(shop), state_of(other)
    assert PICTURE in now.values() and len(now["messages"]) > 0
    assert now == was
    assert list((shop.var / "attachments" / "drafts").iterdir()) and not (other.var / "attachments" / "drafts").exists()
    assert call(other, "check").status == 0


def test_what_is_there_is_replaced_and_kept_beside_it(
    make: Make, firm: Any, clock: Clock, tmp_path: Path, call: Callable[..., SimpleNamespace]
) -> None:
    shop, other, file = make("shop", migrated=True), make("other", migrated=True), tmp_path / "shop.backup"
    fill(shop, firm, clock)
    fill(other, firm, clock, "wang")
    before = {path.name: path.read_bytes() for path in (other.var / "secrets").iterdir()}
    back_up(shop, file, quiet)
    assert is_refused(call(other, "restore", file), "is not empty")
    assert call(other, "restore", file, "--replace", "--yes").status == 0
    assert "wang的水壶坏了" not in str(state_of(other)) and "li的水壶坏了" in str(state_of(other))
    (kept,) = other.var.glob("before-restore-*")
    assert {path.name: path.read_bytes() for path in (kept / "secrets").iterdir()} == before
    if (kept / "amends.db").exists():
        assert "wang的水壶坏了" in str(state_of(settings_for(kept)))
    assert (kept / "amends.db").exists() == (not other.database_url)
    assert not (other.var / "restoring").exists()


def test_an_older_schema_is_brought_to_the_present_one(
    make: Make, tmp_path: Path, call: Callable[..., SimpleNamespace]
) -> None:
    shop, other, file = make("shop"), make("other"), tmp_path / "shop.backup"
    with Database(shop.database) as database:
        migrate(database, "0005")
    assert back_up(shop, file, quiet).revision == "0005"
    assert call(other, "restore", file).status == 0
    assert call(other, "check").status == 0


@pytest.mark.parametrize("make", ["postgresql"], indirect=True)
def test_postgresql_is_replaced_only_by_who_types_its_name(
    make: Make, firm: Any, clock: Clock, tmp_path: Path, call: Callable[..., SimpleNamespace],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    shop, file = make("shop", migrated=True), tmp_path / "shop.backup"
    fill(shop, firm, clock)
    back_up(shop, file, quiet)
    with Database(shop.database) as database, database.begin() as work:
        append(work, "command", "since_the_backup", "x")
        work.commit()
    name = str(make_url(shop.database).database)
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    said = call(shop, "restore", file, "--replace")
    assert said.status == 2 and name in said.err and "nothing was changed" in said.err
    assert "since_the_backup" in str(state_of(shop)) and not (shop.var / "restoring").exists()
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{name}\n"))
    assert call(shop, "restore", file, "--replace").status == 0
    assert "since_the_backup" not in str(state_of(shop))


@pytest.mark.parametrize("make", ["postgresql"], indirect=True)
def test_a_password_stands_on_no_command_line(make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shop = make("shop", migrated=True)
    calls: list[tuple[list[str], dict[str, str]]] = []
    real = postgresql_tools.subprocess.run

    def noted(command: list[str], **options: Any) -> Any:
        calls.append((command, options.get("env", {})))
        return real(command, **options)

    monkeypatch.setattr(postgresql_tools.subprocess, "run", noted)
    address = make_url(shop.database).set(drivername="postgresql", password="hunter2")
    with_password = settings_for(shop.var, AMENDS_DATABASE_URL=address.render_as_string(hide_password=False))
    back_up(with_password, tmp_path / "shop.backup", quiet)
    assert calls and not any("hunter2" in part for command, _ in calls for part in command)
    assert [given["PGPASSWORD"] for _, given in calls if given] == ["hunter2"]


@pytest.mark.parametrize("make", ["postgresql"], indirect=True)
def test_a_missing_or_old_tool_of_postgresql_is_told(
    make: Make, tmp_path: Path, call: Callable[..., SimpleNamespace], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = make("shop", migrated=True)
    monkeypatch.setattr(postgresql_tools, "_DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert is_refused(call(shop, "backup", tmp_path / "b"), "pg_dump is missing")
    tool = tmp_path / "pg_dump"
    tool.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 9.6.1'\n")
    tool.chmod(0o700)
    assert is_refused(call(shop, "backup", tmp_path / "b"), "pg_dump 9 is older than the server")
    assert not (tmp_path / "b").exists()


# --- while somebody writes -------------------------------------------------------------------------------------------


def test_a_backup_beside_a_writer_holds_whole_transactions(
    shop_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer commits pairs of rows, some between the steps of the copy."""
    monkeypatch.setattr("store.backup._PAGES", 5)
    wrote, stop = threading.Semaphore(0), threading.Event()

    def write() -> None:
        with Database(shop_settings.database) as database:
            while not stop.is_set():
                with database.begin() as work:
                    for _ in range(2):
                        work.session.execute(
                            text("INSERT INTO pairs (content) VALUES (:content)"), {"content": token_hex(2000)}
                        )
                    work.commit()
                wrote.release()

    with Database(shop_settings.database) as database, database.begin() as work:
        work.session.execute(text("CREATE TABLE pairs (content TEXT)"))
        work.commit()
    writer = threading.Thread(target=write)
    steps: list[str] = []

    def tell(line: str) -> None:
        if line.startswith("copying"):
            steps.append(line)
            # At least one commit of the writer's between this step and the next.
            while wrote.acquire(blocking=False):
                pass
            assert wrote.acquire(timeout=60)

    writer.start()
    try:
        assert wrote.acquire(timeout=60)
        back_up(shop_settings, tmp_path / "b", tell)
    finally:
        stop.set()
        writer.join()
    assert len(steps) > 3
    with tarfile.open(tmp_path / "b") as archive:
        (tmp_path / "database").write_bytes(archive.extractfile("database").read())  # type: ignore[union-attr]
    copy = sqlite3.connect(tmp_path / "database")
    source = sqlite3.connect(shop_settings.var / "amends.db")
    assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    (pairs,), (all_pairs,) = (one.execute("SELECT count(*) FROM pairs").fetchone() for one in (copy, source))
    copy.close()
    source.close()
    assert pairs % 2 == 0 and 0 < pairs < all_pairs


def test_an_attachment_that_came_after_the_copy_of_the_database_is_in_the_backup(
    shop_settings: Settings, tmp_path: Path
) -> None:
    """The database first, then the files: so none that a copied row names is missing."""
    late = shop_settings.var / "attachments" / "zz" / "zzlate"

    def tell(line: str) -> None:
        if line == "packing the database":
            late.parent.mkdir()
            late.write_bytes(b"late")

    assert "attachments/zz/zzlate" in back_up(shop_settings, tmp_path / "b", tell).parts


def test_an_attachment_that_is_erased_meanwhile_is_left_out(shop_settings: Settings, tmp_path: Path) -> None:
    def tell(line: str) -> None:
        if line.startswith("packing attachments/"):
            (shop_settings.var / line.removeprefix("packing ")).unlink()

    manifest = back_up(shop_settings, tmp_path / "b", tell)
    assert [name for name in manifest.parts if name.startswith("attachments/")] == []
    other = settings_for(tmp_path / "other")
    restore(other, tmp_path / "b", quiet, lambda _: True)


# --- who may read it -------------------------------------------------------------------------------------------------


def test_backup_and_restored_state_are_the_owners_alone(backup: Path, tmp_path: Path) -> None:
    assert backup.stat().st_mode & 0o777 == 0o600
    other = settings_for(tmp_path / "other")
    restore(other, backup, quiet, lambda _: True)
    paths = [other.var, *other.var.rglob("*")]
    assert {path.stat().st_mode & 0o777 for path in paths if path.is_dir()} == {0o700}
    assert {path.stat().st_mode & 0o777 for path in paths if path.is_file()} == {0o600}


def test_secrets_from_outside_are_told_to_be_missing(
    shop_settings: Settings, tmp_path: Path, call: Callable[..., SimpleNamespace], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMENDS_SESSION_KEY", "hunter2")
    said = call(shop_settings, "backup", tmp_path / "b")
    assert "not in it, since set from outside: AMENDS_SESSION_KEY" in said.out and "hunter2" not in said.out
