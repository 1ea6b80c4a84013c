"""Alarms while there is little history: a firm that is always so busy is not alarmed by it for weeks."""

import pytest

from store.tables import Alarm
from tests.actions.dialogue import Shop
from tests.actions.test_alarms import complaints, looks


def closes_all(shop: Shop) -> None:
    with shop.database.begin() as work:
        for alarm in shop.all(Alarm):
            work.session.get_one(Alarm, alarm.id).closed_at = alarm.closed_at or work.now
        work.commit()


@pytest.mark.parametrize("product", [None, "Kettle"])
def test_a_busy_firm_is_not_alarmed_by_being_busy(shop: Shop, product: str | None) -> None:
    raised = 0
    understood = {"product": product} if product else {}
    for _ in range(52):
        complaints(shop, 2, **understood)
        raised += looks(shop)
        closes_all(shop)
        shop.clock.advance(hours=1)
    # Eight in a day are many where nothing is known; after four hours it is known how many come.
    assert raised == 0


def test_a_rush_is_told_all_the_same_in_the_first_days(shop: Shop) -> None:
    for _ in range(30):
        complaints(shop, 1)
        looks(shop)
        closes_all(shop)
        shop.clock.advance(hours=1)
    complaints(shop, 14)
    assert looks(shop) == 1
