"""All of the state into one file, and back: on both engines, beside writers, after a stop at any step."""

import gzip
import io
import json
import os
import shutil
import sqlite3
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import create_engine, inspect, make_url, text

from store import postgresql_tools
from store.__main__ import main
from store.archive import FORMAT
from store.attached_files import AttachedFiles
from store.audit import append
from store.backup import back_up
from store.database import Database
from store.migrate import migrate
from store.restore import restore
from store.settings import Settings, load_settings
from store.single import hold_lock
from store.tables import Attachment
from tests.actions.dialogue import Customer as Writer
from tests.actions.dialogue import Shop
from tests.conftest import ROOT, Clock

PICTURE = b"\x89PNG of a broken kettle"
State = dict[str, Any]


class Stopped(BaseException):
    """As a kill: nothing in the code waits for it."""


def quiet(_: str) -> None:
    pass


def state_of(settings: Settings) -> State:
    """Every row of every table, and every file of the state but drafts, which are none yet."""
    found: State = {}
    if settings.database_url or (settings.var / "amends.db").exists():
        engine = create_engine(settings.database)
        with engine.connect() as connection:
            for name in inspect(connection).get_table_names():
                found[name] = sorted(map(repr, connection.execute(text(f"SELECT * FROM {name}")).all()))
        engine.dispose()
    for folder in ("secrets", "attachments"):
        for path in (settings.var / folder).rglob("*"):
            if path.is_file() and path.parent.name != "drafts":
                found[path.relative_to(settings.var).as_posix()] = path.read_bytes()
    return found


def fill(settings: Settings, firm: Any, clock: Clock, customer: str = "li") -> None:
    """A complaint with an attachment, and two secrets."""
    settings.secret("api_token")
    settings.secret("session_key")
    with Database(settings.database, clock) as database:
        migrate(database)
        shop = Shop(database, firm, clock)
        writer = Writer(shop, customer)
        writer.complains("product_quality", text=f"{customer}的水壶坏了")
        files = AttachedFiles(settings.var / "attachments")
        draft = files.draft(PICTURE, b"small")
        with database.begin() as work:
            attachment = Attachment(
                conversation_id=writer.case.conversation_id, author="customer", name="kettle.png",
                media_type="image/png", size=len(PICTURE), digest="d" * 64, at=work.now,
            )  # fmt: skip
            work.session.add(attachment)
            work.session.flush()
            files.publish(draft, attachment.public_id)
            work.commit()
        files.draft(b"of no row yet", None)


Make = Callable[..., Settings]


