"""``python -m store …``: the database from the command line."""

import argparse
import sys
import tempfile

from store.backup_commands import BACKUP_COMMANDS, add_backup_commands, run_backup_command
from store.database import Database
from store.migrate import drift, is_current, migrate, revise
from store.restore import check_no_restore_waits
from store.rights_commands import RIGHTS_COMMANDS, add_rights_commands, run_rights_command
from store.settings import SettingsError, load_settings


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m store", description="The database of Amends.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("migrate", help="bring the schema to the present version")
    commands.add_parser("check", help="tell whether the schema is the present version")
    commands.add_parser("drift", help="prove on a throwaway database that models and migrations agree")
    revision = commands.add_parser("revise", help="write a migration for what changed in the models")
    revision.add_argument("message")
    add_backup_commands(commands)
    add_rights_commands(commands)
    options = parser.parse_args(arguments)
    if options.command in ("drift", "revise"):
        with tempfile.TemporaryDirectory() as folder, Database(f"sqlite:///{folder}/drift.db") as database:
            migrate(database)
            if options.command == "revise":
                revise(database, options.message)
                return 0
            differences = drift(database)
            print("\n".join(differences) or "models and migrations agree")
            return 1 if differences else 0
    try:
        settings = load_settings()
        if options.command != "restore":
            check_no_restore_waits(settings)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    if options.command in BACKUP_COMMANDS:
        return run_backup_command(settings, options)
    if options.command in RIGHTS_COMMANDS:
        return run_rights_command(settings, options)
    with Database(settings.database) as database:
        if options.command == "migrate":
            migrate(database)
        current = is_current(database)
        print("the schema is current" if current else "the schema is behind: run `python -m store migrate`")
        return 0 if current else 1


if __name__ == "__main__":
    sys.exit(main())
