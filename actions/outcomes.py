"""Record what happened to a case, for those who count it."""

from sqlalchemy.dialects import postgresql, sqlite

from recovery.events import CaseDimensions, OutcomeEvent
from recovery.failures import leading_category
from store.database import UnitOfWork
from store.tables import Case, OutcomeEventRow


def dimensions_of(case: Case) -> CaseDimensions:
    """What the case is counted by as it stands."""
    return CaseDimensions(
        category=leading_category(case.categories),
        department=case.department,
        channel=case.channel,
        tier=case.tier,
        language=case.language,
    )


def record(work: UnitOfWork, event: OutcomeEvent) -> None:
    """Keep ``event``; a second one with the same key is the same event."""
    dimensions = event.dimensions
    values = {
        "key": event.key,
        "kind": event.kind,
        "case_number": event.case_number,
        "at": event.at,
        "dimensions": {
            "category": dimensions.category,
            "department": dimensions.department,
            "channel": dimensions.channel,
            "tier": dimensions.tier,
            "language": dimensions.language,
        },
        "details": event.details(),
        "counted": False,
    }
    insert = sqlite.insert if work.session.get_bind().dialect.name == "sqlite" else postgresql.insert
    work.session.execute(insert(OutcomeEventRow).values(**values).on_conflict_do_nothing(index_elements=["key"]))