@pytest.fixture(params=["sqlite", "postgresql"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Makes settings of a state folder of a given name, empty or as another one is, on each engine."""

    def folder(name: str, like: Settings | None) -> Path:
        if like is not None:
            shutil.copytree(like.var, tmp_path / name)
        return tmp_path / name

    if request.param == "sqlite":
        yield lambda name, like=None: settings_for(folder(name, like))
        return
    url = make_url(request.getfixturevalue("postgresql_url"))
    server, made = create_engine(url, isolation_level="AUTOCOMMIT"), []

    def one(name: str, like: Settings | None = None) -> Settings:
        database = f"{name}_{token_hex(4)}"
        template = make_url(like.database).database if like else "template1"
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {database} TEMPLATE {template}"))
        made.append(database)
        address = url.set(drivername="postgresql", database=database).render_as_string(hide_password=False)
        return settings_for(folder(name, like), AMENDS_DATABASE_URL=address)

    yield one
    with server.connect() as connection:
        for database in made:
            connection.execute(text(f"DROP DATABASE {database} WITH (FORCE)"))
    server.dispose()


def settings_for(var: Path, **more: str) -> Settings:
    return load_settings({"AMENDS_VAR": str(var), "AMENDS_FIRM": str(ROOT / "data" / "firm"), **more})


@pytest.fixture
def shop_settings(tmp_path: Path, firm: Any, clock: Clock) -> Settings:
    """A state on SQLite with something in it."""
    settings = settings_for(tmp_path / "shop")
    fill(settings, firm, clock)
    return settings


@pytest.fixture
def backup(shop_settings: Settings, tmp_path: Path) -> Path:
    back_up(shop_settings, tmp_path / "shop.backup", quiet)
    return tmp_path / "shop.backup"


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., SimpleNamespace]:
    """Calls the command line with a state's settings; what it said, and its status."""

    def run(settings: Settings, *arguments: object) -> SimpleNamespace:
        monkeypatch.setenv("AMENDS_VAR", str(settings.var))
        monkeypatch.setenv("AMENDS_DATABASE_URL", settings.database_url)
        status = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return SimpleNamespace(status=status, out=said.out, err=said.err)

    return run


def is_refused(said: SimpleNamespace, words: str) -> bool:
    return said.status == 2 and said.out == "" and said.err.count("\n") == 1 and words in said.err


def rewritten(backup: Path, change: Callable[[dict[str, bytes], dict[str, Any]], None]) -> Path:
    """A copy of a backup with other parts or another manifest."""
    with tarfile.open(backup) as archive:
        parts = {member.name: archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]
    manifest = json.loads(parts.pop("manifest.json"))
    change(parts, manifest)
    target = backup.with_name("rewritten.backup")
    with tarfile.open(target, "w:gz") as archive:
        for name, content in {**parts, "manifest.json": json.dumps(manifest).encode()}.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return target


# --- there and back --------------------------------------------------------------------------------------------------


def test_what_was_backed_up_comes_back(
    make: Make, firm: Any, clock: Clock, tmp_path: Path, call: Callable[..., SimpleNamespace]
) -> None:
    shop, other, file = make("shop"), make("other"), tmp_path / "shop.backup"
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
    shop, other, file = make("shop"), make("other"), tmp_path / "shop.backup"
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
    shop, file = make("shop"), tmp_path / "shop.backup"
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
    shop = make("shop")
    with Database(shop.database) as database:
        migrate(database)
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
    shop = make("shop")
    with Database(shop.database) as database:
        migrate(database)
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
        archive.extract("database", tmp_path, filter="data")
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


# --- stopped in the middle -------------------------------------------------------------------------------------------


def stopping(monkeypatch: pytest.MonkeyPatch, patched: list[tuple[Any, str]], at: int) -> None:
    """Stop before the call number ``at`` of what changes the disk, and before every later one."""
    count = 0

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **named: Any) -> Any:
            nonlocal count
            count += 1
            if count >= at:
                raise Stopped
            return real(*arguments, **named)

        return called

    for owner, name in patched:
        monkeypatch.setattr(owner, name, counted(getattr(owner, name)))


def test_a_backup_that_is_stopped_leaves_the_target_as_it_was(
    shop_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "b").write_bytes(b"an older one")
    lines: list[str] = []
    back_up(shop_settings, tmp_path / "whole", lines.append)
    for at in range(1, len(lines) + 1):
        seen = 0

        def tell(_: str, at: int = at) -> None:
            nonlocal seen
            seen += 1
            if seen == at:
                raise Stopped

        with pytest.raises(Stopped):
            back_up(shop_settings, folder / "b", tell, overwrite=True)
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"b": b"an older one"}
    with monkeypatch.context() as patch:
        stopping(patch, [(Path, "replace")], 1)
        with pytest.raises(Stopped):
            back_up(shop_settings, folder / "b", quiet, overwrite=True)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"b": b"an older one"}


