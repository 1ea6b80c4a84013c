"""The clocks of a department that has hours of its own."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from actions.firm import Firm
from actions.staff.talking import answer, take
from actions.staff.waiting import wait_for_customer
from recovery.case_states import CaseState
from recovery.service_levels import TimeLimit
from recovery.severity import Severity
from recovery.working_time import WeeklyHours, read_shifts
from store.database import Database
from store.tables import Case, CaseClock, Staff
from tests.actions.case_clocks import running
from tests.actions.dialogue import Customer, Shop
from tests.conftest import Clock


@pytest.fixture
def office_shop(sqlite_database: Database, firm: Firm, clock: Clock) -> Shop:
    """Logistics works in office hours, and owes a first answer within two hours of them, whatever the severity."""
    shifts = read_shifts("09:00-12:00, 13:30-18:00")
    office = WeeklyHours((shifts, shifts, shifts, shifts, shifts, (), ()), make_up=shifts)
    departments = tuple(
        one.model_copy(update={"hours": "bureau"}) if one.key == "logistics" else one for one in firm.departments
    )
    limits = dict.fromkeys(Severity, TimeLimit(working_time=timedelta(hours=2)))
    levels = replace(firm.service_levels, first_response=limits, next_update=limits)
    in_hours = replace(firm, hours=firm.hours | {"bureau": office}, departments=departments, service_levels=levels)
    return Shop(sqlite_database, in_hours, clock)


def test_a_department_keeps_its_limits_by_its_own_hours(office_shop: Shop) -> None:
    office_shop.hires("olga", "agent")
    with office_shop.database.begin() as work:
        person = work.session.query(Staff).one()
        person.departments, person.on_duty = ["logistics"], True
        work.commit()
    office_shop.clock.now = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)  # Friday, 17:00 in Shanghai
    wang = Customer(office_shop, "wang")
    wang.asks_for_a_person("delivery")
    # An hour on Friday, an hour on Monday morning: 10:00 in Shanghai.
    assert wang.case.first_response_due == datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    office_shop.waits(hours=60)
    assert [clock.warned_at for clock in office_shop.all(CaseClock) if clock.kind == "first_response"] == [None]


def test_waiting_over_the_weekend_takes_no_working_time_away(office_shop: Shop) -> None:
    alice = office_shop.hires("alice", "agent")
    wang = Customer(office_shop, "wang")
    office_shop.clock.now = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)  # Friday, 16:30
    wang.asks_for_a_person("delivery")
    office_shop.does(take, office_shop.firm, alice, wang.conversation.id)
    office_shop.does(answer, office_shop.firm, alice, wang.conversation.id, "订单号是多少?")
    office_shop.clock.advance(minutes=30)
    office_shop.does(wait_for_customer, office_shop.firm, alice, wang.conversation.id)
    left = running(office_shop)["next_update"].remaining_seconds
    office_shop.clock.now = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)  # Sunday noon
    wang.types("202611120007")
    office_shop.fires_due()
    assert left is not None
    # What was left on Friday is left from Monday at nine.
    assert wang.case.next_update_due == datetime(2026, 11, 23, 1, 0, tzinfo=UTC) + timedelta(seconds=left)


def test_due_for_says_when_any_department_must_have_answered(office_shop: Shop) -> None:
    friday = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    two = TimeLimit(working_time=timedelta(hours=2))
    assert office_shop.firm.due_for("logistics", friday, two) == datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    assert office_shop.firm.due_for("after_sales", friday, two) == friday + timedelta(hours=2)
    assert office_shop.firm.due_for("no_such", friday, two) == office_shop.firm.due(friday, two)


def test_the_contract_says_what_the_clocks_say(shop: Shop, held: Customer) -> None:
    case: Case = held.case
    assert case.state == CaseState.WITH_STAFF
    for clock in running(shop).values():
        assert getattr(case, f"{clock.kind}_due") == clock.due_at
