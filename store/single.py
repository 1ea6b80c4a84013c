"""One desk in SQLite mode, one ``make run`` a folder: a second one refuses to start."""

import fcntl
import os
from pathlib import Path

_COMMANDS = {"desk": "serve", "run": "run"}


class AlreadyServing(Exception):
    """Another process holds the lock."""


def hold_lock(folder: Path, name: str = "desk") -> int:
    """Take a lock of ``folder`` until the process ends, however it ends.

    Args:
        name: what serves from there: ``desk``, or ``run``, which keeps a whole service alive.

    Returns:
        The descriptor that holds it.

    Raises:
        AlreadyServing: somebody else has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise AlreadyServing(f"another `desk {_COMMANDS[name]}` is serving from {folder}") from None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor
