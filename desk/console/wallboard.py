"""The wallboard: how the desk stands right now, to be read from across the room."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web
from sqlalchemy import case as when
from sqlalchemy import func, select

from actions.firm import Firm
from actions.staff.access import AUTHORITY_OF_ROLE
from actions.staff.granting import BY_HAND
from actions.staff.presence import is_there
from desk.console.pages import language_of, render
from desk.keys import DATABASE, FIRM
from recovery.clocks import ClockKind
from recovery.control import Control
from recovery.money import Money
from recovery.remedies import Authority
from store.database import UnitOfWork
from store.tables import Case, CaseClock, Conversation, Offer, Promise, Rating, Staff

# However many screens ask, the store is asked once in so long.
_FRESH_SECONDS = 1.0
_ROLES = ("bot", "agent", "supervisor", "manager")


@dataclass(frozen=True, slots=True)
class DepartmentLine:
    """One department: who waits for it, who is talked with, whose clock has run out, who is there."""

    key: str
    waiting: int
    with_staff: int
    overdue: int
    on_duty: int


@dataclass(frozen=True, slots=True)
class AuthorityLine:
    """What a role granted today, against what it might have granted in the same cases.

    Attributes:
        cases: in which it granted something.
        used: granted in all.
        room: its limit times those cases; ``share`` is the used part of it in percent.
    """

    role: str
    cases: int
    used: Money
    room: Money
    share: int


@dataclass(frozen=True, slots=True)
class Board:
    """All figures, read at one moment; ``today`` is the day of the firm's zone.

    Attributes:
        overdue: cases whose clock has run out, by kind of clock.
        in_time, answered: first answers of a person today, and how many of them came in time.
        rating_average: of today's ratings; None where there are none.
        fives: the share of 5s today in percent; None where there are none.
    """

    at: datetime
    waiting: int
    longest: timedelta | None
    with_staff: int
    on_duty: int
    approvals: int
    overdue: dict[str, int]
    departments: list[DepartmentLine]
    in_time: int
    answered: int
    ratings: int
    rating_average: float | None
    fives: int | None
    authority: list[AuthorityLine]
    promises_due: int
    promises_open: int
    promises_broken: int


def read_board(work: UnitOfWork, firm: Firm) -> Board:
    """The figures of this moment; a fixed number of queries, each along an index."""
    start = firm.local(work.now).replace(hour=0, minute=0, second=0, microsecond=0)
    end = start + timedelta(days=1)
    waiting, oldest, lines = _conversations(work, firm)
    overdue, late = _overdue(work)
    there, on_duty = _on_duty(work, firm)
    stars, points, fives = _sums(
        work,
        [func.count(), func.sum(Rating.score), func.sum(when((Rating.score == 5, 1), else_=0))],
        Rating.at >= start,
    )
    answered, in_time = _sums(
        work,
        [func.count(), func.sum(when((Case.first_response_at <= Case.first_response_due, 1), else_=0))],
        Case.first_response_at >= start,
    )
    due, still_open, broken = _sums(
        work,
        [
            func.count(),
            func.sum(when((Promise.state == "open", 1), else_=0)),
            func.sum(when((Promise.state == "broken", 1), else_=0)),
        ],
        (Promise.due_at >= start) & (Promise.due_at < end) & Promise.state.not_in(("released", "moved")),
    )
    (approvals,) = _sums(work, [func.count(Offer.id)], Offer.state == "awaiting_approval")
    keys = [department.key for department in firm.departments]
    return Board(
        at=work.now,
        waiting=waiting,
        longest=work.now - oldest if oldest is not None else None,
        with_staff=sum(talking for _, talking in lines.values()),
        on_duty=on_duty,
        approvals=approvals,
        overdue={kind.value: overdue.get(kind.value, 0) for kind in ClockKind},
        departments=[
            DepartmentLine(key, *lines.get(key, (0, 0)), overdue=late.get(key, 0), on_duty=there.get(key, 0))
            for key in dict.fromkeys([*keys, *lines])
        ],
        in_time=in_time,
        answered=answered,
        ratings=stars,
        rating_average=points / stars if stars else None,
        fives=round(100 * fives / stars) if stars else None,
        authority=_authority(work, firm, start),
        promises_due=due,
        promises_open=still_open,
        promises_broken=broken,
    )


class Figures:
    """The figures for all screens of this process, read anew when they are older than a second."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._board: Board | None = None
        self._read_at = float("-inf")

    async def read(self, app: web.Application) -> Board:
        async with self._lock:
            now = asyncio.get_running_loop().time()
            if self._board is None or now - self._read_at >= _FRESH_SECONDS:
                self._board = await app[DATABASE].read(read_board, app[FIRM])
                self._read_at = asyncio.get_running_loop().time()
            return self._board