@pytest.mark.parametrize("replacing", [False, True])
def test_a_restore_that_is_killed_leaves_the_old_or_goes_on(
    make: Make, replacing: bool, firm: Any, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before each call that changes the disk, then called again with the same words."""
    shop, old, file = make("shop"), make("old"), tmp_path / "shop.backup"
    fill(shop, firm, clock)
    back_up(shop, file, quiet)
    if replacing:
        fill(old, firm, clock, "wang")
    wanted, was = state_of(shop), state_of(old)
    # A kill runs none of the code that tidies up, which begins with one of these, too.
    changes: list[tuple[Any, str]] = [
        (Path, "replace"), (Path, "rename"), (Path, "unlink"), (postgresql_tools, "load"), (shutil, "rmtree")
    ]  # fmt: skip
    waited, finished, at = set(), False, 0
    while not finished:
        at += 1
        one = make(f"one{at}", old) if replacing else make(f"one{at}")
        with monkeypatch.context() as patch:
            stopping(patch, changes, at)
            with suppress(Stopped):
                restore(one, file, quiet, lambda _: True, replace=replacing)
                finished = True
        waits, present = (one.var / "restoring" / "ready.json").exists(), state_of(one)
        waited.add(waits)
        assert waits or present in (wanted, was), at
        if waits or present != wanted:
            restore(one, file, quiet, lambda _: True, replace=replacing)
        assert state_of(one) == wanted, at
    assert at > 5 and waited == {False, True}


def test_the_log_of_the_old_database_goes_aside_with_it(shop_settings: Settings, backup: Path, tmp_path: Path) -> None:
    """What a killed service had committed lies in the log alone; SQLite would read it into the restored file."""
    killed = settings_for(tmp_path / "killed")
    source = sqlite3.connect(shop_settings.var / "amends.db")
    source.execute("CREATE TABLE of_the_old_one (content TEXT)")
    source.commit()
    killed.var.mkdir()
    for path in shop_settings.var.glob("amends.db*"):
        shutil.copy(path, killed.var)
    source.close()
    assert (killed.var / "amends.db-wal").stat().st_size > 0
    restored = restore(killed, backup, quiet, lambda _: True, replace=True)
    assert "of_the_old_one" not in state_of(killed)
    assert "of_the_old_one" in state_of(settings_for(restored.aside[0]))


def test_what_was_kept_is_not_overwritten_when_a_restore_goes_on(
    shop_settings: Settings, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some other command may have made an empty database between the stop and the second call."""
    was = state_of(shop_settings)
    with monkeypatch.context() as patch:
        stopping(patch, [(Path, "rename")], 2)
        with pytest.raises(Stopped):
            restore(shop_settings, backup, quiet, lambda _: True, replace=True)
    assert not (shop_settings.var / "amends.db").exists()
    with Database(shop_settings.database) as database:
        migrate(database)
    restored = restore(shop_settings, backup, quiet, lambda _: True, replace=True)
    assert state_of(settings_for(restored.aside[0])) == was == state_of(shop_settings)


def test_a_folder_that_cannot_be_moved_is_told_before_anything_is(
    shop_settings: Settings, backup: Path, monkeypatch: pytest.MonkeyPatch, call: Callable[..., SimpleNamespace]
) -> None:
    was = state_of(shop_settings)
    monkeypatch.setattr(Path, "is_mount", lambda path: path.name == "secrets")
    assert is_refused(call(shop_settings, "restore", backup, "--replace"), "secrets is a mount")
    assert state_of(shop_settings) == was


def test_nothing_is_served_from_a_half_restored_folder(
    backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Callable[..., SimpleNamespace]
) -> None:
    from desk.__main__ import main as desk

    other = settings_for(tmp_path / "other")
    with monkeypatch.context() as patch:
        stopping(patch, [(Path, "rename")], 2)
        with pytest.raises(Stopped):
            restore(other, backup, quiet, lambda _: True)
    assert is_refused(call(other, "migrate"), "has not ended: run `python -m store restore` again")
    another = rewritten(backup, lambda _, manifest: manifest["rows"].clear())
    assert is_refused(call(other, "restore", another), "a restore of another file")
    assert desk(["serve"]) == 2
    assert call(other, "restore", backup).status == 0
    assert call(other, "check").status == 0


# --- refused ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda parts, _: parts.update({"secrets/api_token": b"mine"}), "secrets/api_token is not what was packed"),
        (lambda parts, _: parts.pop("secrets/api_token"), "secrets/api_token is not what was packed"),
        (lambda parts, _: parts.pop("database"), "database is not what was packed"),
        (lambda parts, _: parts.update({"../outside": b"x"}), "does not belong"),
        (lambda parts, _: parts.update({"secrets/../../outside": b"x"}), "does not belong"),
        (lambda parts, _: parts.update({"/tmp/outside": b"x"}), "does not belong"),
        (lambda parts, _: parts.update({"log/desk": b"x"}), "does not belong"),
        (lambda _, manifest: manifest.update(format=FORMAT + 1), f"has format {FORMAT + 1}"),
        (lambda _, manifest: manifest.pop("parts"), "its manifest cannot be read"),
        (lambda _, manifest: manifest.update(revision="9999"), "newer than this release"),
        (lambda _, manifest: manifest.update(system="postgresql"), "is of postgresql"),
    ],
)
def test_an_archive_that_is_not_as_it_should_be_is_refused(
    backup: Path, tmp_path: Path, call: Callable[..., SimpleNamespace], change: Any, words: str
) -> None:
    other = settings_for(tmp_path / "other")
    assert is_refused(call(other, "restore", rewritten(backup, change)), words)
    assert {path.name for path in other.var.iterdir()} <= {"desk.lock", "run.lock"}
    assert not list(tmp_path.rglob("outside"))


def test_a_link_in_an_archive_is_refused(backup: Path, tmp_path: Path, call: Callable[..., SimpleNamespace]) -> None:
    link = tarfile.TarInfo("secrets/api_token")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    with tarfile.open(tmp_path / "link", "w:gz") as archive:
        archive.addfile(link)
    assert is_refused(call(settings_for(tmp_path / "other"), "restore", tmp_path / "link"), "does not belong")


@pytest.mark.parametrize("share", [0, 0.001, 0.3, 0.7, 0.999])
def test_an_archive_that_was_cut_short_is_refused(
    backup: Path, tmp_path: Path, call: Callable[..., SimpleNamespace], share: float
) -> None:
    content = backup.read_bytes()
    backup.write_bytes(content[: int(len(content) * share)])
    assert is_refused(call(settings_for(tmp_path / "other"), "restore", backup), "is no backup, or not a whole one")


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path, call: Callable[..., SimpleNamespace]) -> None:
    other = settings_for(tmp_path / "other")
    for content in (b"words", gzip.compress(b"words"), gzip.compress(bytes(10_240))):
        (tmp_path / "b").write_bytes(content)
        assert is_refused(call(other, "restore", tmp_path / "b"), "is no backup")
    assert is_refused(call(other, "restore", tmp_path / "none"), "No such file")


@pytest.mark.parametrize("name", ["run", "desk"])
def test_nothing_is_restored_under_a_service(
    backup: Path, tmp_path: Path, call: Callable[..., SimpleNamespace], name: str
) -> None:
    held = hold_lock(tmp_path / "other", name)
    try:
        assert is_refused(call(settings_for(tmp_path / "other"), "restore", backup), "is serving from")
    finally:
        os.close(held)


@pytest.mark.parametrize("make", ["postgresql"], indirect=True)
def test_postgresql_is_not_restored_under_open_connections(
    make: Make, firm: Any, clock: Clock, tmp_path: Path, call: Callable[..., SimpleNamespace]
) -> None:
    shop, file = make("shop"), tmp_path / "shop.backup"
    fill(shop, firm, clock)
    back_up(shop, file, quiet)
    with Database(shop.database) as database, database.reading():
        assert is_refused(call(shop, "restore", file, "--replace", "--yes"), "1 other connections")


def test_there_must_be_something_to_back_up(tmp_path: Path, call: Callable[..., SimpleNamespace]) -> None:
    nobody = settings_for(tmp_path / "nobody")
    assert is_refused(call(nobody, "backup", tmp_path / "b"), "there is no database at")
    with Database(nobody.database):
        pass
    (nobody.var / "amends.db").touch()
    assert is_refused(call(nobody, "backup", tmp_path / "b"), "the database is empty")
    assert not (tmp_path / "b").exists() and is_refused(call(nobody, "backup", tmp_path / "no" / "b"), "No such file")


def test_a_file_that_is_there_is_overwritten_only_where_told(
    shop_settings: Settings, backup: Path, call: Callable[..., SimpleNamespace]
) -> None:
    before = backup.read_bytes()
    assert is_refused(call(shop_settings, "backup", backup), "or --overwrite")
    assert backup.read_bytes() == before
    assert call(shop_settings, "backup", backup, "--overwrite").status == 0
    assert backup.read_bytes() != before
    assert is_refused(call(shop_settings, "backup", shop_settings.var, "--overwrite"), "is there already")


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
