"""What offers teach: which answers count, who came back, and that counting twice or at once changes nothing."""

import pytest

from actions.cases import move
from actions.experience import cells, experience
from actions.firm import Firm
from actions.learning import recalculate
from actions.staff.granting import RemedyWish, grant_by_hand
from actions.staff.talking import take
from desk.workers.experience import ExperienceWorker
from recovery.case_states import Transition
from recovery.experience import NOTHING, Cell
from store.database import Database
from store.tables import Case, Order, OrderIdentity, RemedyExperience
from tests.actions.dialogue import Customer, Shop
from tests.conftest import Clock
from tests.desk.turning import at_once


def learnt(shop: Shop) -> dict[str, Cell]:
    """The cells of the table, by their kinds of remedies."""
    recalculate(shop.database, shop.firm)
    with shop.database.reading() as work:
        return {cell.key.remedies: cell for cell in cells(work)}


def complains_of_delivery(shop: Shop, name: str, total: int = 20_000) -> Customer:
    customer = Customer(shop, name)
    number = shop.sells(f"2026{name}", total, f"rest:{name}")
    customer.complains("delivery")
    customer.gives_order(number)
    return customer


def orders_again(shop: Shop, name: str) -> None:
    with shop.database.begin() as work:
        work.session.add(
            Order(
                number=f"again-{name}-{work.now:%Y%m%d}",
                placed_at=work.now,
                total=5_000,
                currency="CNY",
                items=[],
                status="placed",
                updated_at=work.now,
                identities=[OrderIdentity(identity=f"rest:{name}")],
            )
        )
        work.commit()


def test_a_choice_that_was_taken_counts_for_all_that_stood_beside_it(shop: Shop) -> None:
    wang = complains_of_delivery(shop, "wang")
    taken = wang.choices[0].remedies[0]["kind"]
    assert len(wang.choices) > 1
    wang.chooses(1)
    found = learnt(shop)
    assert found[taken].offers.good == 1
    assert sum(cell.offers.good for cell in found.values()) == 1
    assert all(cell.offers.cases == 1 for cell in found.values())
    # Side by side no more than one of them can have been foreseen.
    assert 0 < sum(cell.offers.foreseen for cell in found.values()) < 1


def test_declining_counts_and_an_open_offer_does_not(shop: Shop) -> None:
    complains_of_delivery(shop, "wang")
    assert learnt(shop) == {}
    complains_of_delivery(shop, "mary").says_no()
    found = learnt(shop)
    assert found and all((cell.offers.cases, cell.offers.good) == (1, 0) for cell in found.values())


def test_silence_is_an_answer_once_the_case_was_closed_over_it(shop: Shop) -> None:
    wang = complains_of_delivery(shop, "wang")
    with shop.database.begin() as work:
        case = work.session.get_one(Case, wang.case.id)
        move(work, case, Transition.CLOSE, "timer")
        work.commit()
    assert all((cell.offers.cases, cell.offers.good) == (1, 0) for cell in learnt(shop).values())


def test_what_staff_gave_was_no_choice(shop: Shop) -> None:
    wang, alice = complains_of_delivery(shop, "wang"), shop.hires("alice", "agent")
    wang.asks_for_a_person()
    shop.does(take, shop.firm, alice, wang.conversation.id)
    shop.does(grant_by_hand, shop.firm, alice, wang.conversation.id, RemedyWish("refund", 500), "asked nicely")
    assert "accepted" in {offer.state for offer in wang.case.offers}
    assert all(cell.offers.good == 0 for cell in learnt(shop).values())


@pytest.mark.parametrize("comes_back", [True, False])
def test_who_came_back_shows_once_the_window_has_passed(shop: Shop, comes_back: bool) -> None:
    wang = complains_of_delivery(shop, "wang")
    taken = wang.choices[0].remedies[0]["kind"]
    wang.chooses(1)
    shop.waits(days=30)
    if comes_back:
        orders_again(shop, "wang")
    shop.waits(days=50)
    assert learnt(shop)[taken].customers.cases == 0
    shop.waits(days=11)
    found = learnt(shop)[taken].customers
    assert (found.cases, found.good) == (1, float(comes_back))
    assert found.foreseen == pytest.approx(shop.firm.value.priors.retention.fast)


def test_an_order_after_the_window_is_too_late(shop: Shop) -> None:
    wang = complains_of_delivery(shop, "wang")
    taken = wang.choices[0].remedies[0]["kind"]
    wang.chooses(1)
    shop.waits(days=95)
    orders_again(shop, "wang")
    shop.waits(days=1)
    assert (learnt(shop)[taken].customers.cases, learnt(shop)[taken].customers.good) == (1, 0)


def test_who_took_nothing_is_followed_apart(shop: Shop) -> None:
    wang = complains_of_delivery(shop, "wang")
    wang.says_no()
    with shop.database.begin() as work:
        case = work.session.get_one(Case, wang.case.id)
        move(work, case, Transition.CLOSE, "timer")
        work.commit()
    shop.clock.advance(days=91)
    found = learnt(shop)[NOTHING]
    assert (found.offers.cases, found.customers.cases, found.customers.good) == (0, 1, 0)


def test_nobody_is_followed_whose_orders_are_not_known(shop: Shop) -> None:
    mary = Customer(shop, "mary")
    number = shop.sells("20260077", 20_000, phone_last4="1234")
    mary.complains("delivery")
    mary.gives_order(number)
    mary.gives_digits("1234")
    mary.chooses(1)
    shop.waits(days=120)
    found = learnt(shop)
    assert sum(cell.offers.good for cell in found.values()) == 1
    assert all(cell.customers.cases == 0 for cell in found.values())


def test_counting_again_changes_nothing_and_forgets_what_is_too_old(shop: Shop) -> None:
    complains_of_delivery(shop, "wang").chooses(1)
    once, twice = learnt(shop), learnt(shop)
    assert once == twice
    shop.clock.advance(days=400)
    assert learnt(shop) == {}
    assert shop.all(RemedyExperience) == []


def test_two_runs_at_once_count_once(database: Database, firm: Firm, clock: Clock) -> None:
    shop = Shop(database, firm, clock)
    for name in ("wang", "mary", "john"):
        complains_of_delivery(shop, name).chooses(1)
    at_once(3, lambda _: recalculate(database, firm))
    found = shop.all(RemedyExperience)
    assert sum(row.accepted for row in found) == 3
    assert all(row.offered == 3 for row in found)


def test_more_cases_than_are_read_at_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("wang", "mary", "john"):
        complains_of_delivery(shop, name).chooses(1)
    whole = learnt(shop)
    monkeypatch.setattr("actions.learning._CHUNK", 1)
    assert learnt(shop) == whole


def test_decisions_read_the_table_rarely(shop: Shop, clock: Clock) -> None:
    def now() -> int:
        with shop.database.reading() as work:
            return len(experience(work).acceptance)

    assert now() == 0
    complains_of_delivery(shop, "wang").chooses(1)
    recalculate(shop.database, shop.firm)
    assert now() == 0
    clock.advance(minutes=11)
    assert now() > 0


async def test_the_desk_counts_daily_and_a_failure_stops_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    complains_of_delivery(shop, "wang").chooses(1)
    worker = ExperienceWorker(shop.database, shop.firm)
    await worker.once()
    assert len(shop.all(RemedyExperience)) > 0

    def fails(*_: object) -> int:
        raise OSError("no room")

    monkeypatch.setattr("desk.workers.experience.recalculate", fails)
    await worker.once()
    assert len(shop.all(RemedyExperience)) > 0
