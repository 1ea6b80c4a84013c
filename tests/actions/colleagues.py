"""Colleagues in tests: hired, on duty or not, told of something."""

from typing import Any

from store.tables import Notification, Staff
from tests.actions.dialogue import Shop


def hires(shop: Shop, login: str, role: str = "agent", **more: Any) -> Staff:
    """Somebody new, on duty unless it is said otherwise."""
    person = shop.hires(login, role)
    with shop.database.begin() as work:
        found = work.session.get_one(Staff, person.id)
        for key, value in {"on_duty": True, **more}.items():
            setattr(found, key, value)
        work.commit()
        return found


def told(shop: Shop, kind: str | None = None) -> list[int]:
    """Who was notified, in order."""
    return [row.staff_id for row in shop.all(Notification) if kind in (None, row.kind)]
