"""``python -m store backup|restore``: all of the state into one file, and back."""

import argparse
import json
import signal
import sys
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from store.archive import BackupRefused, Manifest
from store.backup import back_up, secrets_from_outside
from store.restore import restore
from store.settings import Settings

BACKUP_COMMANDS = ("backup", "restore")
_WIDTH = 72


def add_backup_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands to the parser of ``python -m store``."""
    backup = commands.add_parser("backup", help="write all of the state into one file, while the service runs")
    backup.add_argument("file", type=Path)
    backup.add_argument("--overwrite", action="store_true", help="replace a file that is there")
    backup.add_argument("--json", action="store_true")
    back = commands.add_parser("restore", help="put a backup in place, while the service is stopped")
    back.add_argument("file", type=Path)
    back.add_argument("--replace", action="store_true", help="replace what is there, and keep it beside")
    back.add_argument("--yes", action="store_true", help="do not ask before PostgreSQL drops what is there")
    back.add_argument("--json", action="store_true")


def run_backup_command(settings: Settings, options: argparse.Namespace) -> int:
    """Do one of them; an expected mistake is one line on standard error and status 2."""
    # So that what was begun is removed, as at Ctrl-C.
    former = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        return _back_up(settings, options) if options.command == "backup" else _restore(settings, options)
    except (BackupRefused, OSError) as error:
        refusal = str(error)
    except DBAPIError as error:
        refusal = f"the database cannot be used: {str(error.orig).strip().splitlines()[0]}"
    except KeyboardInterrupt:
        return 130
    finally:
        _tell("")
        signal.signal(signal.SIGTERM, former)
    print(refusal, file=sys.stderr)
    return 2


def _back_up(settings: Settings, options: argparse.Namespace) -> int:
    manifest = back_up(settings, options.file, _tell, overwrite=options.overwrite)
    _tell("")
    size, lacking = options.file.stat().st_size, secrets_from_outside(settings)
    if options.json:
        _print_json(manifest, file=str(options.file), bytes=size, not_included=lacking)
        return 0
    print(f"{options.file}: {size} bytes, {_said(manifest)}")
    if lacking:
        print(f"not in it, since set from outside: {', '.join(lacking)}")
    return 0


def _restore(settings: Settings, options: argparse.Namespace) -> int:
    done = restore(
        settings, options.file, _tell, lambda name: options.yes or _is_confirmed(name), replace=options.replace
    )
    _tell("")
    if options.json:
        _print_json(done.manifest, kept=[str(path) for path in done.aside])
        return 0
    print(f"restored: {_said(done.manifest)}")
    for path in done.aside:
        print(f"what was there before is kept in {path}")
    return 0


def _is_confirmed(name: str) -> bool:
    _tell("")
    print(f"All that is in the database {name} will be dropped. To go on, type its name: ", end="", file=sys.stderr)
    sys.stderr.flush()
    return sys.stdin.readline().strip() == name


def _said(manifest: Manifest) -> str:
    files = len(manifest.parts) - 1
    return f"made {manifest.made_at:%Y-%m-%d %H:%M:%S} UTC, {sum(manifest.rows.values())} rows and {files} files"


def _print_json(manifest: Manifest, **more: object) -> None:
    print(json.dumps({**more, "manifest": manifest.model_dump(mode="json")}, indent=1))


def _tell(line: str) -> None:
    """Show how far it is, on a terminal, always on the same line; nothing takes it away."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{line[:_WIDTH]:<{_WIDTH}}\r{line[:_WIDTH]}")
        sys.stderr.flush()
