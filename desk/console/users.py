"""The settings page of users: who works at the desk, as what, and for which complaints."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from aiohttp import web
from sqlalchemy import func, or_, select

from actions.conversations import storable
from actions.firm import Firm
from actions.words.catalogue import LANGUAGES
from desk import accounts
from desk.accounts import AccountRefused, Details
from desk.console import sessions
from desk.console.keys import SIGNED_IN
from desk.console.log_in import aside
from desk.console.pages import render, say
from desk.console.performing import Form, first_value, read_form
from desk.console.permissions import PREFIX
from desk.keys import DATABASE, FIRM
from recovery.control import Control
from store.database import UnitOfWork
from store.tables import Conversation, Staff, StaffSession

USERS = f"{PREFIX}/settings/users"
_QUESTION_LENGTH = 100


@dataclass(frozen=True, slots=True)
class UserLine:
    """A person as the administrator sees them.

    Attributes:
        address: of their page.
        has_now: conversations that are theirs at the moment.
        sessions: browsers in which they are signed in.
        locked: whether too many failures keep them out at the moment.
        needs_factor: whether their role must have a second factor and they have none.
    """

    staff: Staff
    address: str
    has_now: int
    sessions: int
    last_seen: datetime | None
    locked: bool
    needs_factor: bool


async def users_page(request: web.Request) -> web.StreamResponse:
    """Everybody, or those whose name or login holds what was asked for."""
    question = storable(request.query.get("q", "")).strip()[:_QUESTION_LENGTH]
    lines = await request.app[DATABASE].read(read_users, request.app[FIRM], question)
    return await render(
        request,
        "users.html",
        question=question,
        active=[line for line in lines if line.staff.active],
        closed=[line for line in lines if not line.staff.active],
    )


async def new_user_page(request: web.Request) -> web.StreamResponse:
    """The form for a new account."""
    return await _show_form(request, None, {"language": request.app[FIRM].file.language, "capacity": "10"})


async def post_new_user(request: web.Request) -> web.StreamResponse:
    """Make an account and show its one-time password."""
    app, form, me = request.app, await read_form(request), request[SIGNED_IN].staff
    login, language = first_value(form, "login"), first_value(form, "language")
    try:
        details, once = _details(app[FIRM], form), await aside(accounts.make_one_time_password)
        password = await app[DATABASE].run(accounts.add_account, login, "", "", language, me.login, details, once)
    except AccountRefused as refused:
        return await _show_form(request, None, form, refused)
    return await _show_password(request, login, details.name, password)


async def user_page(request: web.Request) -> web.StreamResponse:
    """One person: what is decided for them, and what can be done about their account."""
    return await _show_form(request, await _line(request), {})


async def post_user(request: web.Request) -> web.StreamResponse:
    """Decide otherwise about a person."""
    app, form, me = request.app, await read_form(request), request[SIGNED_IN].staff
    login = (await _line(request)).staff.login
    try:
        details = _details(app[FIRM], form)
        await app[DATABASE].run(accounts.change_account, login, details, me.login, first_value(form, "version"))
    except AccountRefused as refused:
        return await _show_form(request, await _line(request), form, refused)
    raise web.HTTPSeeOther(USERS)


async def post_password(request: web.Request) -> web.StreamResponse:
    """A new one-time password, shown once; whoever is signed in is signed out."""
    line, me, once = await _line(request), request[SIGNED_IN].staff, await aside(accounts.make_one_time_password)
    password = await request.app[DATABASE].run(accounts.reset_password, line.staff.login, me.login, once)
    return await _show_password(request, line.staff.login, line.staff.name, password)


async def post_second_factor(request: web.Request) -> web.StreamResponse:
    """Take the second factor of somebody who lost it."""
    return await _do(request, accounts.reset_second_factor)


async def post_sessions(request: web.Request) -> web.StreamResponse:
    """Sign a person out everywhere."""
    return await _do(request, accounts.end_sessions)


async def post_deactivate(request: web.Request) -> web.StreamResponse:
    """Close an account."""
    return await _do(request, accounts.deactivate)


async def post_reactivate(request: web.Request) -> web.StreamResponse:
    """Open it again."""
    return await _do(request, accounts.reactivate)


def read_users(work: UnitOfWork, firm: Firm, question: str = "", login: str | None = None) -> list[UserLine]:
    """People by name; all, those whose name or login holds ``question``, or the one with ``login``."""
    statement = select(Staff).order_by(func.lower(Staff.name), Staff.login)
    if login is not None:
        statement = statement.where(Staff.login == login)
    elif question:
        found = (column.icontains(question, autoescape=True) for column in (Staff.name, Staff.login))
        statement = statement.where(or_(*found))
    people = list(work.session.scalars(statement))
    held = select(Conversation.taken_by_id, func.count()).where(Conversation.control == Control.STAFF)
    counts = {row[0]: row[1] for row in work.session.execute(held.group_by(Conversation.taken_by_id))}
    open_sessions = (
        select(StaffSession.staff_id, func.count(), func.max(StaffSession.last_seen_at))
        .join(Staff, Staff.id == StaffSession.staff_id)
        .where(*sessions.live(work))
    )
    seen = {key: (count, at) for key, count, at in work.session.execute(open_sessions.group_by(StaffSession.staff_id))}
    return [
        UserLine(
            staff=staff,
            address=f"{USERS}/{quote(staff.login, safe='')}",
            has_now=counts.get(staff.id, 0),
            sessions=seen.get(staff.id, (0, None))[0],
            last_seen=seen.get(staff.id, (0, None))[1],
            locked=staff.locked_until is not None and staff.locked_until > work.now,
            needs_factor=firm.security.needs_second_factor(staff.role) and staff.totp_confirmed_at is None,
        )
        for staff in people
    ]


async def _line(request: web.Request) -> UserLine:
    login = request.match_info["login"]
    found = await request.app[DATABASE].read(read_users, request.app[FIRM], login=login)
    if not found:
        raise web.HTTPNotFound
    return found[0]


async def _do(request: web.Request, deed: Callable[[UnitOfWork, str, str], None]) -> web.StreamResponse:
    line, me = await _line(request), request[SIGNED_IN].staff
    try:
        await request.app[DATABASE].run(deed, line.staff.login, me.login)
    except AccountRefused as refused:
        return await _show_form(request, line, {}, refused)
    # Who ended their own sessions has none to come back with; the guard leads to the log-in.
    raise web.HTTPSeeOther(line.address)


async def _show_form(
    request: web.Request,
    line: UserLine | None,
    typed: Mapping[str, Any],
    refused: AccountRefused | None = None,
) -> web.StreamResponse:
    """The form of a new or a known person; what was typed stays in its place."""
    firm = request.app[FIRM]
    staff = line.staff if line else None
    shown: dict[str, Any] = {
        "login": staff.login if staff else "",
        "name": staff.name if staff else "",
        "role": staff.role if staff else "agent",
        "departments": staff.departments if staff else [],
        "skills": staff.skills if staff else [],
        "languages": staff.languages if staff else [],
        "capacity": staff.capacity if staff else 10,
        "language": staff.language if staff else firm.file.language,
    }
    lists = ("departments", "skills", "languages")
    if "role" in typed:
        # Nothing ticked sends nothing.
        shown |= {key: typed.get(key, []) for key in lists}
        shown |= {key: _one(values) for key, values in typed.items() if key in shown and key not in lists}
    values = {"most": accounts.MOST_AT_ONCE, "length": accounts.NAME_LENGTH}
    return await render(
        request,
        "user.html",
        status=422 if refused else 200,
        here=line.address if line else f"{PREFIX}/settings/new-user",
        line=line,
        shown=shown,
        version=accounts.version_of(staff) if staff else "",
        error=say(request, f"refused.{refused.code}", **values) if refused else None,
        roles=accounts.ROLES,
        all_departments=[one.key for one in firm.departments],
        all_skills=list(firm.categories),
        all_languages=LANGUAGES,
        most=accounts.MOST_AT_ONCE,
        must_have_factor=[role for role in accounts.ROLES if firm.security.needs_second_factor(role)],
    )


async def _show_password(request: web.Request, login: str, name: str, password: str) -> web.StreamResponse:
    return await render(request, "user_password.html", here=USERS, login=login, name=name, password=password)


def _details(firm: Firm, form: Form) -> Details:
    """What the form says.

    Raises:
        AccountRefused: the capacity is no number.
    """
    capacity = first_value(form, "capacity")
    if not capacity.isascii() or not capacity.isdigit() or len(capacity) > 4:
        raise AccountRefused("capacity_range")
    return Details(
        name=first_value(form, "name"),
        role=first_value(form, "role"),
        departments=[one.key for one in firm.departments if one.key in form.get("departments", [])],
        skills=[key for key in firm.categories if key in form.get("skills", [])],
        languages=[language for language in LANGUAGES if language in form.get("languages", [])],
        capacity=int(capacity),
    )


def _one(values: Any) -> Any:
    return (values[0] if values else "") if isinstance(values, list) else values
