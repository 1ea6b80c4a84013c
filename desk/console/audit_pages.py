"""The settings page of the audit log: who did what to what, when; searched, paged, exported, and proved."""

import asyncio
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode

from aiohttp import web
from sqlalchemy import select

from actions.conversations import storable
from actions.firm import Firm
from desk import audit_log
from desk.audit_log import ChainCheck, Search
from desk.console.keys import AUDIT_CHECK, SIGNED_IN, WORDS
from desk.console.pages import render, say
from desk.console.permissions import PREFIX
from desk.keys import DATABASE, FIRM
from store.audit import append
from store.database import UnitOfWork
from store.tables import Staff

AUDIT = f"{PREFIX}/settings/audit"
PAGE_LENGTH = 100
# A short log is checked within the answer; a long one goes on in the background.
_WAIT_FOR_CHECK_SECONDS = 1.0
_FIELDS = ("actor", "action", "subject", "since", "until")
_FIELD_LENGTH = 100


async def audit_page(request: web.Request) -> web.StreamResponse:
    """What is found, the latest first, and whether the chain holds."""
    app = request.app
    asked = _asked(request.query)
    search, wrong = _read_search(app[FIRM], asked)
    before, after = _number(request.query.get("before", "")), _number(request.query.get("after", ""))
    page = await app[DATABASE].read(audit_log.read_page, search, PAGE_LENGTH, before, after)
    check: ChainCheck = app[AUDIT_CHECK]
    finding = await check.look(_WAIT_FOR_CHECK_SECONDS, anew="check" in request.query)
    shown = {key: value for key, value in asked.items() if value}
    return await render(
        request,
        "audit.html",
        asked=asked,
        wrong=wrong,
        searched=bool(shown),
        page=page,
        older=_address(AUDIT, {**shown, "before": str(page.entries[-1].id)}) if page.older else None,
        newer=_address(AUDIT, {**shown, "after": str(page.entries[0].id)}) if page.newer else None,
        export=_address(f"{AUDIT}.csv", shown),
        actions=_actions(request),
        many=page.found > audit_log.COUNTED,
        counted=audit_log.COUNTED,
        people=await app[DATABASE].read(_logins),
        finding=finding,
        exact=lambda at: f"{app[FIRM].local(at):%Y-%m-%d %H:%M:%S}",
    )


async def audit_csv(request: web.Request) -> web.StreamResponse:
    """What is found as CSV, streamed, oldest first; that it was taken out stands in the log, too."""
    app, me = request.app, request[SIGNED_IN].staff
    search, _ = _read_search(app[FIRM], _asked(request.query))
    until = await app[DATABASE].run(_note_export, me.login)
    today = app[FIRM].local(app[DATABASE].clock()).date().isoformat()
    response = web.StreamResponse(
        headers={
            "Content-Type": "text/csv; charset=utf-8",
            "Content-Disposition": f'attachment; filename="audit-{today}.csv"',
        }
    )
    await response.prepare(request)
    await response.write(audit_log.export_head().encode())
    at = 0
    while entries := await app[DATABASE].read(audit_log.read_chunk, search, at, until):
        # A slow reader is waited for between two short readings, not within a long one.
        await response.write((await asyncio.to_thread(audit_log.export_lines, entries)).encode())
        at = entries[-1].id
    await response.write_eof()
    return response


def _asked(query: Mapping[str, str]) -> dict[str, str]:
    return {key: storable(query.get(key, "")).strip()[:_FIELD_LENGTH] for key in _FIELDS}


def _read_search(firm: Firm, asked: Mapping[str, str]) -> tuple[Search, bool]:
    """The search, and whether a day in it is none; days are the firm's, both are included."""
    since, until = _day(asked["since"]), _day(asked["until"])
    wrong = bool(asked["since"] and since is None) or bool(asked["until"] and until is None)
    return (
        Search(
            actor=asked["actor"],
            action=asked["action"],
            subject=asked["subject"],
            since=datetime.combine(since, time(), firm.zone) if since else None,
            until=datetime.combine(until + timedelta(days=1), time(), firm.zone) if until else None,
        ),
        wrong,
    )


def _day(written: str) -> date | None:
    try:
        day = date.fromisoformat(written)
    except ValueError:
        return None
    # One more day must be there on either side: the store keeps moments in UTC.
    return day if date(1971, 1, 1) <= day <= date(9000, 1, 1) else None


def _number(written: str) -> int | None:
    return int(written) if written.isascii() and written.isdigit() and len(written) < 16 else None


def _address(path: str, values: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(values)}" if values else path


def _actions(request: web.Request) -> list[str]:
    """The actions that there are words for, in the order of the words."""
    texts = request.app[WORDS].keys()
    actions = [key.removeprefix("act.") for key in texts if key.startswith("act.")]
    return sorted(actions, key=lambda key: say(request, f"act.{key}"))


def _logins(work: UnitOfWork) -> list[str]:
    return sorted(work.session.scalars(select(Staff.login)))


def _note_export(work: UnitOfWork, login: str) -> int:
    append(work, login, "export_audit", "audit")
    last = audit_log.last_entry(work)
    return last.id if last else 0
