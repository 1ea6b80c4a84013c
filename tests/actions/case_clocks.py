"""What tests of the clocks of cases ask: which run, who was told."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from actions.staff.access import DeedRefused
from store.tables import CaseClock, Notification, Staff
from tests.actions.dialogue import Shop

# Of a late parcel of a dissatisfied customer: low, or medium where they are angry.
FIRST_RESPONSE = {"low": timedelta(hours=4), "medium": timedelta(hours=2)}
NEXT_UPDATE = {"low": timedelta(hours=8), "medium": timedelta(hours=4)}


def clocks(shop: Shop, kind: str | None = None) -> list[CaseClock]:
    return [clock for clock in shop.all(CaseClock) if kind in (None, clock.kind)]


def running(shop: Shop) -> dict[str, CaseClock]:
    """The clocks that are not stopped, by kind; none twice."""
    found = [clock for clock in clocks(shop) if clock.state != "stopped"]
    assert len({(clock.case_id, clock.kind) for clock in found}) == len(found)
    return {clock.kind: clock for clock in found}


def told(shop: Shop, kind: str) -> list[str]:
    """Who was notified of something, by login."""
    logins = {person.id: person.login for person in shop.all(Staff)}
    return sorted(logins[row.staff_id] for row in shop.all(Notification) if row.kind == kind)


def refused(shop: Shop, deed: Callable[..., Any], *args: Any) -> str:
    with pytest.raises(DeedRefused) as refusal:
        shop.does(deed, *args)
    return refusal.value.code
