"""What is not backed up, and what is not restored."""

import gzip
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from store.archive import FORMAT
from store.backup import back_up
from store.database import Database
from store.settings import Settings
from store.single import hold_lock
from tests.conftest import Clock
from tests.store.backup.states import (
    Make,
    fill,
    is_refused,
    quiet,
    rewritten,
    settings_for,
)


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
    shop, file = make("shop", migrated=True), tmp_path / "shop.backup"
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