FIGURES = web.AppKey("console_wallboard", Figures)


async def wallboard_page(request: web.Request) -> web.StreamResponse:
    """The board; ``?theme=dark`` or ``light``, else as the screen prefers."""
    theme = request.query.get("theme", "")
    board = await request.app[FIGURES].read(request.app)
    return await render(
        request,
        "wallboard.html",
        board=board,
        theme=theme if theme in ("dark", "light") else "auto",
        day_name=request.app[FIRM].local(board.at).strftime("%H:%M"),
        firm_language=language_of(request),
    )


def _conversations(work: UnitOfWork, firm: Firm) -> tuple[int, datetime | None, dict[str, tuple[int, int]]]:
    """How many wait, since when the longest, and by department how many wait and are talked with."""
    front = firm.departments[0].key
    department = func.coalesce(Conversation.department, Case.department, front)
    statement = (
        select(department, Conversation.control, func.count(), func.min(Conversation.queued_at))
        .outerjoin(Case, Case.id == Conversation.focus_case_id)
        .where(Conversation.control.in_((Control.QUEUED, Control.STAFF)))
        .group_by(department, Conversation.control)
    )
    waiting, oldest = 0, None
    lines: dict[str, tuple[int, int]] = {}
    for key, control, count, since in work.session.execute(statement):
        queued, talking = lines.get(key, (0, 0))
        if control == Control.QUEUED:
            waiting += count
            oldest = since if oldest is None or (since is not None and since < oldest) else oldest
            lines[key] = (queued + count, talking)
        else:
            lines[key] = (queued, talking + count)
    return waiting, oldest, lines


def _overdue(work: UnitOfWork) -> tuple[dict[str, int], dict[str, int]]:
    """Clocks that have run out, by kind; and by department the cases that have one."""
    out = (CaseClock.state == "running") & (CaseClock.due_at < work.now)
    by_kind = select(CaseClock.kind, func.count()).where(out).group_by(CaseClock.kind)
    by_department = (
        select(Case.department, func.count(func.distinct(Case.id)))
        .join(CaseClock, CaseClock.case_id == Case.id)
        .where(out)
        .group_by(Case.department)
    )
    kinds = {kind: count for kind, count in work.session.execute(by_kind)}  # noqa: C416
    return kinds, {key: count for key, count in work.session.execute(by_department)}  # noqa: C416


def _on_duty(work: UnitOfWork, firm: Firm) -> tuple[dict[str, int], int]:
    """Who is on duty, by department, where somebody of two counts in both; and in all."""
    there: dict[str, int] = {}
    count = 0
    present = is_there(work.now - firm.routing.off_duty_after)
    for departments in work.session.scalars(select(Staff.departments).where(present)):
        count += 1
        for key in departments or [firm.departments[0].key]:
            there[key] = there.get(key, 0) + 1
    return there, count


def _authority(work: UnitOfWork, firm: Firm, start: datetime) -> list[AuthorityLine]:
    """What was granted today, by who granted it: the bot within its rules, or a person by hand or by approval."""
    by_person = (Offer.rule == BY_HAND) | (Offer.authority != Authority.BOT)
    role = when((by_person & Staff.role.is_not(None), Staff.role), else_="bot")
    statement = (
        select(role, func.count(func.distinct(Offer.case_id)), func.sum(Offer.cost))
        .outerjoin(Staff, Staff.login == Offer.approved_by)
        .where(Offer.state == "accepted", Offer.answered_at >= start, Offer.cost > 0)
        .group_by(role)
    )
    granted = {who: (cases, cost) for who, cases, cost in work.session.execute(statement)}
    lines = []
    for who in _ROLES:
        cases, used = granted.get(who, (0, 0))
        limit = firm.policy.limits.get(AUTHORITY_OF_ROLE.get(who, Authority.BOT), 0)
        room = limit * cases
        lines.append(
            AuthorityLine(
                who,
                cases,
                Money(used, firm.file.currency),
                Money(room, firm.file.currency),
                round(100 * used / room) if room else 0,
            )
        )
    return lines


def _sums(work: UnitOfWork, columns: list[Any], where: Any) -> list[int]:
    return [int(value or 0) for value in work.session.execute(select(*columns).where(where)).one()]
