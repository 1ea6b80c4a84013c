"""The settings page of notifications: which ways lead out, whether they work, what could not be delivered."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from aiohttp import web
from sqlalchemy import ColumnElement, func, select

from actions.firm.notifications import Robot, Webhook
from actions.staff import notifications as deeds
from actions.staff.access import DeedRefused, audit
from desk.channels.transport import TransportError
from desk.console.keys import SIGNED_IN, WORDS
from desk.console.pages import language_of, render, say
from desk.console.permissions import PREFIX
from desk.keys import DATABASE, FIRM, NOTIFYING, SETTINGS
from desk.notifying.ways import Ways
from desk.notifying.wording import Wording
from store.addresses import read_mail_server
from store.database import UnitOfWork
from store.tables import NotificationDelivery, Staff

T = TypeVar("T")

PAGE = f"{PREFIX}/settings/notifications"


@dataclass(frozen=True, slots=True)
class WayRow:
    """A way out.

    Attributes:
        reached: whether the settings say where it leads.
        target: of the firm's file; None for e-mail.
    """

    way: str
    key: str
    reached: bool
    target: Robot | Webhook | None
    waiting: int
    last_sent: datetime | None


@dataclass(frozen=True, slots=True)
class FailedRow:
    """What failed for good on its way to one target."""

    way: str
    target: str
    name: str
    count: int
    last_at: datetime
    error: str


async def settings_page(request: web.Request) -> web.StreamResponse:
    """Ways and failures."""
    return await _show(request)


async def post_test(request: web.Request) -> web.StreamResponse:
    """Send a test now, and say what came of it."""
    form = await request.post()
    way, key = str(form.get("way", "")), str(form.get("key", ""))
    ways, me, database = request.app[NOTIFYING], request[SIGNED_IN].staff, request.app[DATABASE]
    if way == "email":
        to, language, subject = (await database.read(_own_address, me.id)), language_of(request), me.login
        if not to:
            return await _show(request, status=422, error=say(request, "refused.no_own_address"))
    else:
        target = _target(ways, way, key)
        to = subject = target.key
        language = target.language if isinstance(target, Robot) else language_of(request)
    if not ways.reaches(way, to):
        return await _show(request, status=422, error=say(request, "refused.way_not_set"))
    await database.run(_note_test, me.id, f"{way}:{subject}")
    letter = Wording(request.app[WORDS], request.app[FIRM], ways.desk).test(
        way, to, language, secrets.token_hex(16), database.clock()
    )
    try:
        await ways.senders[way].send(letter)
    except TransportError as error:
        return await _show(request, status=502, error=say(request, "ways.test_failed", why=str(error)))
    return await _show(request, done=say(request, "ways.test_sent"))


async def post_again(request: web.Request) -> web.StreamResponse:
    """Try once more what failed."""
    return await _decide(request, deeds.send_again)


async def post_let_go(request: web.Request) -> web.StreamResponse:
    """Let go of what failed."""
    return await _decide(request, deeds.let_go)


async def _decide(request: web.Request, deed: Callable[[UnitOfWork, int, str, str], None]) -> web.StreamResponse:
    form = await request.post()
    way, target = str(form.get("way", "")), str(form.get("target", ""))
    if not f"{way}{target}".isprintable():
        raise web.HTTPNotFound  # no key and no login; PostgreSQL does not even look for some
    try:
        await request.app[DATABASE].run(deed, request[SIGNED_IN].staff.id, way, target)
    except DeedRefused as error:
        return await _show(request, status=409, error=say(request, f"refused.{error.code}"))
    raise web.HTTPSeeOther(PAGE)


def _target(ways: Ways, way: str, key: str) -> Robot | Webhook:
    file = ways.firm.notifications
    known: dict[str, tuple[Robot, ...] | tuple[Webhook, ...]] = {
        "robot": tuple(file.robots),
        "webhook": tuple(file.webhooks),
    }
    for target in known.get(way, ()):
        if target.key == key:
            return target
    raise web.HTTPNotFound


async def _show(
    request: web.Request, *, status: int = 200, error: str | None = None, done: str | None = None
) -> web.StreamResponse:
    app = request.app
    ways, url = app[NOTIFYING], app[SETTINGS].smtp_url.get_secret_value()
    rows, failed = await app[DATABASE].read(_read, ways)
    return await render(
        request,
        "settings_notifications.html",
        status=status,
        error=error,
        done=done,
        rows=rows,
        failed=failed,
        file=app[FIRM].notifications,
        path=(app[SETTINGS].firm / "notifications.yml").as_posix(),
        unknown=ways.unknown,
        nothing=not ways.any,
        mail_host=read_mail_server(url).host if url else None,
        mail_from=app[SETTINGS].mail_from,
    )


def _read(work: UnitOfWork, ways: Ways) -> tuple[list[WayRow], list[FailedRow]]:
    waiting = _by_target(work, func.count(), NotificationDelivery.state == "pending")
    sent = _by_target(work, func.max(NotificationDelivery.sent_at), NotificationDelivery.sent_at.is_not(None))
    file = ways.firm.notifications
    mail_sent = [at for (way, _), at in sent.items() if way == "email" and at]
    mail_waiting = sum(count for (way, _), count in waiting.items() if way == "email")
    rows = [WayRow("email", "", ways.mail, None, mail_waiting, max(mail_sent, default=None))]
    for way, targets in (("robot", file.robots), ("webhook", file.webhooks)):
        rows += [
            WayRow(
                way, one.key, ways.reaches(way, one.key), one, waiting.get((way, one.key), 0), sent.get((way, one.key))
            )
            for one in targets
        ]
    return rows, _failed(work)


def _by_target(work: UnitOfWork, figure: ColumnElement[T], which: ColumnElement[bool]) -> dict[tuple[str, str], T]:
    """A figure of the deliveries by way and target; each by an index of its own."""
    targets = (NotificationDelivery.way, NotificationDelivery.target)
    statement = select(*targets, figure).where(which).group_by(*targets)
    return {(way, target): found for way, target, found in work.session.execute(statement)}


def _failed(work: UnitOfWork) -> list[FailedRow]:
    statement = (
        select(
            NotificationDelivery.way,
            NotificationDelivery.target,
            func.count(),
            func.max(NotificationDelivery.id),
        )
        .where(NotificationDelivery.state == "failed")
        .group_by(NotificationDelivery.way, NotificationDelivery.target)
        .order_by(func.max(NotificationDelivery.id).desc())
    )
    found = list(work.session.execute(statement))
    latest = {
        row.id: row
        for row in work.session.scalars(
            select(NotificationDelivery).where(NotificationDelivery.id.in_([last for _, _, _, last in found]))
        )
    }
    logins = [target for way, target, _, _ in found if way == "email"]
    people = work.session.execute(select(Staff.login, Staff.name).where(Staff.login.in_(logins)))
    names = dict(people.all())
    return [
        FailedRow(way, target, names.get(target, target), count, latest[last].created_at, latest[last].error or "")
        for way, target, count, last in found
    ]


def _own_address(work: UnitOfWork, staff_id: int) -> str:
    return deeds.reach_of(work.session.get_one(Staff, staff_id)).email


def _note_test(work: UnitOfWork, staff_id: int, subject: str) -> None:
    audit(work, work.session.get_one(Staff, staff_id), "test_notification", subject)


ROUTES = [
    web.get(PAGE, settings_page),
    web.post(f"{PAGE}/test", post_test),
    web.post(f"{PAGE}/again", post_again),
    web.post(f"{PAGE}/let-go", post_let_go),
]
