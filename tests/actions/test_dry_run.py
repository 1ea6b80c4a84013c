"""Other rules on the cases of a period: what they would have offered, before anybody switches them on."""

import json
import shutil
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from actions.__main__ import main
from actions.dry_run import DryRun, dry_run
from actions.firm import FirmDataError, load_firm
from actions.firm.trying import load_firm_with
from actions.staff.granting import RemedyWish, grant_by_hand
from actions.staff.talking import take
from recovery.remedies import Authority
from store.database import Database
from store.tables import Staff
from tests.actions.dialogue import Customer, Shop
from tests.conftest import ROOT

SHIPPED = ROOT / "data" / "firm"
ORDER = "202611120007"


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """A folder that holds one changed file: late parcels get no money back any more, call backs need nobody."""
    folder = tmp_path / "changed"
    folder.mkdir()
    written = (SHIPPED / "remedies.yml").read_text(encoding="utf-8")
    choices = "      - [{kind: refund, percent_of_order: {from: 10, to: 20}, at_most: 10000}]\n"
    refund = choices + "      - [{kind: voucher, percent_of_order: {from: 15"
    assert refund in written
    (folder / "remedies.yml").write_text(written.replace(refund, refund.partition("\n")[2], 1), encoding="utf-8")
    return folder


def complained(shop: Shop) -> list[Customer]:
    """Wang took the refund, Mary declined; Li complained about goods, which the change does not touch."""
    people = [Customer(shop, name) for name in ("wang", "mary", "li")]
    for number, (person, category) in enumerate(zip(people, ("delivery", "delivery", "product_quality"), strict=True)):
        shop.sells(f"20261110000{number}", total=20000, to=person.address.public)
        person.complains(category, order_number=f"20261110000{number}")
    people[0].chooses(1)
    people[1].says_no()
    people[2].chooses(1)
    return people


def compared(shop: Shop, changed: Path) -> DryRun:
    new = replace(load_firm_with(SHIPPED, changed), value=shop.firm.value)
    now = shop.clock.now
    return dry_run(shop.database, shop.firm, new, now - timedelta(days=1), now + timedelta(days=1))


def test_it_shows_which_cases_would_be_offered_something_else_and_what_that_costs(shop: Shop, changed: Path) -> None:
    people = complained(shop)
    run = compared(shop, changed)
    assert (run.cases, {one.number for one in run.changed}) == (3, {person.case.number for person in people[:2]})
    # First choices: a fifth of 200 back twice and 200 for the goods; without the refund 30 % as vouchers.
    assert (run.now.first_choice, run.new.first_choice) == (2 * 4000 + 20000, 2 * 6000 + 20000)
    # Wang took the refund, which is not there any more; Li's is as it was.
    assert (run.now.accepted, run.new.accepted, run.new.no_longer) == (24000, 20000, 1)
    assert run.by_category["delivery"]["changed"] == 2
    told = json.dumps(run.to_json())
    assert "wang" not in told and "mary" not in told, "no personal data"


def test_the_same_rules_change_nothing(shop: Shop) -> None:
    complained(shop)
    now = shop.clock.now
    run = dry_run(shop.database, shop.firm, shop.firm, now - timedelta(days=1), now + timedelta(days=1))
    assert (run.changed, run.now) == ([], run.new)


def test_what_staff_gave_by_hand_was_no_choice_of_the_customers(shop: Shop, wang: Customer, alice: Staff) -> None:
    shop.sells(ORDER, total=20000, to=wang.address.public)
    wang.complains("delivery", order_number=ORDER)
    shop.does(take, shop.firm, alice, wang.conversation.id)
    shop.does(grant_by_hand, shop.firm, alice, wang.conversation.id, RemedyWish("voucher", 5000), "a long wait")
    now = shop.clock.now
    run = dry_run(shop.database, shop.firm, shop.firm, now - timedelta(days=1), now + timedelta(days=1))
    assert (run.cases, run.now.accepted, run.now.no_longer) == (1, 0, 0)


