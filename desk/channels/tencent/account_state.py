"""What is known of an account's state: what must be put right there, until when it must not be called."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from actions.notifying import NotificationKind, notify
from desk.channels.tencent.error_codes import NEEDS_A_PERSON, Disposition, disposition
from store.database import UnitOfWork
from store.tables import ChannelAccount, Staff

log = structlog.get_logger()

# "接口调用超过限制": counted by Tencent's own day.
DAY_IS_USED_UP = 45009
_THEIR_ZONE = ZoneInfo("Asia/Shanghai")
_API = {"wechat": "mp", "wecom": "wecom-kf"}


def lock(work: UnitOfWork, channel: str, account: str) -> ChannelAccount:
    """The account's row, locked; made where there is none yet."""
    statement = (
        select(ChannelAccount)
        .where(ChannelAccount.channel == channel, ChannelAccount.account == account)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    row = work.session.scalars(statement).first()
    if row is None:
        try:
            with work.session.begin_nested():
                work.session.add(ChannelAccount(channel=channel, account=account))
                work.session.flush()
        except IntegrityError:
            pass  # another process met it at the same moment
        row = work.session.scalars(statement).one()
    return row


def note_fault(work: UnitOfWork, channel: str, account: str, path: str, code: int) -> None:
    """Note an error that a person must put right; administrators are told once."""
    consider(work, lock(work, channel, account), path, code, disposition(_API[channel], code))


def consider(work: UnitOfWork, row: ChannelAccount, path: str, code: int, what: Disposition) -> None:
    """Note an error on a locked row, where it is one that a person must put right."""
    if what not in NEEDS_A_PERSON:
        return
    if what == Disposition.TOMORROW:
        row.blocked_until = _next_day(work.now)
    known = row.faults.get(path)
    # A new object: a change within the old one would not be seen.
    row.faults = {**row.faults, path: {"code": code, "at": work.now.isoformat()}}
    if known is not None and known["code"] == code:
        return
    log.warning("channel needs a person", channel=row.channel, account=row.account, path=path, errcode=code)
    administrators = select(Staff.id).where(Staff.role == "administrator", Staff.active)
    notify(
        work,
        work.session.scalars(administrators).all(),
        NotificationKind.CHANNEL_FAULT,
        details={"channel": row.channel, "account": row.account, "code": code},
    )


def note_well(work: UnitOfWork, channel: str, account: str, path: str) -> None:
    """Note that a call went well where something was wrong before."""
    forget_fault(lock(work, channel, account), path)


def forget_fault(row: ChannelAccount, path: str) -> None:
    """Take what was wrong at ``path`` from a locked row."""
    if path in row.faults:
        row.faults = {one: fault for one, fault in row.faults.items() if one != path}


def unblock(work: UnitOfWork, channel: str, account: str) -> None:
    """Call again although the day's calls were used up: a person has seen to it."""
    row = lock(work, channel, account)
    row.blocked_until = None
    row.faults = {path: fault for path, fault in row.faults.items() if fault["code"] != DAY_IS_USED_UP}


def _next_day(now: datetime) -> datetime:
    """When Tencent begins to count anew."""
    there = now.astimezone(_THEIR_ZONE)
    return datetime.combine(there.date() + timedelta(days=1), datetime.min.time(), _THEIR_ZONE).astimezone(now.tzinfo)
