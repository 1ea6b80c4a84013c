"""In SQLite mode there is one desk: a second one refuses to start."""

import fcntl
import os
from pathlib import Path


class AlreadyServing(Exception):
    """Another desk holds the lock."""


def hold_lock(folder: Path) -> int:
    """Take the lock of ``folder`` until the process ends.

    Returns:
        The descriptor that holds it.

    Raises:
        AlreadyServing: somebody else has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / "desk.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise AlreadyServing(f"another desk is serving from {folder}") from None
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor
