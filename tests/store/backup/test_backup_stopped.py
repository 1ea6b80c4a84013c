"""A backup or restore that is stopped at any step."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from store import postgresql_tools
from store.backup import back_up
from store.database import Database
from store.migrate import migrate
from store.restore import restore
from store.settings import Settings
from tests.conftest import Clock
from tests.store.backup.states import Make, Stopped, fill, is_refused, quiet, rewritten, settings_for, state_of


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
    shop, old, file = make("shop", migrated=True), make("old", migrated=replacing), tmp_path / "shop.backup"
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
