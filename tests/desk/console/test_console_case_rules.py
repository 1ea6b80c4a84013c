"""What the case page tells of history, severity and the customer's value."""

import html

from actions.customer_value import reckon_tiers
from actions.firm import Firm
from store.database import Database
from store.tables import Customer
from tests.desk.console.conftest import Desk, Open


async def test_the_page_says_what_happened_and_why_it_is_so_severe(browser: Open, desk: Desk) -> None:
    public_id = desk.complains(emotion={"level": 2, "words": []})
    alice = await browser("alice")
    assert (await alice.post(f"/desk/conversations/{public_id}/take")).status == 303
    page = html.unescape(await alice.read(f"/desk/conversations/{public_id}"))
    assert "Severe because" in page and "the customer is angry" in page
    steps = page[page.index('id="case-steps"') :]
    assert "Handed over" in steps and "by alice" in steps and "Complaint opened" in steps


async def test_the_card_shows_the_value_and_lets_it_decide_again(
    browser: Open, desk: Desk, firm: Firm, sqlite_database: Database
) -> None:
    public_id = desk.sees_offers(3000)
    here = f"/desk/conversations/{public_id}"
    bob, alice = await browser("bob"), await browser("alice")
    assert "not reckoned yet" in await bob.read(here)
    assert "Let the value decide again" not in await bob.read(here)
    assert (await bob.post(f"{here}/customer/tier", tier="vip", tier_reason="founder")).status == 303
    reckon_tiers(sqlite_database, firm)
    page = html.unescape(await bob.read(here))
    # Their only order makes all the value there is, but is worth less than a VIP's.
    assert "¥3,000.00" in page and "as of" in page and "by value Major" in page
    assert "Let the value decide again" in page and "Let the value decide again" not in await alice.read(here)
    assert (await alice.post(f"{here}/customer/tier", tier="reckoned")).status in (403, 404)
    assert (await bob.post(f"{here}/customer/tier", tier="reckoned")).status == 303
    with sqlite_database.reading() as work:
        person = work.session.query(Customer).one()
        assert (person.tier, person.tier_set_by) == ("major", None)