def test_what_the_customer_was_granted_before_counts_against_their_limit(shop: Shop, wang: Customer) -> None:
    """By the changed rules the bot may grant one customer 60 yuan within 90 days; 40 had been granted before."""
    shop.sells(ORDER, total=20000, to=wang.address.public)
    wang.complains("delivery", order_number=ORDER)
    wang.chooses(1)
    shop.clock.advance(days=20)
    later = shop.clock.now
    shop.sells("202611120008", total=20000, to=wang.address.public)
    wang.complains("delivery", order_number="202611120008")
    strict = replace(
        shop.firm,
        policy=replace(
            shop.firm.policy,
            bounds=replace(shop.firm.policy.bounds, per_customer={Authority.BOT: 6000, Authority.AGENT: 10**6}),
        ),
    )
    run = dry_run(shop.database, shop.firm, strict, later - timedelta(hours=1), later + timedelta(days=1))
    assert (run.now.authority, run.new.authority) == ({"bot": 1}, {"agent": 1})
    # As the first complaint was decided nothing had been granted.
    first = dry_run(shop.database, shop.firm, strict, later - timedelta(days=30), later - timedelta(hours=1))
    assert first.new.authority == {"bot": 1}


def test_a_month_is_31_days_with_today(
    shop: Shop, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AMENDS_DATABASE_URL", sqlite_database.url)
    assert main(["dry-run", "--policy", str(SHIPPED), "--until", "2026-10-31", "--json"]) == 0
    run = json.loads(capsys.readouterr().out)
    since, until = (datetime.fromisoformat(run[end]) for end in ("since", "until"))
    assert (since.isoformat()[:10], until - since) == ("2026-10-01", timedelta(days=31))
    with pytest.raises(SystemExit):
        main(["dry-run", "--policy", str(SHIPPED), "--since", "yesterday"])
    assert "'yesterday' is no day such as 2026-10-01" in capsys.readouterr().err


def test_only_cases_of_the_period_count_and_nothing_is_written(shop: Shop, changed: Path) -> None:
    complained(shop)
    before = [(offer.id, offer.state) for person in ("wang",) for offer in Customer(shop, person).case.offers]
    later = shop.clock.now + timedelta(days=40)
    assert dry_run(shop.database, shop.firm, shop.firm, later, later + timedelta(days=1)).cases == 0
    compared(shop, changed)
    assert [(offer.id, offer.state) for offer in Customer(shop, "wang").case.offers] == before


def test_a_mistake_in_a_changed_file_is_told_where_it_lies(changed: Path) -> None:
    path = changed / "authority.yml"
    written = (SHIPPED / "authority.yml").read_text(encoding="utf-8")
    path.write_text(written.replace("  agent: 80000", "  agent: 8", 1), encoding="utf-8")
    with pytest.raises(FirmDataError) as mistake:
        load_firm_with(SHIPPED, changed)
    assert str(mistake.value).startswith(f"{path}:")


def test_a_folder_without_any_of_the_firms_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x", encoding="utf-8")
    with pytest.raises(FirmDataError, match="none of the firm's files"):
        load_firm_with(SHIPPED, tmp_path)
    with pytest.raises(FirmDataError, match="is no folder"):
        load_firm_with(SHIPPED, tmp_path / "nowhere")


def test_what_is_not_changed_stays_as_it_is(changed: Path) -> None:
    assert load_firm_with(SHIPPED, changed).file == load_firm(SHIPPED).file


def test_the_command_tells_it_to_people_and_to_programs(
    tmp_path: Path,
    changed: Path,
    migrated_sqlite_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("AMENDS_VAR", str(tmp_path / "var"))
    monkeypatch.delenv("AMENDS_DATABASE_URL", raising=False)
    (tmp_path / "var").mkdir()
    shutil.copy(migrated_sqlite_file, tmp_path / "var" / "amends.db")
    assert main(["dry-run", "--policy", str(changed)]) == 0
    assert "There is nothing to compare with" in capsys.readouterr().out
    assert main(["dry-run", "--policy", str(changed), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["cases"] == 0
    assert main(["dry-run", "--policy", str(changed), "--since", "2026-11-02", "--until", "2026-11-01"]) == 2
    assert "before it begins" in capsys.readouterr().err
    shutil.rmtree(changed)
    assert main(["dry-run", "--policy", str(changed)]) == 2
    assert "is no folder" in capsys.readouterr().err
