"""What an earlier release counted is added up when it is brought to this one."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import JSON, MetaData, insert, select

from analytics.recount_days import day_differences
from analytics.roll_up import fill_measures, roll_up
from store.database import Database
from store.migrate import migrate
from store.tables import OutcomeEventRow, RollUpTask
from tests.analytics.imagined_cases import SHANGHAI
from tests.store.test_upgrading import _plain, empty_database

__all__ = ["empty_database"]

HEARD = datetime(2026, 10, 1, 4, tzinfo=UTC)
PLACES = (("delivery", "web", "vip"), ("delivery", "rest", "regular"), ("billing_price", "web", "regular"))


def place(category: str, channel: str, tier: str) -> dict[str, str]:
    return {"category": category, "department": "logistics", "channel": channel, "tier": tier, "language": "zh"}


def fill(database: Database) -> None:
    """Three cases as the release before counted them; a person answered the first after five minutes."""
    with database.begin() as work:
        connection, tables = work.session.connection(), MetaData()
        tables.reflect(connection)

        def add(name: str, **values: object) -> None:
            table = tables.tables[name]
            for column in table.columns:
                if column.name not in values and not column.nullable and column.server_default is None:
                    values[column.name] = [] if isinstance(column.type, JSON) else _plain(column.type.python_type)
            connection.execute(insert(table).values(**values))

        add("customers", id=1, public_id="c", tier="regular", created_at=HEARD)
        add("identities", id=1, customer_id=1, channel="rest", account="", external_id="wang")
        add("conversations", id=1, public_id="v", identity_id=1, created_at=HEARD)
        for number, where in enumerate(PLACES, start=1):
            name, kept = f"AM-{number}", place(*where)
            answered = HEARD.replace(minute=5) if number == 1 else None
            add(
                "cases", id=number, number=name, customer_id=1, conversation_id=1, opened_at=HEARD,
                first_response_at=answered,
            )  # fmt: skip
            details = {"heard_at": HEARD.isoformat(), "severity": "low", "service_step": "delivery"}
            add(
                "outcome_events", id=100 + number, key=f"case_opened:{name}", kind="case_opened", case_number=name,
                at=HEARD, dimensions=kept, details=details, counted=True,
            )  # fmt: skip
            counts = (("recovery", "understood_right", False), ("service", "delivery", True))
            for at, (process, step, defect) in enumerate(counts):
                shared = {"process": process, "step": step, "day": date(2026, 10, 1), **kept}
                add("case_step_outcomes", id=2 * number + at, case_number=name, defect=defect, **shared)
                add("daily_counts", id=2 * number + at, opportunities=1, defects=int(defect), **shared)
        work.commit()


@pytest.mark.parametrize("filled", [True, False])
def test_what_was_counted_before_is_added_up(empty_database: Database, filled: bool) -> None:
    migrate(empty_database, "0005")
    if filled:
        fill(empty_database)
    migrate(empty_database)
    with empty_database.reading() as work:
        assert list(day_differences(work, date(2026, 10, 1))) == []
        assert work.session.scalars(select(RollUpTask.name)).all() == (["filling"] if filled else [])
        answers = select(OutcomeEventRow.case_number, OutcomeEventRow.counted, OutcomeEventRow.details)
        found = work.session.execute(answers.where(OutcomeEventRow.kind == "person_answered")).all()
        assert found == ([("AM-1", True, {})] if filled else [])
    assert roll_up(empty_database, SHANGHAI) == 0
    assert fill_measures(empty_database, SHANGHAI)
    with empty_database.reading() as work:
        assert list(day_differences(work, date(2026, 10, 1))) == []
        assert not work.session.scalars(select(RollUpTask.name)).all()
