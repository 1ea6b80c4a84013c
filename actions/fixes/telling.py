"""Begin, pause, go on and stop telling customers of a fix; what it would do, and how far it is."""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, insert, select

from actions.conversations import storable
from actions.firm import Firm
from actions.fixes.audience import Audience, audience_of
from actions.incidents.preview import quiet_until
from actions.staff.access import DeedRefused
from actions.words.catalogue import LANGUAGES
from store import audit
from store.database import UnitOfWork
from store.tables import FixTelling, FixTold, Improvement

RUNNING, PAUSED, DONE, STOPPED = "running", "paused", "done", "stopped"
WAITING, TOLD, UNREACHABLE, UNWANTED = "waiting", "told", "unreachable", "unwanted"
# What a customer is told fits a line or two.
LONGEST = 200
# A fix counts as proven once its improvement ended by making it the standard: its gates looked at the data.
PROVEN = "standardised"


@dataclass(frozen=True, slots=True)
class Plan:
    """What telling would do.

    Attributes:
        customers: who would be told; ``channels``, ``languages``: on and in which.
        left_out: how many are not told, by reason (``actions.fixes.audience.LeftOut``).
        since, until: the days whose complaints led to the fix.
        takes: how long it takes at least, quiet hours aside; ``starts_at``: when, if these are quiet hours.
        sample: what a customer reads, by language; empty where the words are still to be written.
        digest: what somebody who confirms has seen: where it differs, they are shown it anew.
    """

    customers: int
    channels: dict[str, int]
    languages: dict[str, int]
    left_out: dict[str, int]
    since: date
    until: date
    takes: timedelta
    starts_at: datetime | None
    sample: dict[str, str]
    digest: str


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is.

    Attributes:
        state: running, paused, done, stopped.
        words: by language, as begun.
        counts: customers by what became of telling them: waiting, told, unreachable, unwanted.
    """

    state: str
    words: dict[str, str]
    begun_by: str
    begun_at: datetime
    ended_at: datetime | None
    counts: dict[str, int]


def plan_telling(
    work: UnitOfWork, firm: Firm, improvement: Improvement, words: Mapping[str, str] | None = None
) -> Plan:
    """What telling of this improvement would do if it were begun now; nothing is changed.

    Args:
        words: by language, what was changed; None while nobody has written it yet.

    Raises:
        DeedRefused: ``fix_not_proven``, or the words cannot be used (:func:`read_words`).
    """
    _see_that_it_is_proven(improvement)
    written = read_words(words) if words is not None else {}
    return _planned(work, firm, audience_of(work, firm, improvement), written)


def _planned(work: UnitOfWork, firm: Firm, audience: Audience, written: Mapping[str, str]) -> Plan:
    said = json.dumps(written, sort_keys=True, ensure_ascii=False)
    listeners = audience.listeners
    return Plan(
        customers=len(listeners),
        channels=dict(Counter(one.channel for one in listeners).most_common()),
        languages=dict(Counter(one.language for one in listeners).most_common()),
        left_out={str(reason): number for reason, number in audience.left_out.most_common()},
        since=audience.since,
        until=audience.until,
        takes=timedelta(minutes=max(0, -(-len(listeners) // firm.fixes.per_minute) - 1)),
        starts_at=quiet_until(firm, work.now),
        sample={language: news(firm, language, change, "AM-…") for language, change in written.items()},
        digest=f"{len(listeners)}-{hashlib.sha256(said.encode()).hexdigest()[:16]}",
    )


def read_words(words: Mapping[str, str]) -> dict[str, str]:
    """The words in which customers are told what was changed, one line in each language, without a full stop.

    Raises:
        DeedRefused: ``fix_words_missing`` or ``fix_words_too_long``.
    """
    read = {}
    for language in LANGUAGES:
        line = " ".join(storable(words.get(language, "")).split()).rstrip("。.!！")
        if not line:
            raise DeedRefused("fix_words_missing")
        if len(line) > LONGEST:
            raise DeedRefused("fix_words_too_long")
        read[language] = line
    return read


def news(firm: Firm, language: str, change: str, number: str) -> str:
    """What a customer reads."""
    return firm.words.render(language, "fix.told", change=change, number=number)


def begin(
    work: UnitOfWork, firm: Firm, improvement: Improvement, words: Mapping[str, str], shown: str | None, by: str
) -> int:
    """Begin to tell those whose complaint led to the fix.

    Args:
        improvement: locked by whoever calls, so that two do not begin at once.
        shown: the digest of the plan that whoever confirms has seen; None where they were shown it just now.
        by: login of the person who answers for it.

    Returns:
        How many will be told.

    Raises:
        DeedRefused: as ``plan_telling``; it was begun before, what was shown has changed, or nobody would be reached.
    """
    if find_telling(work, improvement) is not None:
        raise DeedRefused("fix_not_possible_now")
    _see_that_it_is_proven(improvement)
    written, audience = read_words(words), audience_of(work, firm, improvement)
    plan = _planned(work, firm, audience, written)
    if shown is not None and shown != plan.digest:
        raise DeedRefused("fix_changed")
    if not plan.customers:
        raise DeedRefused("fix_reaches_nobody")
    work.session.add(
        FixTelling(improvement_id=improvement.id, state=RUNNING, words=written, begun_by=by, begun_at=work.now)
    )
    work.session.flush()
    rows = [
        {"improvement_id": improvement.id, "customer_id": one.customer_id, "case_id": one.case_id, "state": WAITING}
        for one in audience.listeners
    ]
    work.session.execute(insert(FixTold), rows)
    audit.append(work, by, "begin_telling_fix", improvement.number, {"customers": len(rows)})
    return len(rows)


def pause(work: UnitOfWork, improvement: Improvement, by: str) -> None:
    """Tell nobody more for now.

    Raises:
        DeedRefused: it is not running.
    """
    _move(work, improvement, (RUNNING,), PAUSED, "pause_telling_fix", by)


def resume(work: UnitOfWork, improvement: Improvement, by: str) -> None:
    """Go on.

    Raises:
        DeedRefused: it is not paused.
    """
    _move(work, improvement, (PAUSED,), RUNNING, "resume_telling_fix", by)


def stop(work: UnitOfWork, improvement: Improvement, by: str) -> None:
    """End it: nobody more is told, and it cannot go on.

    Raises:
        DeedRefused: it is not under way.
    """
    telling = _move(work, improvement, (RUNNING, PAUSED), STOPPED, "stop_telling_fix", by)
    telling.ended_at = work.now


def progress(work: UnitOfWork, improvement: Improvement) -> Progress | None:
    """How far it is; None where nobody has begun."""
    telling = find_telling(work, improvement)
    if telling is None:
        return None
    counted = (
        select(FixTold.state, func.count()).where(FixTold.improvement_id == improvement.id).group_by(FixTold.state)
    )
    counts = dict.fromkeys((WAITING, TOLD, UNREACHABLE, UNWANTED), 0)
    counts |= dict(work.session.execute(counted).all())
    return Progress(telling.state, dict(telling.words), telling.begun_by, telling.begun_at, telling.ended_at, counts)


def find_improvement(work: UnitOfWork, number: str, *, lock: bool = False) -> Improvement:
    """The improvement, on demand locked until the unit of work ends.

    Raises:
        DeedRefused: there is none.
    """
    statement = select(Improvement).where(Improvement.number == number)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    # No number has such characters, and PostgreSQL does not take all of them.
    found = work.session.scalars(statement).first() if number.isascii() and number.isprintable() else None
    if found is None:
        raise DeedRefused("no_such_improvement")
    return found


def find_telling(work: UnitOfWork, improvement: Improvement) -> FixTelling | None:
    return work.session.scalars(select(FixTelling).where(FixTelling.improvement_id == improvement.id)).first()


def _move(
    work: UnitOfWork, improvement: Improvement, before: tuple[str, ...], after: str, action: str, by: str
) -> FixTelling:
    statement = select(FixTelling).where(FixTelling.improvement_id == improvement.id).with_for_update()
    telling = work.session.scalars(statement.execution_options(populate_existing=True)).first()
    if telling is None or telling.state not in before:
        raise DeedRefused("fix_not_possible_now")
    telling.state = after
    audit.append(work, by, action, improvement.number)
    return telling


def _see_that_it_is_proven(improvement: Improvement) -> None:
    if improvement.outcome != PROVEN:
        raise DeedRefused("fix_not_proven")
