"""``python -m actions incident …``: draw up, look at and run incidents from the command line."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import select

from actions.firm import Firm, load_firm
from actions.incidents.drafting import Draft
from actions.incidents.lists import TEXT_AT_MOST, ListRefused, read_list
from actions.incidents.preview import Preview, preview
from actions.incidents.running import counts, find_incident
from actions.staff import incidents as deeds
from actions.staff.access import DeedRefused
from actions.words.formats import show_money
from recovery.money import Money
from store.database import Database, UnitOfWork
from store.settings import Settings
from store.tables import Incident, Staff

_LISTED = 50
_WHY = {
    "not_your_role": "only supervisors and managers write to many customers at once",
    "no_such_incident": "there is no such incident",
    "unknown_playbook": "playbooks.yml has no such playbook",
    "category_of_other_playbook": "the category is none of the playbook's",
    "title_missing": "a title is needed in both languages",
    "title_too_long": "the title is too long",
    "per_minute_wrong": "--per-minute must lie between 1 and 600",
    "list_empty": "the list names no order",
    "list_too_long": "the list holds more than 5000 orders; make several incidents of it",
    "list_no_json": "the list begins like JSON and is none",
    "list_no_csv": "the list is no CSV",
    "incident_not_possible_now": "the incident is not in a state in which that can be done",
    "incident_reaches_nobody": "it would reach nobody",
    "incident_started": "it has been started",
}


class _Wrong(Exception):
    """What was asked cannot be done; the message says why."""


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    parser = commands.add_parser("incident", help="tell the customers of many orders before they complain")
    below = parser.add_subparsers(dest="incident_command", required=True)
    create = _below(below, "create", "draw up an incident; nobody is told anything yet", _create)
    create.add_argument("--playbook", required=True, metavar="KEY", help="of playbooks.yml")
    create.add_argument(
        "--orders", type=Path, required=True, metavar="FILE", help="order numbers: lines, CSV or JSON; - to read them"
    )
    create.add_argument("--title-zh", required=True, metavar="TEXT", help="what happened, as customers read it")
    create.add_argument("--title-en", required=True, metavar="TEXT")
    create.add_argument("--category", default="", metavar="KEY", help="the playbook's first by default")
    create.add_argument("--per-minute", type=int, metavar="N", help="as the playbook says by default")
    _by(create)
    _below(below, "list", "the latest incidents", _list)
    show = _below(below, "show", "how far an incident is; of a draft, what starting it would do", _show)
    show.add_argument("id")
    for name, help_text, run in (
        ("start", "begin to tell customers", _start),
        ("pause", "tell nobody more for now", _pause),
        ("resume", "go on", _resume),
        ("stop", "end it for good", _stop),
    ):
        deed = _below(below, name, help_text, run)
        deed.add_argument("id")
        _by(deed)
        if name == "start":
            deed.add_argument("--yes", action="store_true", help="without asking")


def _below(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    help_text: str,
    run: Callable[[Firm, Database, argparse.Namespace], dict[str, Any]],
) -> argparse.ArgumentParser:
    parser = commands.add_parser(name, help=help_text)
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(run=_run, deed=run)
    return parser


def _by(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--by", required=True, metavar="LOGIN", help="the supervisor or manager who answers for it")


def _run(settings: Settings, database: Database, options: argparse.Namespace) -> int:
    firm = load_firm(settings.firm)
    try:
        found = options.deed(firm, database, options)
    except (_Wrong, DeedRefused, ListRefused) as error:
        code = str(error)
        print(_WHY.get(code, code.replace("_", " ")), file=sys.stderr)
        return 2
    print(json.dumps(found, ensure_ascii=False, indent=2) if options.json else _as_text(found))
    return 0


def _create(firm: Firm, database: Database, options: argparse.Namespace) -> dict[str, Any]:
    if str(options.orders) == "-":
        text = sys.stdin.read(TEXT_AT_MOST + 1)
    else:
        try:
            text = options.orders.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError:
            raise _Wrong(f"{options.orders}: is not UTF-8") from None
    draft = Draft(
        playbook=options.playbook,
        titles={"zh": options.title_zh, "en": options.title_en},
        orders=read_list(text),
        category=options.category,
        per_minute=options.per_minute,
    )
    with database.begin() as work:
        drafted = deeds.draw_up(work, firm, _staff(work, options.by), draft)
        found = _view(work, firm, drafted.incident)
        found["problems"] = [
            {"line": one.line, "order": one.what, "problem": one.problem.value} for one in drafted.problems
        ]
        work.commit()
    return found


def _list(firm: Firm, database: Database, options: argparse.Namespace) -> dict[str, Any]:
    with database.reading() as work:
        latest = work.session.scalars(select(Incident).order_by(Incident.id.desc()).limit(_LISTED)).all()
        return {"incidents": [_line(incident) for incident in latest]}


def _show(firm: Firm, database: Database, options: argparse.Namespace) -> dict[str, Any]:
    with database.reading() as work:
        return _view(work, firm, _incident(work, options.id))


def _start(firm: Firm, database: Database, options: argparse.Namespace) -> dict[str, Any]:
    with database.reading() as work:
        seen = preview(work, firm, _incident(work, options.id))
    if not options.yes:
        print(_preview_text(seen), file=sys.stderr)
        if not _is_sure():
            raise _Wrong("not started")
    with database.begin() as work:
        deeds.start(work, firm, _staff(work, options.by), options.id, seen.digest)
        found = _line(_incident(work, options.id))
        work.commit()
    return found


def _is_sure() -> bool:
    try:
        return input("Start? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        # Nobody is there to ask.
        return False


def _pause(firm: Firm, database: Database, options: argparse.Namespace) -> dict[str, Any]:
    return _do(database, options, deeds.pause)


def _resume(firm: Firm, database: Database, options: argparse.Namespace) -> dict[str, Any]:
    return _do(database, options, deeds.resume)


def _stop(firm: Firm, database: Database, options: argparse.Namespace) -> dict[str, Any]:
    return _do(database, options, deeds.stop)


def _do(
    database: Database, options: argparse.Namespace, deed: Callable[[UnitOfWork, Staff, str], None]
) -> dict[str, Any]:
    with database.begin() as work:
        deed(work, _staff(work, options.by), options.id)
        found = _line(_incident(work, options.id))
        work.commit()
    return found


def _staff(work: UnitOfWork, login: str) -> Staff:
    staff = work.session.scalars(select(Staff).where(Staff.login == login, Staff.active.is_(True))).first()
    if staff is None:
        raise _Wrong(f"nobody works here as {login}")
    return staff


def _incident(work: UnitOfWork, public_id: str) -> Incident:
    found = find_incident(work, public_id)
    if found is None:
        raise _Wrong("no_such_incident")
    return found


def _line(incident: Incident) -> dict[str, Any]:
    return {
        "id": incident.public_id,
        "state": incident.state,
        "playbook": incident.playbook,
        "category": incident.category,
        "title": incident.titles,
        "per_minute": incident.per_minute,
    }


def _view(work: UnitOfWork, firm: Firm, incident: Incident) -> dict[str, Any]:
    found = {**_line(incident), "orders": counts(work, [incident.id])[incident.id]}
    if incident.state == "draft":
        seen = preview(work, firm, incident)
        found["preview"] = {
            "customers": seen.customers,
            "channels": seen.channels,
            "unreachable": seen.unreachable,
            "unknown": seen.unknown,
            "cost_at_most": seen.most,
            "currency": seen.currency,
            "authorities": seen.authorities,
            "budget_left": seen.budget.minor,
        }
        found["preview_text"] = _preview_text(seen)
    return found


def _preview_text(seen: Preview) -> str:
    money = show_money(Money(seen.most, seen.currency), "en")
    channels = ", ".join(f"{channel} {count}" for channel, count in seen.channels.items())
    lines = [
        f"{seen.customers} customers would be told{f' ({channels})' if channels else ''}",
        f"{len(seen.unreachable)} orders whose customers cannot be reached, {len(seen.unknown)} unknown orders",
        f"at most {money} if everybody takes the dearest choice",
    ]
    if seen.beyond:
        lines.append(f"{show_money(Money(seen.beyond, seen.currency), 'en')} more than is left of today's budget")
    return "\n".join(lines)


def _as_text(found: dict[str, Any]) -> str:
    if "incidents" in found:
        lines = [f"{one['id']}  {one['state']:<8} {one['title']['en']}" for one in found["incidents"]]
        return "\n".join(lines) or "there is no incident"
    lines = [f"{found['id']}  {found['state']}  {found['title']['en']}"]
    lines += [f"{state}: {count}" for state, count in found.get("orders", {}).items()]
    if "preview_text" in found:
        lines.append(found["preview_text"])
    lines += [f"line {one['line']}: {one['order']}: {one['problem']}" for one in found.get("problems", [])]
    return "\n".join(lines)
