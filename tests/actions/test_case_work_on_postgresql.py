"""What colleagues do together on a case, once through on PostgreSQL, and the page that shows it."""

import pytest
from sqlalchemy import select

from actions.firm import Firm
from actions.staff import consulting, customers, facts, judging, linking, notes
from desk.console.consultations import count_asked, read_page
from desk.console.conversation import read_conversation
from desk.console.watch import conversation_versions
from store.database import Database
from store.tables import Case, Identity
from tests.actions.dialogue import Customer, Shop
from tests.conftest import Clock
from tests.desk.turning import at_once


@pytest.fixture
def shop(postgresql_database: Database, firm: Firm, clock: Clock) -> Shop:
    return Shop(postgresql_database, firm, clock)


def test_all_of_it_works_and_shows(shop: Shop) -> None:
    wang, phone = Customer(shop, "wang"), Customer(shop, "wang-phone")
    alice, bob = shop.hires("alice", "agent"), shop.hires("bob", "supervisor")
    wang.complains("delivery", text="快递三天没到，电话13800138000")
    shop.clock.advance(minutes=1)
    phone.complains("delivery", text="快递三天了还是没有到")
    kept, goes = wang.case, phone.case
    with shop.database.begin() as work:
        work.session.get_one(Identity, phone.conversation.identity_id).customer_id = kept.customer_id
        work.session.get_one(Case, goes.id).customer_id = kept.customer_id
        work.commit()
    talk = wang.conversation
    shop.does(notes.write_note, alice, talk.id, "@bob look")
    asked = shop.does(consulting.ask, shop.firm, alice, kept.id, "logistics", "Where is it?")
    at_once(3, lambda n: shop.does(judging.touch, shop.firm, alice, kept.id, judging.Touch.ADD_RISK, "legal"))
    shop.does(facts.correct_fact, shop.firm, alice, kept.id, "order_number", "4711")
    # Both conversations are locked by either, in one order.
    tiers = ("vip", "major")
    talks = (talk.id, phone.conversation.id)
    at_once(2, lambda n: shop.does(customers.set_tier, shop.firm, bob, talks[n], tiers[n], "asked"))
    shop.does(linking.merge, shop.firm, alice, goes.id, kept.number)
    shop.does(consulting.answer, shop.firm, bob, asked.id, "In Hangzhou.")
    with shop.database.reading() as work:
        page = read_conversation(work, shop.firm, bob, "en", talk.public_id)
        assert page is not None and page.case_work.links is not None and page.case_work.consultations is not None
        assert [one.case.id for one in page.case_work.links.merged] == [goes.id]
        assert [line.asked.answer for line in page.case_work.consultations.lines] == ["In Hangzhou."]
        assert len(page.case_work.customer.channels) == 2
        assert page.version == conversation_versions(work, {talk.id})[talk.id]
        assert read_page(work, shop.firm, alice).by_me[0].asked.id == asked.id
        assert count_asked(work, shop.firm, bob) == 0
        assert work.session.scalars(select(Case.risks).where(Case.id == kept.id)).one() == ["legal"]
    shop.clock.advance(minutes=1)
