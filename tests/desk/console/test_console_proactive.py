"""Cases that the firm opened itself, as the desk shows them: who spoke first, what a guarantee paid, no clocks."""

import html

import pytest
from sqlalchemy import text

from actions.firm import Firm
from actions.staff.access import DeedRefused
from actions.staff.linking import merge
from store.database import Database
from store.tables import Staff
from tests.actions.dialogue import Customer, Shop
from tests.actions.promised import looks, sells_late, that_guarantees
from tests.conftest import Clock
from tests.desk.console.conftest import Open


@pytest.fixture
def shop(sqlite_database: Database, firm: Firm, clock: Clock) -> Shop:
    return Shop(sqlite_database, that_guarantees(firm), clock)


@pytest.fixture
def mary(shop: Shop) -> Customer:
    """Paid by a guarantee, and has not complained."""
    customer = Customer(shop, "mary", "en")
    customer.greets()
    sells_late(shop, to=customer.address.public)
    looks(shop)
    return customer


async def test_the_case_page_says_who_spoke_first_and_what_was_paid(
    browser: Open, people: dict[str, Staff], mary: Customer
) -> None:
    page = html.unescape(await (await browser("alice")).read(f"/desk/conversations/{mary.conversation.public_id}"))
    assert "guarantee · we spoke first" in page
    assert "paid under the guarantee" in page and "Under the guarantee “On-time guarantee”" in page
    assert "Nobody has complained yet, so no clock runs." in page and 'class="clock-line ' not in page


async def test_a_complaint_since_is_shown(browser: Open, people: dict[str, Staff], mary: Customer) -> None:
    mary.complains("delivery")
    page = html.unescape(await (await browser("alice")).read(f"/desk/conversations/{mary.conversation.public_id}"))
    assert "guarantee · we spoke first" in page and "Complained since" in page
    assert "no clock runs" not in page


async def test_the_lists_show_it(browser: Open, people: dict[str, Staff], mary: Customer) -> None:
    mary.asks_for_a_person()
    page = html.unescape(await (await browser("alice")).read("/desk/"))
    assert "guarantee · we spoke first" in page


async def test_the_settings_show_the_file(browser: Open, people: dict[str, Staff]) -> None:
    page = html.unescape(await (await browser("ada")).read("/desk/settings/firm/guarantees"))
    assert "On-time delivery guarantee" in page and "Hot meal guarantee" in page
    assert "Is the quality beyond the firm's control?" in page and "Head of logistics" in page


def test_a_complaint_does_not_disappear_in_a_case_of_the_firm(
    shop: Shop, mary: Customer, people: dict[str, Staff]
) -> None:
    mary.complains("product_quality", order_number="202611120099")
    with shop.database.begin() as work:
        # Settled cases can only be linked: as if a person had both.
        work.session.execute(text("UPDATE cases SET state = 'with_staff'"))
        work.session.execute(text("UPDATE offers SET state = 'superseded' WHERE state = 'open'"))
        work.commit()
    own, complaint = mary.cases
    with pytest.raises(DeedRefused, match="kept_is_no_complaint"):
        shop.does(merge, shop.firm, people["alice"], complaint.id, own.number)
    shop.does(merge, shop.firm, people["alice"], own.id, complaint.number)
