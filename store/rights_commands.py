"""``python -m store export|erase|retain``: customers' rights from the command line."""

import argparse
import os
import sys
from pathlib import Path

from store import audit
from store.attached_files import AttachedFiles
from store.customer_rights import (
    NoSuchPerson,
    ask_erasure,
    count_holdings,
    find_person,
    hindrances,
    public_id_of,
)
from store.database import Database
from store.exporting import collect, write_zip
from store.firm_files import FirmDataError
from store.letting_go import count_due, let_go
from store.migrate import is_current
from store.retention import Retention, read_retention
from store.settings import Settings

RIGHTS_COMMANDS = ("export", "erase", "retain")
_WHY = {
    "case_open": "a case is open",
    "money_under_way": "money is under way",
    "promise_open": "a promise is not kept yet",
    "message_waiting": "a message is not answered yet",
    "with_staff": "a conversation waits for a person or is with one",
    "records_kept": "the law wants the records kept",
}


def add_rights_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands to the parser of ``python -m store``."""
    export = commands.add_parser("export", help="write all data of one person into a zip")
    export.add_argument("--identity", required=True, help="channel:id, such as rest:42 or phone:13800138000")
    export.add_argument("--out", type=Path, required=True, help="the zip to write; must not be there yet")
    erase = commands.add_parser("erase", help="erase one person, now or when law and open business allow it")
    erase.add_argument("--identity", required=True, help="channel:id, such as rest:42 or phone:13800138000")
    erase.add_argument("--dry-run", action="store_true", help="only tell what would go, and what stands against it")
    retain = commands.add_parser("retain", help="let go of what has been kept long enough, as the desk does daily")
    retain.add_argument("--dry-run", action="store_true", help="only tell how much is due")


def run_rights_command(settings: Settings, options: argparse.Namespace) -> int:
    """Do one of them; an expected mistake is one line on standard error and status 2."""
    files = AttachedFiles(settings.var / "attachments")
    try:
        retention = read_retention(settings.firm)
        with Database(settings.database) as database:
            if not is_current(database):
                print("the schema is behind: run `python -m store migrate`", file=sys.stderr)
                return 1
            if options.command == "export":
                return _export(database, files, options.identity, options.out)
            if options.command == "erase":
                return _erase(database, files, retention, options.identity, options.dry_run)
            gone = count_due(database, retention) if options.dry_run else let_go(database, retention, files)
            for name, count in gone.items():
                print(f"{name}: {count}{' due' if options.dry_run else ''}")
            return 0
    except (NoSuchPerson, FirmDataError, FileExistsError, OSError) as error:
        print(error, file=sys.stderr)
        return 2


def _export(database: Database, files: AttachedFiles, identity: str, out: Path) -> int:
    with database.reading() as work:
        person = find_person(work, identity)
        found = collect(work, person)
    # Readable for its owner alone, and never in another file's place.
    descriptor = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        write_zip(found, files, file)
    with database.begin() as work:
        audit.append(work, "command", "export_person", public_id_of(work, person))
        work.commit()
    print(f"{out}: {out.stat().st_size} bytes")
    return 0


def _erase(database: Database, files: AttachedFiles, retention: Retention, identity: str, dry_run: bool) -> int:
    with database.begin() as work:
        person = find_person(work, identity)
        for name, count in count_holdings(work, person).items():
            print(f"{name}: {count}")
        standing = hindrances(work, person, retention)
        for one in standing:
            until = f" until {one.until:%Y-%m-%d}" if one.until else ""
            print(f"not yet: {_WHY[one.why]}{until}{f' ({one.what})' if one.what else ''}")
        if dry_run:
            print("nothing was changed")
            return 0
        request = ask_erasure(work, person, retention, "command", files)
        work.commit()
    if request.state == "done":
        print(f"erased (request {request.public_id})")
    else:
        when = f"on {request.not_before:%Y-%m-%d}" if request.not_before else "once what is open has ended"
        print(f"noted: will be erased {when} (request {request.public_id})")
    return 0
