"""What is looked at before the service starts, and that nothing of it outlives what keeps it alive."""

import errno
import os
import signal
import socket
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from desk.run import _Noted
from desk.starting import check_folder, check_model, check_ports, telling_plainly
from store.database import Database
from store.migrate import migrate
from store.settings import Settings, SettingsError, load_settings
from store.single import AlreadyServing, hold_lock
from tests.conftest import ROOT
from tests.e2e.service import free_port, wait_for


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """What may be a model: an archive with enough in it to be cut short."""
    (tmp_path / "weights").write_bytes(os.urandom(50_000))
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "weights", "weights")
    return tmp_path / "model.tar.gz"


def on_ports(var: Path, desk: int, actions: int, rasa: int) -> Settings:
    var.mkdir(exist_ok=True)
    return load_settings(
        {
            "AMENDS_VAR": str(var),
            "AMENDS_BIND": f"127.0.0.1:{desk}",
            "AMENDS_ACTIONS_PORT": str(actions),
            "AMENDS_RASA_PORT": str(rasa),
        }
    )


@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_port_that_is_taken_is_told_by_its_setting(tmp_path: Path, which: int) -> None:
    names = ("AMENDS_BIND", "AMENDS_ACTIONS_PORT", "AMENDS_RASA_PORT")
    ports = [free_port() for _ in names]
    check_ports(on_ports(tmp_path, *ports))
    with (
        socket.create_server(("127.0.0.1", ports[which])),
        pytest.raises(SettingsError, match=f"^{names[which]}: cannot listen on 127.0.0.1:{ports[which]}: .*in use"),
    ):
        check_ports(on_ports(tmp_path, *ports))


def test_two_processes_are_not_given_one_port(tmp_path: Path) -> None:
    port = free_port()
    with pytest.raises(SettingsError, match=r"^AMENDS_RASA_PORT"):
        check_ports(on_ports(tmp_path, free_port(), port, port))


def test_what_an_earlier_start_left_behind_is_waited_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = on_ports(tmp_path, free_port(), free_port(), free_port())
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as old:
        (tmp_path / "supervisor.pid").write_text(f"{old.pid}\n")

        def it_ends(_: float) -> None:
            old.kill()
            old.wait()

        monkeypatch.setattr("desk.starting.time.sleep", it_ends)
        check_ports(settings)
        assert old.returncode == -signal.SIGKILL
    assert capsys.readouterr().out == "waiting for what an earlier start left behind …\n"


def test_a_port_that_a_killed_start_still_holds_is_not_waited_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desk.starting._LEFT_BEHIND_SECONDS", 0.5)
    settings = on_ports(tmp_path, free_port(), free_port(), free_port())
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    (tmp_path / "supervisor.pid").write_text(f"{gone.pid}\n")
    check_ports(settings)
    with socket.create_server(("127.0.0.1", settings.port)), pytest.raises(SettingsError, match=r"^AMENDS_BIND"):
        check_ports(settings)


def test_a_model_that_is_missing_cut_short_or_none_is_refused(model: Path, tmp_path: Path) -> None:
    check_model(model)
    whole = model.read_bytes()
    for content in (whole[: len(whole) // 2], b"no archive", b""):
        model.write_bytes(content)
        with pytest.raises(SettingsError, match=r"model\.tar\.gz cannot be read"):
            check_model(model)
    with pytest.raises(SettingsError, match="none cannot be read"):
        check_model(tmp_path / "none")


def test_a_folder_where_nothing_can_be_kept_is_told_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check_folder(tmp_path / "var")
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match=r"^AMENDS_VAR: nothing can be kept in .*: Not a directory"):
        check_folder(tmp_path / "file" / "var")

    def no_room(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("desk.starting.os.fsync", no_room)
    with pytest.raises(SettingsError, match="No space left on device"):
        check_folder(tmp_path / "var")
    assert list((tmp_path / "var").iterdir()) == []


def test_a_database_that_is_none_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "amends.db").mkdir()
    with (
        pytest.raises(SettingsError, match=r"^the database cannot be used: unable to open database file$"),
        telling_plainly(),
        Database(f"sqlite:///{tmp_path / 'amends.db'}") as database,
    ):
        migrate(database)


def test_a_second_run_in_one_folder_is_refused_and_a_desk_beside_it_is_not(tmp_path: Path) -> None:
    held = hold_lock(tmp_path, "run")
    with pytest.raises(AlreadyServing, match=r"^another `desk run` is serving from "):
        hold_lock(tmp_path, "run")
    os.close(hold_lock(tmp_path))
    os.close(held)
    os.close(hold_lock(tmp_path, "run"))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process of its parent's end")
def test_what_is_started_does_not_outlive_who_started_it() -> None:
    start = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, sys.argv[1], 'SIGKILL', sys.executable, '-c',"
        " 'import os, time; print(os.getpid(), flush=True); time.sleep(600)'])\n"
        "child.wait()"
    )
    command = [sys.executable, "-c", start, str(ROOT / "desk" / "end_with_parent.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    wait_for(lambda: not _runs(child), 30, "the child has ended, too")


def _runs(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_a_process_that_ends_is_told_of_once_with_its_last_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "supervisor.log"
    log.write_text("2026-11-18 10:00:00,000 WARN exited: actions (exit status 1; not expected)\n")
    noted = _Noted(tmp_path)
    (tmp_path / "desk.log").write_text("Traceback\nOSError: address already in use\n\n")
    with log.open("a") as lines:
        lines.write("2026-11-18 10:00:01,000 INFO exited: rasa (exit status 0; expected)\n")
        for _ in range(2):
            lines.write("2026-11-18 10:00:02,000 WARN exited: desk (exit status 1; not expected)\n")
    noted.tell_of_ends()
    noted.tell_of_ends()
    assert capsys.readouterr().out == "desk does not start, and is tried again: OSError: address already in use\n"
