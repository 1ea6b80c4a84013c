"""A name such as ``wechat:oAlice`` means the one customer whom any account knows by it."""

import pytest

from actions.connectors.orders import OrderTwin
from actions.firm import Firm
from actions.incidents.reaching import conversation_of, reach
from desk.api.views import cases_view, conversation_view, messages_view, parse_identity
from store.customer_rights import find_person, orders_of
from store.database import Database
from tests.actions.dialogue import Shop
from tests.conftest import Clock
from tests.desk.channels.following import Follower

ORDER = "202611120099"


@pytest.fixture(params=[("wechat", "main"), ("wecom", "service/kf1")])
def alice(request: pytest.FixtureRequest, database: Database, firm: Firm) -> Follower:
    channel, account = request.param
    found = Follower(database, firm, "oAlice", account, channel)
    found.sends(words="您好")
    return found


def test_an_order_listed_with_it_is_that_customers(
    database: Database, firm: Firm, clock: Clock, alice: Follower
) -> None:
    Shop(database, firm, clock).sells(ORDER, 9900, to=alice.address.public)
    with database.begin() as work:
        assert OrderTwin(work).belongs_to(ORDER, alice.address.public)
        assert orders_of(work, find_person(work, alice.address.public)) == {ORDER}
        reached = reach(work, [ORDER])[ORDER]
        assert reached.address == alice.address
        # Spoken with where they are, and no second conversation is opened.
        assert conversation_of(work, reached).id == alice.conversation.id


def test_integrators_find_it_without_naming_the_account(database: Database, alice: Follower) -> None:
    address = parse_identity(alice.address.public)
    assert address is not None
    with database.reading() as work:
        found = conversation_view(work, address)
        said = messages_view(work, address, 0, 10)
        assert found is not None and found["identity"] == alice.address.public
        assert said is not None and [one["text"] for one in said["messages"]] == ["您好"]
        assert cases_view(work, address, 10) == []
