"""``python -m analytics …``: the numbers from the command line.

Each command is a module of ``analytics.commands``.
"""

import argparse
import sys

from sqlalchemy.exc import OperationalError

from analytics.case_history import UnreadableEvent
from analytics.commands import (
    chart,
    compare,
    controls,
    export,
    forecast,
    improvement,
    novelty,
    pareto,
    problems,
    recount,
    recovery,
    references,
    report,
    sigma,
    signals,
    simulate,
    times,
    watch,
)
from analytics.sigma import WrongInput
from store.database import Database
from store.firm_files import FirmDataError
from store.migrate import is_current
from store.settings import SettingsError, load_settings

_COMMANDS = (
    sigma,
    chart,
    pareto,
    compare,
    times,
    forecast,
    recovery,
    novelty,
    improvement,
    export,
    recount,
    references,
    report,
    simulate,
    watch,
    signals,
    controls,
    problems,
)


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Returns:
        0; 1 where a recount or a reference case differs; 2 where the settings, the firm's files or what was asked are
        wrong.
    """
    options = _parser().parse_args(arguments)
    try:
        if getattr(options, "without_store", False):
            return int(options.run(None, None, options))
        settings = load_settings()
        with Database(settings.database) as database:
            if not is_current(database):
                print("the database is not set up: `make run` does it, or `python -m store migrate`", file=sys.stderr)
                return 2
            return int(options.run(settings, database, options))
    except (SettingsError, FirmDataError, UnreadableEvent, WrongInput) as error:
        print(error, file=sys.stderr)
    except OperationalError as error:
        print(f"the database does not answer: {error.orig}", file=sys.stderr)
    except BrokenPipeError:
        # Whoever read along has seen enough; nothing is left to be written.
        sys.stderr.close()
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m analytics", description="The numbers of Amends.")
    commands = parser.add_subparsers(dest="command", required=True)
    for command in _COMMANDS:
        command.add(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
