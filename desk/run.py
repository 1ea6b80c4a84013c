"""``make run``: everything on one machine, under supervisor, until Ctrl-C."""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from actions.connectors.systems import check_secrets
from actions.firm import load_firm
from analytics.improvement.policy import read_policy
from desk import accounts
from desk.channels.accounts import read_accounts
from desk.starting import check_folder, check_model, check_ports, telling_plainly
from store.database import Database
from store.migrate import migrate
from store.settings import Settings
from store.single import hold_lock

_ROOT = Path(__file__).resolve().parent.parent
_BOT_PYTHON = _ROOT / "bot" / ".venv" / "bin" / "python"
_END_WITH_PARENT = (sys.executable, str(_ROOT / "desk" / "end_with_parent.py"))
# What supervisor notes of a process that ended, or could not even be started.
_ENDED = re.compile(r"(?:exited: (\w+) \((?!.*; expected)|spawnerr: .*? '(\w+)')")


class _Noted:
    """What supervisor notes in its log from now on."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._path = log / "supervisor.log"
        self._read_up_to = self._path.stat().st_size if self._path.exists() else 0
        self._told: set[str] = set()

    def tell_of_ends(self) -> None:
        """Tell of each process that ended, once, with the last it said."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._read_up_to)
            new = file.read()
        self._read_up_to += len(new)
        for found in _ENDED.finditer(new.decode(errors="replace")):
            name = found[1] or found[2]
            if name not in self._told:
                self._told.add(name)
                print(f"{name} does not start, and is tried again: {_last_word(self._log / f'{name}.log')}", flush=True)


def run(settings: Settings, options: argparse.Namespace) -> int:
    """Prepare the store, tell what there is to know, and have supervisor keep the processes alive.

    Returns:
        0 where it was told to stop, 1 where supervisor went away by itself.

    Raises:
        AlreadyServing: another one serves from the same folder.
        SettingsError: it cannot be started as it is set up; so FirmDataError.
    """
    check_folder(settings.var)
    hold_lock(settings.var, "run")
    # A mistake in the firm's data is told here, once, and not by each process.
    check_secrets(settings, load_firm(settings.firm))
    read_policy(settings.firm)
    read_accounts(settings)
    check_model(options.model)
    check_ports(settings)
    with telling_plainly(), Database(settings.database) as database:
        migrate(database)
        password = _first_administrator(database)
    for secret in ("api_token", "rasa_token", "session_key"):
        settings.secret(secret)
    _tell(settings, password)
    configuration = _write_configuration(settings, options.model)
    noted = _Noted(settings.var / "log")
    supervisor = subprocess.Popen(
        [
            *(*_END_WITH_PARENT, "SIGTERM", sys.executable),
            *("-m", "supervisor.supervisord", "--nodaemon", "--silent", "-c", str(configuration)),
        ],
        cwd=_ROOT,
        env=_environment(settings),
        # Ctrl-C reaches this process alone, which passes it on once.
        start_new_session=True,
    )
    told_to_stop = False

    def stop(*_: object) -> None:
        nonlocal told_to_stop
        told_to_stop = True
        supervisor.terminate()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    _wait_until_ready(settings, supervisor, noted)
    supervisor.wait()
    if told_to_stop:
        return 0
    print(f"supervisor ended by itself ({supervisor.returncode}), and all with it; see {settings.var / 'log'}")
    return 1


def _first_administrator(database: Database) -> str | None:
    with database.begin() as work:
        if accounts.has_accounts(work):
            return None
        password = accounts.add_account(work, "admin", "Administrator", "administrator", by="first run")
        work.commit()
        return password


def _tell(settings: Settings, password: str | None) -> None:
    print(f"chat       {settings.address}/")
    print(f"desk       {settings.address}/desk/")
    if password:
        print(f"first log-in at the desk: admin, one-time password {password}")
    if not settings.api_token.get_secret_value():
        print(f"API token  {settings.var / 'secrets' / 'api_token'}")
    print(f"logs       {settings.var / 'log'}")
    print("starting …", flush=True)


def _write_configuration(settings: Settings, model: Path) -> Path:
    """Supervisor's configuration; secrets are not in it but in the environment of the processes."""
    log = settings.var.absolute() / "log"
    log.mkdir(exist_ok=True)
    programs = {
        "actions": [sys.executable, "-m", "actions.server"],
        "desk": [sys.executable, "-m", "desk", "serve"],
    }
    if not settings.rasa_urls:
        programs["rasa"] = [
            *(str(_BOT_PYTHON), "-m", "bot.serve", "-p", str(settings.rasa_port), "-m", str(model.absolute())),
        ]
    lines = [
        "[supervisord]",
        f"logfile={log / 'supervisor.log'}",
        f"pidfile={settings.var.absolute() / 'supervisor.pid'}",
        f"directory={_ROOT}",
        # Says what is so anyway, and silences supervisor's warning about it.
        *(["user=root"] if os.getuid() == 0 else []),
    ]
    # The desk starts last and stops first, so that what it has under way is still answered; who answers ends together.
    answering = ",".join(name for name in programs if name != "desk")
    lines += ["[group:desk]", "programs=desk", "priority=2", "[group:answering]", f"programs={answering}", "priority=1"]
    for name, command in programs.items():
        bound = (*_END_WITH_PARENT, "SIGKILL", *command)
        quoted = " ".join(f'"{part}"' for part in bound).replace("%", "%%")
        lines += [
            f"[program:{name}]",
            f"command={quoted}",
            "autorestart=true",
            "startsecs=2",
            # One that cannot start is tried for ever, each time a second later: a disk may have room again.
            "startretries=1000000",
            "stopwaitsecs=10",
            "stopasgroup=true",
            "killasgroup=true",
            "redirect_stderr=true",
            f"stdout_logfile={log / name}.log",
            "stdout_logfile_maxbytes=10MB",
            "stdout_logfile_backups=3",
        ]
    path = settings.var / "supervisor.conf"
    path.write_text("\n".join(lines) + "\n")
    return path.absolute()


def _environment(settings: Settings) -> dict[str, str]:
    return {
        **os.environ,
        "AMENDS_ACTIONS_PORT": str(settings.actions_port),
        "AMENDS_RASA_TOKEN": settings.secret("rasa_token"),
        "RASA_TELEMETRY_ENABLED": "false",
        "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "PYTHONUNBUFFERED": "1",
    }


def _wait_until_ready(settings: Settings, supervisor: subprocess.Popen[bytes], noted: _Noted) -> None:
    url, started, told = f"http://{settings.bind}/readyz", time.monotonic(), ""
    while supervisor.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    print(f"ready      {settings.address}/ (Ctrl-C stops all)", flush=True)
                    return
        except urllib.error.HTTPError as error:
            missing = _missing(error)
            if missing and missing != told and time.monotonic() - started > 20:
                told = missing
                print(f"still waiting for {missing}; see {settings.var / 'log'}", flush=True)
        except OSError:
            pass
        noted.tell_of_ends()
        time.sleep(0.3)


def _last_word(path: Path) -> str:
    """The last line of a log that says something."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError:
        lines = []
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")


def _missing(error: urllib.error.HTTPError) -> str:
    try:
        return ", ".join(name for name, ready in json.load(error).items() if name != "ready" and not ready)
    except ValueError:
        return ""
