"""``python -m actions …``: what was done on cases, and what another policy would do, from the command line.

Each command is a module with ``add(commands)``, which adds its parser and sets ``run(settings, database, options)``; a
command that needs no store sets ``without_store`` and gets None for it.
"""

import argparse
import sys

from sqlalchemy.exc import OperationalError

from actions import (
    corrections_command,
    dry_run_command,
    experience_command,
    guarantees_command,
    history_command,
    incident_command,
    simulate_command,
    tiers_command,
)
from actions.firm import FirmDataError
from store.database import Database
from store.migrate import is_current
from store.settings import SettingsError, load_settings

_COMMANDS = (
    corrections_command,
    dry_run_command,
    experience_command,
    guarantees_command,
    history_command,
    incident_command,
    simulate_command,
    tiers_command,
)


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Returns:
        0; 2 where the settings, the firm's files or what was asked are wrong.
    """
    options = _parser().parse_args(arguments)
    try:
        settings = load_settings()
        if getattr(options, "without_store", False):
            return int(options.run(settings, None, options))
        with Database(settings.database) as database:
            if not is_current(database):
                print("the database is not set up: `make run` does it, or `python -m store migrate`", file=sys.stderr)
                return 2
            return int(options.run(settings, database, options))
    except (SettingsError, FirmDataError) as error:
        print(error, file=sys.stderr)
    except OperationalError as error:
        print(f"the database does not answer: {error.orig}", file=sys.stderr)
    except OSError as error:
        print(f"{error.filename}: {error.strerror}", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m actions", description="What was done on the cases of Amends.")
    commands = parser.add_subparsers(dest="command", required=True)
    for command in _COMMANDS:
        command.add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
