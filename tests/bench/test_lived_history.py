"""All of ``python -m analytics simulate``, as ``make demo`` runs it: what works is proven, and nothing else."""

from datetime import UTC, date, datetime
from pathlib import Path

from sqlalchemy import select

from analytics.firm_zone import firm_zone
from analytics.questions.novelty import NoveltyQuestion
from analytics.reporting.month import Month
from analytics.reporting.report import monthly_report
from analytics.simulating.history import simulate
from analytics.simulating.plan import CASES, DAYS, Plan
from analytics.simulating.rounds import Rounds
from analytics.surroundings import Surroundings
from store.database import Database
from store.migrate import migrate
from store.tables import Improvement
from tests.conftest import ROOT

FIRM = ROOT / "data" / "firm"


def test_a_lived_history_proves_what_works_and_nothing_else(tmp_path: Path) -> None:
    plan = Plan(1, DAYS, CASES, date(2026, 11, 15))
    with Database(f"sqlite:///{tmp_path / 'amends.db'}", lambda: datetime(2026, 11, 18, tzinfo=UTC)) as database:
        migrate(database)
        simulate(database, FIRM, plan, Rounds(plan, FIRM).deeds)
        with database.reading() as work:
            rows = work.session.scalars(select(Improvement).order_by(Improvement.id)).all()
            closed = {(row.kind, row.step, row.outcome) for row in rows if row.phase == "closed"}
            assert ("pdca", "delivery", "standardised") in closed
            assert ("pdca", "reception", "carried_on") in closed and ("pdca", "reception", "standardised") not in closed
            # Training was carried on twice: the cause has survived, and a project is open on it.
            assert any((row.kind, row.step, row.origin) == ("dmaic", "reception", "survived") for row in rows)
            around = Surroundings(firm_zone(FIRM), FIRM)
            words = NoveltyQuestion(since=plan.truths.new_words_on, until=plan.until).answer(work, around).words
            assert any("盲盒" in seen.term.term for seen in words)
            page = monthly_report(work, around, Month(2026, 10)).to_html("zh")
            assert page.count("<h2") == 9
