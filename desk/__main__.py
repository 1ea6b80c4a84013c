"""``python -m desk …``: run the service, make accounts, import data."""

import argparse
import gc
import sys
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from actions.firm import FirmDataError, load_firm
from desk.account_commands import add_commands, print_token
from desk.accounts import AccountRefused
from desk.api.imports import (
    ImportRefused,
    in_chunks,
    keep_orders,
    keep_volumes,
    read_orders_csv,
    read_volumes_csv,
    volumes_in_chunks,
)
from desk.channels.tencent import vectors
from desk.run import run
from desk.tokens import TokenRefused
from store.database import Database
from store.logging import set_up_logging
from store.migrate import is_current
from store.restore import check_no_restore_waits
from store.settings import Settings, SettingsError, load_settings
from store.single import AlreadyServing, hold_lock

# Objects made, collections of the youngest, of the middle generation: before the next older one is collected.
_COLLECT_AFTER = (10_000, 20, 100)
# So long a thread that works on the store may keep the event loop from going on. A callback comes and goes by a dozen
# calls to the system, and after each the loop must have the interpreter back.
_SWITCH_SECONDS = 0.0005


def serve(settings: Settings, _: argparse.Namespace) -> int:
    """Serve the desk until it is told to stop."""
    # No other command needs all of it, and it takes seconds to load.
    from desk.app import make_app

    set_up_logging("desk")
    if settings.database.startswith("sqlite"):
        hold_lock(settings.var)
    app = make_app(settings)
    # What is there at the start stays. With thousands of open streams a full collection takes half a second in which
    # nobody is served, so it comes seldom, and looks at nothing of this.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)
    sys.setswitchinterval(_SWITCH_SECONDS)
    web.run_app(app, host=settings.host, port=settings.port, print=None, access_log=None, shutdown_timeout=5)
    return 0


def import_volumes(settings: Settings, options: argparse.Namespace) -> int:
    """Import volumes of service steps from a CSV file; the whole file is read before anything is kept."""
    volumes = list(read_volumes_csv(options.file, load_firm(settings.firm)))
    with Database(settings.database) as database:
        kept = 0
        for chunk in volumes_in_chunks(volumes):
            with database.begin() as work:
                kept += keep_volumes(work, chunk)
                work.commit()
            print(f"{kept} of {len(volumes)} volumes", file=sys.stderr)
    return 0


def import_orders(settings: Settings, options: argparse.Namespace) -> int:
    """Import orders from a CSV file; the whole file is read before anything is kept."""
    orders = list(read_orders_csv(options.file))
    with Database(settings.database) as database:
        kept = 0
        for chunk in in_chunks(orders):
            with database.begin() as work:
                kept += keep_orders(work, chunk)
                work.commit()
            print(f"{kept} of {len(orders)} orders", file=sys.stderr)
    return 0


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    command: Callable[[Settings, argparse.Namespace], int] = options.command
    try:
        settings = load_settings()
        check_no_restore_waits(settings)
        if command not in (run, print_token, vectors.check_vectors):
            with Database(settings.database) as database:
                if not is_current(database):
                    print("the database is behind: run `python -m store migrate`", file=sys.stderr)
                    return 1
        return command(settings, options)
    except (SettingsError, FirmDataError, ImportRefused, AccountRefused, TokenRefused, AlreadyServing) as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m desk", description="The Amends service.")
    commands = parser.add_subparsers(required=True, metavar="command")
    add = commands.add_parser("run", help="run everything: Rasa, action server and desk, restarted when one dies")
    add.add_argument("--model", type=Path, required=True, help="the trained Rasa model")
    add.set_defaults(command=run)
    commands.add_parser("serve", help="serve the desk alone").set_defaults(command=serve)
    add_commands(commands)
    add = commands.add_parser("imports", help="import data from files")
    kinds = add.add_subparsers(dest="kind", required=True, metavar="kind")
    for kind, command in (("orders", import_orders), ("volumes", import_volumes)):
        one = kinds.add_parser(kind, help=f"{kind} from a CSV file")
        one.add_argument("file", type=Path)
        one.set_defaults(command=command)
    vectors.add_command(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
