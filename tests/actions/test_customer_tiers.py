"""Values and tiers of customers from their orders (S3), reckoned by hand beside each test."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from actions import customer_value
from actions.__main__ import main
from actions.customer_value import TiersReckoned, reckon_tiers
from actions.firm import FirmDataError
from actions.firm.tiers import TiersFile
from actions.staff import customers
from actions.staff.access import DeedRefused
from desk.workers.customer_tiers import TiersWorker
from recovery.money import Money
from store.database import Database
from store.firm_files import read_yaml
from store.tables import Case, Identity, Order, OrderIdentity, RefundEntry
from store.tables import Customer as CustomerRow
from tests.actions.dialogue import Customer, Shop
from tests.conftest import ROOT


def buys(
    shop: Shop,
    who: str,
    total: int,
    *,
    days_ago: float = 200,
    status: str = "delivered",
    currency: str = "CNY",
    identities: list[str] | None = None,
) -> str:
    """An order of somebody; ``who`` becomes a customer with their first one."""
    with shop.database.begin() as work:
        for name in {who, *(identities or [])}:
            if not work.session.scalars(select(Identity).where(Identity.external_id == name)).first():
                person = CustomerRow(created_at=work.now)
                work.session.add(person)
                work.session.flush()
                work.session.add(Identity(customer_id=person.id, channel="rest", external_id=name))
        number = f"{who}-{len(work.session.scalars(select(Order)).all())}"
        work.session.add(
            Order(
                number=number,
                placed_at=work.now - timedelta(days=days_ago),
                total=total,
                currency=currency,
                items=[],
                status=status,
                updated_at=work.now,
                identities=[OrderIdentity(identity=f"rest:{name}") for name in identities or [who]],
            )
        )
        work.commit()
    return number


def row(shop: Shop, who: str) -> CustomerRow:
    with shop.database.reading() as work:
        found = select(CustomerRow).join(Identity, Identity.customer_id == CustomerRow.id)
        return work.session.scalars(found.where(Identity.external_id == who)).one()


def reckoned(shop: Shop, **more: object) -> TiersReckoned:
    return reckon_tiers(shop.database, shop.firm, **more)  # type: ignore[arg-type]


def tiers(shop: Shop, *who: str) -> list[str]:
    return [row(shop, name).tier for name in who]


def test_two_of_ten_who_make_eighty_percent_are_vips(shop: Shop) -> None:
    """S3: 80/20. 2 × 40,000.00 and 8 × 2,500.00 make 100,000.00; the VIPs reach 80 %, the last of the others stands at
    97.5 %, and none of them is new."""
    for name in ("a", "b"):
        buys(shop, name, 4_000_000)
    for number in range(8):
        buys(shop, f"c{number}", 250_000)
    result = reckoned(shop)
    assert (result.customers, result.value) == (10, 10_000_000)
    assert result.tiers == {"vip": 2, "major": 0, "regular": 0, "small": 8}
    assert tiers(shop, "a", "b", "c0", "c7") == ["vip", "vip", "small", "small"]
    assert [(m.before, m.after, m.customers) for m in result.moved] == [("regular", "small", 8), ("regular", "vip", 2)]
    assert row(shop, "a").value == 4_000_000 and row(shop, "a").value_as_of == shop.clock.now


def test_what_counts_as_value(shop: Shop) -> None:
    buys(shop, "a", 900_000)
    buys(shop, "a", 500_000, days_ago=364)
    buys(shop, "a", 70_000, days_ago=366)  # too long ago
    buys(shop, "a", 60_000, status="Cancelled")
    buys(shop, "a", 50_000, currency="USD")
    returned = buys(shop, "a", 300_000)
    shop.refunds.refund("at the counter", returned, Money(100_000, "CNY"))
    result = reckoned(shop)
    # 9,000.00 + 5,000.00 + (3,000.00 - 1,000.00)
    assert row(shop, "a").value == 1_600_000
    assert result.other_currency == 1


def test_a_refund_of_ours_is_subtracted_once(shop: Shop, wang: Customer) -> None:
    wang.greets()
    number = shop.sells("10023", total=30000, to=wang.address.public)
    wang.complains("delivery", order_number=number)
    wang.chooses(1)
    paid_back = sum(entry.amount for entry in shop.all(RefundEntry))
    reckoned(shop)
    assert paid_back > 0 and row(shop, "wang").value == 30000 - paid_back


def test_more_cannot_go_back_than_was_worth(shop: Shop) -> None:
    buys(shop, "a", 10_000)
    cheap = buys(shop, "a", 100)
    with shop.database.begin() as work:
        work.session.add(
            RefundEntry(
                reference="R", idempotency_key="k", order_number=cheap, amount=5000, currency="CNY", at=work.now
            )
        )
        work.commit()
    reckoned(shop)
    assert row(shop, "a").value == 10_000


def test_an_order_proved_in_a_complaint_counts_for_who_proved_it_first(shop: Shop, wang: Customer) -> None:
    shop.sells("10023", total=30000, phone_last4="4711")
    wang.complains("service_attitude", order_number="10023")
    wang.gives_digits("4711")
    li = Customer(shop, "li")
    li.complains("service_attitude", order_number="10023")
    li.gives_digits("4711")
    reckoned(shop)
    # Who proves the same order is taken for the same person: it counts once.
    assert row(shop, "li").id == row(shop, "wang").id and row(shop, "wang").value == 30000
    with shop.database.begin() as work:
        # Parted again by staff.
        first, second = work.session.scalars(select(Case).order_by(Case.id)).all()
        assert first.order_proved and second.order_proved
        second.customer = work.session.get_one(CustomerRow, 2)
        second.customer.merged_into_id = None
        work.session.scalars(select(Identity).where(Identity.external_id == "li")).one().customer_id = 2
        work.commit()
    reckoned(shop)
    assert (row(shop, "wang").value, row(shop, "li").value) == (30000, 0)


def test_one_that_the_merchant_lists_is_of_those_listed_alone(shop: Shop, wang: Customer) -> None:
    buys(shop, "a", 20_000)
    shop.sells("10023", total=30000, to="rest:somebody", phone_last4="4711")
    wang.complains("service_attitude", order_number="10023")
    wang.gives_digits("4711")
    reckoned(shop)
    assert (row(shop, "wang").value, row(shop, "wang").tier) == (0, "regular")


def test_an_order_listed_twice_with_one_customer_counts_once(shop: Shop) -> None:
    buys(shop, "a", 20_000, identities=["a", "b"])
    with shop.database.begin() as work:
        one, other = work.session.scalars(select(Identity).order_by(Identity.id)).all()
        gone = other.customer_id
        other.customer_id = one.customer_id
        work.session.get_one(CustomerRow, gone).merged_into_id = one.customer_id
        work.commit()
    result = reckoned(shop)
    assert (result.customers, result.value) == (1, 20_000)


def test_who_never_bought_and_who_is_new_are_regular(shop: Shop, wang: Customer) -> None:
    wang.greets()
    buys(shop, "a", 4_000_000)
    buys(shop, "new", 100, days_ago=5)
    buys(shop, "old", 100, days_ago=100)
    reckoned(shop)
    assert tiers(shop, "a", "wang", "new", "old") == ["vip", "regular", "regular", "small"]


def test_where_nobody_bought_anything_all_tiers_stay(shop: Shop, wang: Customer) -> None:
    wang.greets()
    with shop.database.begin() as work:
        work.session.scalars(select(CustomerRow)).one().tier = "major"  # as it was imported
        work.commit()
    result = reckoned(shop)
    assert result.lines is None and result.moved == () and tiers(shop, "wang") == ["major"]
    assert row(shop, "wang").value == 0 and row(shop, "wang").reckoned_tier is None


def test_what_a_person_set_stays_until_they_give_it_back(shop: Shop, wang: Customer) -> None:
    wang.complains("delivery", emotion=2)
    buys(shop, "a", 4_000_000)
    bob, alice = shop.hires("bob", "supervisor"), shop.hires("alice", "agent")
    here = wang.conversation.id
    shop.does(customers.set_tier, shop.firm, bob, here, "vip", "founder's friend")
    assert (wang.case.tier, wang.case.severity) == ("vip", "high")  # angry VIP
    result = reckoned(shop)
    assert result.by_hand == 1 and tiers(shop, "wang") == ["vip"]
    assert row(shop, "wang").reckoned_tier == "regular"
    with pytest.raises(DeedRefused, match="superiors_only"):
        shop.does(customers.release_tier, shop.firm, alice, here)
    shop.does(customers.release_tier, shop.firm, bob, here)
    person = row(shop, "wang")
    assert (person.tier, person.tier_set_by, person.tier_reason) == ("regular", None, None)
    # The open complaint is handled by it at once, since a person means it.
    assert (wang.case.tier, wang.case.severity) == ("regular", "medium")
    shop.does(customers.release_tier, shop.firm, bob, here)  # once more does nothing
    assert reckoned(shop).by_hand == 0


def test_an_open_complaint_keeps_the_tier_it_was_opened_with(shop: Shop, wang: Customer) -> None:
    wang.complains("delivery", emotion=2)
    due = wang.case.resolution_due
    buys(shop, "wang", 4_000_000)
    reckoned(shop)
    assert tiers(shop, "wang") == ["vip"]
    assert (wang.case.tier, wang.case.severity, wang.case.resolution_due) == ("regular", "medium", due)


def test_done_twice_it_comes_to_the_same_and_a_dry_run_keeps_nothing(shop: Shop) -> None:
    buys(shop, "a", 4_000_000)
    buys(shop, "b", 100)
    before = reckoned(shop, dry_run=True)
    assert tiers(shop, "a", "b") == ["regular", "regular"] and row(shop, "a").value is None
    first = reckoned(shop)
    assert first == before and len(first.moved) == 2
    second = reckoned(shop)
    assert second == replace(first, moved=())


def test_however_small_the_chunks_all_are_reckoned(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(7):
        buys(shop, f"c{number}", 1000 * (number + 1))
    whole = reckoned(shop, dry_run=True)
    monkeypatch.setattr(customer_value, "CHUNK", 2)
    shown: list[tuple[int, int]] = []
    parts = reckoned(shop, progress=lambda done, total: shown.append((done, total)))
    assert parts == whole
    assert shown[-1] == (14, 14) and [done for done, _ in shown] == sorted(done for done, _ in shown)


async def test_the_worker_of_the_desk_does_the_same(shop: Shop) -> None:
    buys(shop, "a", 4_000_000)
    worker = TiersWorker(shop.database, shop.firm)
    assert (await worker.once()).tiers["vip"] == 1
    assert tiers(shop, "a") == ["vip"]


def test_the_command_tells_who_moved(
    sqlite_database: Database,
    firm: object,
    clock: object,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shop = Shop(sqlite_database, firm, clock)  # type: ignore[arg-type]
    # The command goes by the real clock.
    clock.now = datetime.now().astimezone()  # type: ignore[attr-defined]
    buys(shop, "a", 4_000_000)
    buys(shop, "b", 100)
    monkeypatch.setenv("AMENDS_DATABASE_URL", sqlite_database.url)
    assert main(["tiers", "--dry-run"]) == 0
    told = capsys.readouterr().out
    assert "2 customers" in told and "1 would go from regular to vip" in told and tiers(shop, "a") == ["regular"]
    assert main(["tiers", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["tiers"] == {"vip": 1, "major": 0, "regular": 0, "small": 1} and result["lines"]["vip"] == 4_000_000
    assert tiers(shop, "a", "b") == ["vip", "small"]
    assert main(["tiers"]) == 0
    assert "nobody moved" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("  major: 80", "  major: 40", "must not fall from vip to regular"),
        ("window: 365 days", "window: 0 days", "must be between 1 day and 3660 days"),
        ("  vip: 50", "  vip: 120", "less than or equal to 100"),
        ("reckoned: daily", "reckoned: hourly", "'daily' or 'by_command'"),
        ("vip_at_least: 500000", "vip_at_least: -1", "greater than or equal to 0"),
        ("new_for: 90 days", "new_for: a while", "must be a span"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_line(tmp_path: Path, before: str, after: str, told: str) -> None:
    source = (ROOT / "data" / "firm" / "tiers.yml").read_text("utf-8")
    assert before in source
    path = tmp_path / "tiers.yml"
    path.write_text(source.replace(before, after), "utf-8")
    with pytest.raises(FirmDataError, match=r"tiers\.yml:\d+: ") as mistake:
        read_yaml(path, TiersFile)
    assert told in str(mistake.value)
