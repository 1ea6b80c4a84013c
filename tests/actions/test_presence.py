"""On duty and off: by the switch, by leaving, by having gone."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from actions.staff.access import DeedRefused
from actions.staff.presence import find_gone, go_off_duty, go_on_duty, leave_if_signed_out, take_off_duty
from actions.staff.talking import take
from actions.taking_back import find_left_behind, take_back_left_behind
from desk.accounts import deactivate
from store.tables import AuditEntry, HandOver, Staff, StaffSession
from tests.actions.colleagues import hires
from tests.actions.dialogue import Customer, Shop

IDLE = timedelta(hours=1)


def signs_in(shop: Shop, person: Staff, **lasts: float) -> None:
    with shop.database.begin() as work:
        work.session.add(
            StaffSession(
                token_digest=f"{person.login} {work.now}",
                staff_id=person.id,
                created_at=work.now,
                last_seen_at=work.now,
                expires_at=work.now + timedelta(**lasts),
            )
        )
        work.commit()


def does(shop: Shop, deed: Any, person: Staff, *args: Any) -> Any:
    with shop.database.begin() as work:
        result = deed(work, work.session.get_one(Staff, person.id), *args)
        work.commit()
        return result


def is_on_duty(shop: Shop, person: Staff) -> bool:
    with shop.database.reading() as work:
        return work.session.scalars(select(Staff.on_duty).where(Staff.id == person.id)).one()


def sweeps(shop: Shop) -> int:
    gone = shop.does(find_gone, IDLE)
    return sum(shop.does(take_off_duty, staff_id, IDLE) for staff_id in gone)


def test_going_on_and_off_duty_leaves_a_trace_once(shop: Shop, alice: Staff) -> None:
    for deed in (go_on_duty, go_on_duty, go_off_duty, go_off_duty):
        does(shop, deed, alice)
    assert not is_on_duty(shop, alice)
    assert [entry.action for entry in shop.all(AuditEntry)] == ["go_on_duty", "go_off_duty"]


def test_quality_has_no_duty(shop: Shop, carol: Staff) -> None:
    with pytest.raises(DeedRefused, match="handles_nothing"):
        does(shop, go_on_duty, carol)


def test_who_is_idle_for_long_is_off_duty(shop: Shop, alice: Staff) -> None:
    signs_in(shop, alice, hours=12)
    does(shop, go_on_duty, alice)
    shop.clock.advance(minutes=60)
    assert sweeps(shop) == 0 and is_on_duty(shop, alice)
    shop.clock.advance(minutes=1)
    assert sweeps(shop) == 1 and not is_on_duty(shop, alice)
    assert shop.all(AuditEntry)[-1].actor == "timer"


def test_whose_session_has_ended_is_off_duty(shop: Shop, alice: Staff) -> None:
    signs_in(shop, alice, minutes=20)
    does(shop, go_on_duty, alice)
    assert sweeps(shop) == 0
    shop.clock.advance(minutes=21)
    assert sweeps(shop) == 1


def test_an_account_that_was_closed_is_off_duty(shop: Shop, alice: Staff) -> None:
    signs_in(shop, alice, hours=12)
    does(shop, go_on_duty, alice)
    with shop.database.begin() as work:
        work.session.get_one(Staff, alice.id).active = False
        work.commit()
    assert sweeps(shop) == 1


def test_whose_role_handles_nothing_any_more_is_off_duty(shop: Shop, alice: Staff) -> None:
    signs_in(shop, alice, hours=12)
    does(shop, go_on_duty, alice)
    with shop.database.begin() as work:
        work.session.get_one(Staff, alice.id).role = "quality"
        work.commit()
    assert sweeps(shop) == 1


def test_what_waits_for_somebody_whose_account_is_closed_goes_on_at_once(shop: Shop, customer: Customer) -> None:
    first, second = hires(shop, "nora"), hires(shop, "ben")
    customer.asks_for_a_person()
    assert customer.conversation.assigned_to_id == first.id
    shop.does(deactivate, "nora")
    shop.fires_due()
    assert customer.conversation.assigned_to_id == second.id


def test_logging_out_here_while_signed_in_there_changes_nothing(shop: Shop, alice: Staff) -> None:
    signs_in(shop, alice, hours=12)
    does(shop, go_on_duty, alice)
    does(shop, lambda work, staff: leave_if_signed_out(work, staff), alice)
    assert is_on_duty(shop, alice)
    with shop.database.begin() as work:
        work.session.delete(work.session.scalars(select(StaffSession)).one())
        work.commit()
    does(shop, lambda work, staff: leave_if_signed_out(work, staff), alice)
    assert not is_on_duty(shop, alice)


def test_who_came_back_between_look_and_deed_stays(shop: Shop, alice: Staff) -> None:
    signs_in(shop, alice, hours=12)
    does(shop, go_on_duty, alice)
    shop.clock.advance(hours=2)
    assert shop.does(find_gone, IDLE) == [alice.id]
    does(shop, go_on_duty, alice)
    assert not shop.does(take_off_duty, alice.id, IDLE) and is_on_duty(shop, alice)


@pytest.mark.parametrize("how", ["closed", "quality"])
def test_what_somebody_has_who_works_here_no_more_goes_to_the_next(shop: Shop, customer: Customer, how: str) -> None:
    nora, ben = hires(shop, "nora"), hires(shop, "ben", on_duty=False)
    customer.asks_for_a_person()
    shop.does(take, shop.firm, nora, customer.conversation.id)
    assert shop.does(find_left_behind) == []
    queued_at = shop.all(HandOver)[0].at
    shop.clock.advance(minutes=3)
    does(shop, go_on_duty, ben)
    with shop.database.begin() as work:
        person = work.session.get_one(Staff, nora.id)
        person.active, person.role = how != "closed", "quality" if how == "quality" else "agent"
        work.commit()
    left = shop.does(find_left_behind)
    assert left == [customer.conversation.id]
    assert [shop.does(take_back_left_behind, shop.firm, one) for one in left * 2] == [True, False]
    conversation = customer.conversation
    assert (conversation.control, conversation.assigned_to_id) == ("queued", ben.id)
    assert conversation.queued_at == queued_at, "nobody goes to the end of the queue for that"
    assert shop.all(HandOver)[-1].reason == "owner_gone"
    shop.does(take, shop.firm, ben, conversation.id)
    assert shop.does(find_left_behind) == []
