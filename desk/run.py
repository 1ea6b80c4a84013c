"""``make run``: everything on one machine, under supervisor, until Ctrl-C."""

import argparse
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from actions.connectors.systems import check_secrets
from actions.firm import load_firm
from desk import accounts
from desk.channels.accounts import read_accounts
from store.database import Database
from store.migrate import migrate
from store.settings import Settings

_ROOT = Path(__file__).resolve().parent.parent
_BOT_PYTHON = _ROOT / "bot" / ".venv" / "bin" / "python"


def run(settings: Settings, options: argparse.Namespace) -> int:
    """Prepare the store, tell what there is to know, and have supervisor keep the processes alive."""
    # A mistake in the firm's data is told here, once, and not by each process.
    check_secrets(settings, load_firm(settings.firm))
    read_accounts(settings)
    settings.var.mkdir(parents=True, exist_ok=True, mode=0o700)
    with Database(settings.database) as database:
        migrate(database)
        password = _first_administrator(database)
    for secret in ("api_token", "rasa_token", "session_key"):
        settings.secret(secret)
    _tell(settings, password)
    configuration = _write_configuration(settings, options.model)
    supervisor = subprocess.Popen(
        [sys.executable, "-m", "supervisor.supervisord", "--nodaemon", "--silent", "-c", str(configuration)],
        cwd=_ROOT,
        env=_environment(settings),
        # Ctrl-C reaches this process alone, which passes it on once.
        start_new_session=True,
        preexec_fn=_end_with_parent,
    )

    def stop(*_: object) -> None:
        supervisor.terminate()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    _wait_until_ready(settings, supervisor)
    supervisor.wait()
    return 0


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
    for name, command in programs.items():
        quoted = " ".join(f'"{part}"' for part in command).replace("%", "%%")
        lines += [
            f"[program:{name}]",
            f"command={quoted}",
            "autorestart=true",
            # The desk starts last and stops first, so that what it has under way is still answered.
            f"priority={2 if name == 'desk' else 1}",
            "startsecs=2",
            # A process that cannot start at all is tried for some minutes: a port may come free.
            "startretries=20",
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


def _wait_until_ready(settings: Settings, supervisor: subprocess.Popen[bytes]) -> None:
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
        time.sleep(0.3)


def _missing(error: urllib.error.HTTPError) -> str:
    try:
        return ", ".join(name for name, ready in json.load(error).items() if name != "ready" and not ready)
    except ValueError:
        return ""


def _end_with_parent() -> None:
    """Have the kernel stop supervisor, and so everything, should this process be killed outright (Linux)."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)
