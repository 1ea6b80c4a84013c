"""``python -m desk users``, ``tokens`` and ``audit``: what an administrator does at the desk, without it."""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from actions.firm import load_firm
from desk import accounts, audit_log
from desk import tokens as api_tokens
from desk.scopes import SCOPES
from store.audit import verify
from store.database import Database
from store.settings import Settings
from store.tables import AuditEntry, Staff


def add_commands(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the three to the parser of ``python -m desk``."""
    _add_users(commands)
    _add_tokens(commands)
    _add_audit(commands)


def print_token(settings: Settings, _: argparse.Namespace) -> int:
    """Print the settings' own token of the API, which may do everything."""
    print(settings.secret("api_token"))
    return 0


def list_users(settings: Settings, options: argparse.Namespace) -> int:
    """Print who has an account."""
    with Database(settings.database) as database, database.reading() as work:
        rows = [
            {
                "login": staff.login,
                "name": staff.name,
                "role": staff.role,
                "state": _state(staff, locked=staff.locked_until is not None and staff.locked_until > work.now),
                "second_factor": staff.totp_confirmed_at is not None,
                "departments": staff.departments,
            }
            for staff in work.session.scalars(select(Staff).order_by(Staff.login))
        ]
    _print(rows, options.json)
    return 0


def add_user(settings: Settings, options: argparse.Namespace) -> int:
    """Make an account; prints its one-time password."""
    with Database(settings.database) as database, database.begin() as work:
        password = accounts.add_account(work, options.login, options.name or "", options.role, options.language)
        work.commit()
    print(f"{options.login}: one-time password {password}")
    return 0


def reset_user(settings: Settings, options: argparse.Namespace) -> int:
    """Give an account a new one-time password; prints it."""
    with Database(settings.database) as database, database.begin() as work:
        password = accounts.reset_password(work, options.login)
        work.commit()
    print(f"{options.login}: one-time password {password}")
    return 0


def change_user(settings: Settings, options: argparse.Namespace) -> int:
    """Do the deed of the subcommand on an account."""
    deed, done = options.deed
    with Database(settings.database) as database, database.begin() as work:
        deed(work, options.login)
        work.commit()
    print(f"{options.login}: {done}")
    return 0


def list_tokens(settings: Settings, options: argparse.Namespace) -> int:
    """Print the tokens made at the desk or here; never a token itself."""
    with Database(settings.database) as database, database.reading() as work:
        rows = [
            {
                "id": token.public_id,
                "name": token.name,
                "scopes": token.scopes,
                "state": "good"
                if api_tokens.is_good(token, work.now)
                else "revoked"
                if token.revoked_at
                else "expired",
                "expires_at": token.expires_at.isoformat() if token.expires_at else None,
                "last_used_at": token.last_used_at.isoformat() if token.last_used_at else None,
                "created_by": token.created_by,
            }
            for token in api_tokens.list_tokens(work)
        ]
    _print(rows, options.json)
    return 0


def add_token(settings: Settings, options: argparse.Namespace) -> int:
    """Make a token; prints it, this once."""
    firm = load_firm(settings.firm)
    with Database(settings.database) as database, database.begin() as work:
        token = api_tokens.add_token(work, firm, options.name, options.scopes, options.last_day)
        work.commit()
    print(token)
    return 0


def revoke_token(settings: Settings, options: argparse.Namespace) -> int:
    """Make a token worthless."""
    with Database(settings.database) as database, database.begin() as work:
        token = api_tokens.revoke_token(work, options.id)
        work.commit()
    print(f"{token.name}: revoked")
    return 0


def verify_audit(settings: Settings, options: argparse.Namespace) -> int:
    """Say whether the chain of the audit log holds; status 1 where it does not."""
    with Database(settings.database) as database, database.reading() as work:
        broken = 0
        for link in verify(work):
            broken += 1
            why = "its words were changed" if link.wrong == "content" else "slipped in, or one before it taken out"
            print(f"entry {link.entry_id}: {why}")
        last, count = audit_log.last_entry(work), work.session.scalar(select(func.count()).select_from(AuditEntry))
        known = select(AuditEntry.id).where(AuditEntry.digest == options.noted)
        if options.noted and work.session.scalars(known).first() is None:
            broken += 1
            print("the noted digest is gone: entries were cut off, or the log is another one")
    print(f"{count} entries, {'the chain holds' if not broken else f'{broken} faults'}")
    if last is not None and not broken:
        print(f"latest digest {last.digest}")
    return 1 if broken else 0


def export_audit(settings: Settings, options: argparse.Namespace) -> int:
    """Write the audit log as CSV to a file, or to standard output."""
    with Database(settings.database) as database, database.reading() as work:
        pieces = audit_log.export_all(work)
        if options.file is None:
            sys.stdout.writelines(pieces)
        else:
            try:
                with options.file.open("w", encoding="utf-8", newline="") as file:
                    file.writelines(pieces)
            except OSError as error:
                print(f"{options.file}: {error.strerror}", file=sys.stderr)
                return 2
    return 0


def _add_users(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    users = commands.add_parser("users", help="accounts of staff").add_subparsers(required=True, metavar="deed")
    listing = users.add_parser("list", help="who has an account")
    listing.add_argument("--json", action="store_true", help="for other programs")
    listing.set_defaults(command=list_users)
    new = users.add_parser("add", help="make an account with a one-time password")
    new.add_argument("login")
    new.add_argument("--name", help="as customers see it")
    new.add_argument("--role", default="agent", choices=accounts.ROLES)
    new.add_argument("--language", default="zh", choices=("zh", "en"))
    new.set_defaults(command=add_user)
    reset = users.add_parser("reset", help="give an account a new one-time password, and end its sessions")
    reset.add_argument("login")
    reset.set_defaults(command=reset_user)
    for name, help_, deed, done in (
        ("deactivate", "close an account and end its sessions", accounts.deactivate, "deactivated"),
        ("reactivate", "open a closed account again", accounts.reactivate, "active"),
        (
            *("reset-second-factor", "take the second factor of somebody who lost it, and end their sessions"),
            *(accounts.reset_second_factor, "the second factor is gone"),
        ),
    ):
        add = users.add_parser(name, help=help_)
        add.add_argument("login")
        add.set_defaults(command=change_user, deed=(deed, done))


def _add_tokens(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    tokens = commands.add_parser("tokens", help="print the API token of the settings, or handle those with scopes")
    tokens.set_defaults(command=print_token)
    deeds = tokens.add_subparsers(metavar="deed")
    listing = deeds.add_parser("list", help="tokens with scopes, and when they were last used")
    listing.add_argument("--json", action="store_true", help="for other programs")
    listing.set_defaults(command=list_tokens)
    new = deeds.add_parser("add", help="make a token and print it, this once")
    new.add_argument("name", help="which system it is for")
    new.add_argument("--scope", dest="scopes", action="append", required=True, choices=SCOPES, help="may be repeated")
    new.add_argument("--last-day", type=date.fromisoformat, help="such as 2027-03-31; without it, until it is revoked")
    new.set_defaults(command=add_token)
    revoke = deeds.add_parser("revoke", help="make a token worthless")
    revoke.add_argument("id", help="as `tokens list` shows it")
    revoke.set_defaults(command=revoke_token)


def _add_audit(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    deeds = commands.add_parser("audit", help="the audit log").add_subparsers(required=True, metavar="deed")
    check = deeds.add_parser("verify", help="prove that nothing in it was changed, slipped in or taken out")
    check.add_argument("--noted", metavar="DIGEST", help="a latest digest noted earlier: nothing up to it was cut off")
    check.set_defaults(command=verify_audit)
    export = deeds.add_parser("export", help="write it as CSV")
    export.add_argument("file", type=Path, nargs="?", help="without it, to standard output")
    export.set_defaults(command=export_audit)


def _state(staff: Staff, locked: bool) -> str:
    if not staff.active:
        return "deactivated"
    if locked:
        return "locked"
    return "one-time password" if staff.must_change_password else "active"


def _print(rows: Sequence[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print(json.dumps(rows, ensure_ascii=False, indent=2))
        return
    if not rows:
        print("none")
        return
    lines = [list(rows[0]), *([_cell(value) for value in row.values()] for row in rows)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Iterable) and not isinstance(value, str):
        return ",".join(map(str, value)) or "-"
    return "-" if value is None or value == "" else str(value)
