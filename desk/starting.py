"""What must hold before anything is started, so that a mistake is one line and not four processes dying for ever."""

import contextlib
import os
import socket
import tarfile
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy.exc import OperationalError

from store.settings import Settings, SettingsError

# What an earlier start left behind goes away by itself: supervisor gives its processes ten seconds.
_LEFT_BEHIND_SECONDS = 15.0
_LOOK_EVERY_SECONDS = 0.3
_ROOM_NEEDED = 4 * 2**20


def check_folder(folder: Path) -> None:
    """Make the folder of the service's state, and see that something can be kept there.

    Raises:
        SettingsError: it cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(_ROOM_NEEDED))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise SettingsError(f"AMENDS_VAR: nothing can be kept in {folder}: {error.strerror}") from None


def check_model(model: Path) -> None:
    """See that the model is there, and whole; Rasa would start without one and answer nothing.

    Raises:
        SettingsError: it is not.
    """
    try:
        with tarfile.open(model) as archive:
            archive.getmembers()
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise SettingsError(f"the model {model} cannot be read: {error}") from None


def check_ports(settings: Settings) -> None:
    """See that each process can have its port; waits where an earlier start of this folder's is still being stopped.

    Raises:
        SettingsError: one is taken.
    """
    deadline, told = time.monotonic() + _LEFT_BEHIND_SECONDS, False
    while True:
        taken = _taken_port(settings)
        if time.monotonic() > deadline or not _is_left_behind(settings.var / "supervisor.pid", taken is not None):
            break
        if not told:
            print("waiting for what an earlier start left behind …", flush=True)
            told = True
        time.sleep(_LOOK_EVERY_SECONDS)
    if taken is not None:
        raise SettingsError(taken)


@contextmanager
def telling_plainly() -> Iterator[None]:
    """Turn a database that cannot be opened into one line.

    Raises:
        SettingsError: in its place.
    """
    try:
        yield
    except OperationalError as error:
        first = str(error.orig).strip().splitlines()[0]
        raise SettingsError(f"the database cannot be used: {first}") from None


def _taken_port(settings: Settings) -> str | None:
    """What to tell of the first port that is taken, by another program or by another of these processes."""
    wanted = [("AMENDS_BIND", settings.host.strip("[]"), settings.port)]
    wanted.append(("AMENDS_ACTIONS_PORT", "127.0.0.1", settings.actions_port))
    if not settings.rasa_urls:
        wanted.append(("AMENDS_RASA_PORT", "127.0.0.1", settings.rasa_port))
    with ExitStack() as held:
        for name, host, port in wanted:
            try:
                family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
                held.enter_context(socket.create_server((host, port), family=family))
            except OSError as error:
                return f"{name}: cannot listen on {host}:{port}: {error.strerror}"
    return None


def _is_left_behind(pid_file: Path, port_taken: bool) -> bool:
    """Whether supervisor did not come to its end in good order, and something of that start may still be there."""
    try:
        supervisor = int(pid_file.read_text())
    except (OSError, ValueError):
        return False
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(supervisor, 0)
        return True
    return port_taken
