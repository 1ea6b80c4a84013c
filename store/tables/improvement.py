"""Improvement: what the numbers signalled, what was done about it, and what it proved."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from store.tables.base import Base, BigId, unguessable


class Improvement(Base):
    """A PDCA cycle or a DMAIC project on one part of a process."""

    __tablename__ = "improvements"
    __table_args__ = (Index("ix_improvements_phase", "phase", "opened_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[str] = mapped_column(String(16), unique=True)  # PD-… for a cycle, DM-… for a project
    kind: Mapped[str] = mapped_column(String(8))  # pdca, dmaic
    # plan, do, check, act; define, measure, analyse, improve, control; closed
    phase: Mapped[str] = mapped_column(String(8))
    outcome: Mapped[str] = mapped_column(String(16), default="")  # of what is closed: standardised, carried_on, dropped
    title: Mapped[str] = mapped_column(String(200))
    origin: Mapped[str] = mapped_column(String(16))  # person, signal, recurrence, standard, carried_on, survived
    cause: Mapped[str] = mapped_column(String(200), index=True)  # what it is about, the same each time it comes back
    # Cause and kind while it is open and None afterwards: one cause has one open cycle and one open project.
    open_key: Mapped[str | None] = mapped_column(String(210), unique=True)
    # The part of the process; empty for all of it.
    process: Mapped[str] = mapped_column(String(16))
    step: Mapped[str] = mapped_column(String(64), default="")
    category: Mapped[str] = mapped_column(String(64), default="")
    department: Mapped[str] = mapped_column(String(64), default="")
    channel: Mapped[str] = mapped_column(String(32), default="")
    previous_id: Mapped[int | None] = mapped_column(BigId, index=True)  # whose rest it carries on
    project_id: Mapped[int | None] = mapped_column(BigId, index=True)  # the large wheel that this small one turns in
    # What each phase has found and decided, by section; its forms are in analytics.improvement.loops.documents.
    content: Mapped[dict[str, Any]] = mapped_column(default=dict)
    revision: Mapped[int] = mapped_column(default=1)  # goes up with each change, so that nobody overwrites another's
    opened_by: Mapped[str] = mapped_column(String(64))  # login, token or what acted by itself
    opened_at: Mapped[datetime]
    due_on: Mapped[date | None]
    closed_at: Mapped[datetime | None]


class ImprovementMeasure(Base):
    """One measure of a plan: who does what until when, with what, and what became of it."""

    __tablename__ = "improvement_measures"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=unguessable)
    improvement_id: Mapped[int] = mapped_column(ForeignKey("improvements.id"), index=True)
    words: Mapped[str] = mapped_column(Text)
    owner: Mapped[str] = mapped_column(String(64))  # login of a member of staff, or a name outside
    department: Mapped[str] = mapped_column(String(64))
    begins_on: Mapped[date]
    due_on: Mapped[date]
    resources: Mapped[str] = mapped_column(Text, default="")
    target: Mapped[str] = mapped_column(Text, default="")
    done_on: Mapped[date | None]
    result: Mapped[str] = mapped_column(Text, default="")


class ImprovementMove(Base):
    """A phase that was left, or could not be: what the gate looked at. Never changed afterwards."""

    __tablename__ = "improvement_moves"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    improvement_id: Mapped[int] = mapped_column(ForeignKey("improvements.id"), index=True)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(64))
    from_phase: Mapped[str] = mapped_column(String(8))
    to_phase: Mapped[str] = mapped_column(String(8))  # the same as before where the gate stayed closed
    evidence: Mapped[dict[str, Any]] = mapped_column(default=dict)
    note: Mapped[str] = mapped_column(Text, default="")


class ProcessSignal(Base):
    """Something the numbers said by themselves: a rule broken on a chart, a complaint that recurs, a sigma too low."""

    __tablename__ = "process_signals"
    __table_args__ = (Index("ix_process_signals_state", "state", "found_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=unguessable)
    key: Mapped[str] = mapped_column(String(240), unique=True)  # the same finding is one signal
    kind: Mapped[str] = mapped_column(String(16))  # chart, recurrence, standard
    cause: Mapped[str] = mapped_column(String(200), index=True)
    process: Mapped[str] = mapped_column(String(16))
    step: Mapped[str] = mapped_column(String(64), default="")
    category: Mapped[str] = mapped_column(String(64), default="")
    department: Mapped[str] = mapped_column(String(64), default="")
    channel: Mapped[str] = mapped_column(String(32), default="")
    direction: Mapped[str] = mapped_column(String(8), default="worse")  # worse, better, pattern
    since: Mapped[date]  # first and last day of what it speaks of
    until: Mapped[date]
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)  # kind of chart, rule, values, limits, counts
    found_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(8), default="open")  # open, working, closed, noise
    judged_by: Mapped[str | None] = mapped_column(String(64))
    judged_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(Text, default="")
    improvement_id: Mapped[int | None] = mapped_column(BigId, index=True)


class ChartBaseline(Base):
    """The decision that a chart is judged by these days from now on: never changed, replaced by a later one."""

    __tablename__ = "chart_baselines"
    __table_args__ = (Index("ix_chart_baselines_part", "part", "decided_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=unguessable)
    part: Mapped[str] = mapped_column(String(240))  # measure, process and part: what the chart shows
    since: Mapped[date]
    until: Mapped[date]
    begins_on: Mapped[date]  # first day that is judged by it
    centre: Mapped[float]
    reason: Mapped[str] = mapped_column(Text)
    decided_by: Mapped[str] = mapped_column(String(64))
    decided_at: Mapped[datetime]
    improvement_id: Mapped[int | None] = mapped_column(BigId, index=True)


class LedgerEntry(Base):
    """Money that an improvement cost or is shown to have gained; one that was wrong is reversed by another."""

    __tablename__ = "improvement_ledger"
    __table_args__ = (CheckConstraint("amount_minor <> 0", name="an_entry_has_an_amount"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=unguessable)
    improvement_id: Mapped[int] = mapped_column(ForeignKey("improvements.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))  # investment, gain
    amount_minor: Mapped[int] = mapped_column(BigId)
    currency: Mapped[str] = mapped_column(String(3))
    day: Mapped[date]
    note: Mapped[str] = mapped_column(Text, default="")
    by: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    reverses_id: Mapped[int | None] = mapped_column(BigId, unique=True)


class ProcessWatch(Base):
    """One look a day at everything the firm watches, by whichever process comes first."""

    __tablename__ = "process_watches"

    day: Mapped[date] = mapped_column(primary_key=True)  # in the firm's zone
    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    found: Mapped[int] = mapped_column(default=0)
    opened: Mapped[int] = mapped_column(default=0)


class FixTelling(Base):
    """Customers whose complaint led to a proven fix are told of it: by whose word, in which words, how far it is."""

    __tablename__ = "fix_tellings"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    improvement_id: Mapped[int] = mapped_column(ForeignKey("improvements.id"), unique=True)
    state: Mapped[str] = mapped_column(String(8), index=True)  # running, paused, done, stopped
    words: Mapped[dict[str, Any]]  # by language: what was changed, as customers read it
    begun_by: Mapped[str] = mapped_column(String(64))  # login of who answers for it
    begun_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class FixTold(Base):
    """A customer whose complaint led to a fix that is proven, and whether they were told of it."""

    __tablename__ = "fixes_told"
    __table_args__ = (
        UniqueConstraint("improvement_id", "customer_id"),
        Index("ix_fixes_told_state", "state", "next_attempt_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    improvement_id: Mapped[int] = mapped_column(ForeignKey("improvements.id"))
    customer_id: Mapped[int] = mapped_column(BigId, index=True)
    case_id: Mapped[int] = mapped_column(BigId, index=True)
    state: Mapped[str] = mapped_column(String(12), default="waiting")  # waiting, told, unreachable, unwanted
    told_at: Mapped[datetime | None]
    next_attempt_at: Mapped[datetime | None]
