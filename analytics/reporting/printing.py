"""The report as PDF, by a headless Chromium: found by its name, or named by ``AMENDS_BROWSER``."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

# As the packages of the common systems call it; first the one without windows, which starts in half the time.
NAMES = (
    *("chromium-headless-shell", "chromium", "chromium-browser"),
    *("google-chrome-stable", "google-chrome", "chrome", "msedge", "microsoft-edge"),
)
_SECONDS = 120
# Drawing takes a second or two of the page's own time.
_DRAWN_AFTER_MS = 20_000


class CannotPrint(Exception):
    """There is no PDF; the message says why, in one line."""


def find_browser(named: str = "") -> str | None:
    """The browser that prints.

    Args:
        named: its path or name; empty to look for one.

    Raises:
        CannotPrint: what is named is not there.
    """
    if named:
        found = shutil.which(named)
        if found is None:
            raise CannotPrint(f"AMENDS_BROWSER: there is no {named} that can be run")
        return found
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def as_pdf(page: str, browser: str, seconds: float = _SECONDS) -> bytes:
    """Print a page that holds all it needs; the browser reaches no address while it does.

    Raises:
        CannotPrint: the browser failed, or took too long.
    """
    with tempfile.TemporaryDirectory(prefix="amends-report-") as folder:
        source, target = Path(folder, "report.html"), Path(folder, "report.pdf")
        source.write_text(page, encoding="utf-8")
        command = [
            browser,
            "--headless",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--disable-extensions",
            "--disable-background-networking",
            "--disable-sync",
            "--no-first-run",
            "--no-default-browser-check",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            f"--user-data-dir={folder}/profile",
            "--window-size=720,1100",
            f"--virtual-time-budget={_DRAWN_AFTER_MS}",
            "--no-pdf-header-footer",
            f"--print-to-pdf={target}",
            # Chromium's sandbox does not run as root; the page is our own and asks nobody for anything.
            *(["--no-sandbox"] if os.geteuid() == 0 else []),
            source.as_uri(),
        ]
        _run(command, folder, seconds)
        if not target.exists() or not target.stat().st_size:
            raise CannotPrint(f"{Path(browser).name} made no PDF")
        return target.read_bytes()


def _run(command: list[str], folder: str, seconds: float) -> None:
    name = Path(command[0]).name
    # Nothing of the service's own environment, such as its secrets, is the browser's business.
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "LC_ALL", "FONTCONFIG_PATH", "TZ") if key in os.environ}
    environment = {**kept, "HOME": folder, "TMPDIR": folder}
    try:
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            # Its children end with it.
            start_new_session=True,
        )
    except OSError as error:
        raise CannotPrint(f"{name} cannot be run: {error.strerror}") from None
    try:
        status = process.wait(seconds)
    except subprocess.TimeoutExpired:
        raise CannotPrint(f"{name} took longer than {seconds:g} seconds") from None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if status:
        raise CannotPrint(f"{name} failed with status {status}")
