"""Have the guarantees look at an order: its facts have changed."""

from sqlalchemy import update

from store.database import UnitOfWork
from store.tables import Case, Order


def facts_changed(work: UnitOfWork, case: Case) -> None:
    """Something that guarantees ask about happened in a case: they look at its order, if it was proved."""
    number = next((fact.value for fact in case.facts if fact.key == "order_number"), None)
    if number is not None and case.order_proved:
        work.session.execute(
            update(Order).where(Order.number == number).values(guarantees_due=work.now),
            execution_options={"synchronize_session": False},
        )
