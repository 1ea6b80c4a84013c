"""Links that bind: whoever opens one is that customer from then on, once; their orders count as theirs everywhere."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from actions.binding import BindingRefused, bind, find_link, make_for_identity, make_for_order
from actions.connectors.orders import OrderTwin
from actions.connectors.systems import make_connectors
from actions.conversations import Address, find_conversation, open_conversation, receive
from actions.due import fire
from actions.firm import Firm
from actions.persons import merge_customers
from store import tables
from store.customer_rights import ask_erasure, find_person
from store.database import Database, UnitOfWork
from store.retention import Retention, read_retention
from store.settings import Settings
from store.tables import (
    AuditEntry,
    BindingLink,
    CustomerMerge,
    Identity,
    Message,
    Order,
    OrderIdentity,
    Timer,
)
from tests.actions.dialogue import Customer, Shop
from tests.conftest import ROOT, Clock

WEEK = timedelta(days=7)
REST, OPENID = Address("rest", "wang"), Address("wechat", "o-wang", "main")
ON_WECOM = Address("wecom", "wm-wang", "service/kf1")


def link_for(database: Database, address: Address, on: Address = OPENID) -> str:
    with database.begin() as work:
        token, _ = make_for_identity(work, address, on.channel, on.account, WEEK, "api")
        work.commit()
        return token


def opens(database: Database, token: str, address: Address = OPENID) -> bool:
    with database.begin() as work:
        done = bind(work, token, address)
        work.commit()
        return done


def writes(database: Database, address: Address) -> None:
    with database.begin() as work:
        receive(work, address, "你好", "k1")
        work.commit()


def customer_of(work: UnitOfWork, address: Address) -> int:
    statement = select(Identity.customer_id).where(
        Identity.channel == address.channel, Identity.external_id == address.external_id
    )
    [found] = set(work.session.scalars(statement))
    return found


def add_order(database: Database, number: str, *identities: str) -> None:
    with database.begin() as work:
        listed = [OrderIdentity(identity=one) for one in identities]
        work.session.add(
            Order(
                number=number, placed_at=work.now, total=20_000, currency="CNY", items=[], status="shipped",
                updated_at=work.now, identities=listed,
            )
        )  # fmt: skip
        work.commit()


def test_who_opens_the_link_is_that_customer_and_their_orders_are_theirs(database: Database) -> None:
    writes(database, REST)
    writes(database, OPENID)
    add_order(database, "A1", REST.public)
    assert opens(database, link_for(database, REST))
    with database.reading() as work:
        assert customer_of(work, REST) == customer_of(work, OPENID)
        [merge] = work.session.scalars(select(CustomerMerge))
        assert (merge.proof, merge.by) == ("binding_link", "link")
        names = [one.public for one in work.session.get_one(tables.Customer, customer_of(work, OPENID)).identities]
        assert OrderTwin(work).belongs_to_one("A1", names)


def test_somebody_who_never_wrote_is_that_customer_at_once(database: Database) -> None:
    writes(database, REST)
    assert opens(database, link_for(database, REST))
    with database.reading() as work:
        assert customer_of(work, REST) == customer_of(work, OPENID)
        assert work.session.scalars(select(CustomerMerge)).all() == []


def test_whoever_is_bound_need_not_prove_an_order_of_theirs(database: Database, firm: Firm, clock: Clock) -> None:
    shop = Shop(database, firm, clock)
    order = shop.sells("202611120007", 25_000, to=REST.public, phone_last4="4417")
    writes(database, REST)
    li, wang = Customer(shop, "o-li"), Customer(shop, "o-wang")
    li.address, wang.address = Address("wechat", "o-li", "main"), OPENID
    assert opens(database, link_for(database, REST))
    for customer in (li, wang):
        customer.complains("delivery")
        customer.gives_order(order)
    assert li.awaited == "order_proof" and not li.case.order_proved
    assert wang.awaited == "offer" and wang.case.order_proved


def test_it_works_once_and_only_its_digest_is_kept(database: Database) -> None:
    token = link_for(database, Address("shop", "42"))
    with database.reading() as work:
        [row] = work.session.scalars(select(BindingLink))
        assert token not in repr(vars(row)) and len(row.token_digest) == 64
        assert find_link(work, token) is not None
    assert opens(database, token)
    assert not opens(database, token) and not opens(database, token, Address("wechat", "o-thief", "main"))
    with database.reading() as work:
        assert find_link(work, token) is None
        assert find_conversation(work, Address("wechat", "o-thief", "main")) is None
        [entry] = work.session.scalars(select(AuditEntry).where(AuditEntry.action == "bind"))
        assert "o-wang" not in f"{entry.subject} {entry.details}" and token not in f"{entry.subject} {entry.details}"


def test_two_who_open_it_at_once_do_not_both_get_it(database: Database) -> None:
    writes(database, REST)
    token, done = link_for(database, REST), []
    together = threading.Barrier(2)

    def open_it(address: Address) -> None:
        together.wait()
        done.append(opens(database, token, address))

    racing = [threading.Thread(target=open_it, args=(Address("wechat", f"o-{number}", "main"),)) for number in range(2)]
    for one in racing:
        one.start()
    for one in racing:
        one.join()
    assert sorted(done) == [False, True]


def test_it_ends(database: Database, clock: Clock) -> None:
    token = link_for(database, Address("shop", "42"))
    clock.advance(days=7)
    with database.reading() as work:
        assert find_link(work, token) is None
    assert not opens(database, token)


@pytest.mark.parametrize(
    ("address", "works"),
    [
        (OPENID, True),
        (Address("wechat", "o-wang", "other"), False),
        (Address("wecom", "o-wang", "main"), False),
    ],
)
def test_it_belongs_to_one_account(database: Database, address: Address, works: bool) -> None:
    assert opens(database, link_for(database, Address("shop", "42")), address) is works


@pytest.mark.parametrize("token", ["", "bind", "qrscene_", "bind" + "0" * 40, "bind" + "g" * 40, "scene-of-a-poster"])
def test_other_scenes_are_nothing_to_it(database: Database, token: str) -> None:
    assert not opens(database, token)


def test_a_scan_that_follows_says_it_with_a_prefix(database: Database) -> None:
    assert opens(database, f"qrscene_{link_for(database, Address('shop', '42'))}")


def test_a_wecom_customer_is_one_person_under_all_its_accounts(database: Database) -> None:
    writes(database, REST)
    writes(database, Address("wecom", "wm-wang", "service/kf2"))
    assert opens(database, link_for(database, REST, ON_WECOM), ON_WECOM)
    with database.reading() as work:
        assert customer_of(work, ON_WECOM) == customer_of(work, REST)


def test_the_customer_is_told_in_the_chat_with_the_firms_words(
    database: Database, firm: Firm, settings: Settings, clock: Clock
) -> None:
    assert opens(database, link_for(database, Address("shop", "42")))
    with database.reading() as work:
        [timer] = work.session.scalars(select(Timer).where(Timer.kind == "bound"))
    for _ in range(2):
        fire(database, firm, make_connectors(settings, firm, database), timer.id)
    with database.reading() as work:
        [message] = work.session.scalars(select(Message))
        assert message.text == firm.words.render("zh", "binding.bound", firm=firm.file.name.zh)


def test_an_order_listed_with_nobody_is_listed_with_who_opens_its_link(database: Database) -> None:
    add_order(database, "A1")
    with database.begin() as work:
        token, _ = make_for_order(work, "A1", "wechat", "main", WEEK, "api")
        work.commit()
    assert opens(database, token)
    with database.reading() as work:
        assert work.session.scalars(select(OrderIdentity.identity)).all() == ["wechat:o-wang"]


def test_where_the_merchant_named_somebody_meanwhile_the_order_is_theirs(database: Database) -> None:
    add_order(database, "A1")
    with database.begin() as work:
        token, _ = make_for_order(work, "A1", "wechat", "main", WEEK, "api")
        work.session.add(OrderIdentity(order_number="A1", identity="rest:li"))
        work.commit()
    opens(database, token)
    with database.reading() as work:
        assert work.session.scalars(select(OrderIdentity.identity)).all() == ["rest:li"]


def test_an_order_names_the_customer_it_is_listed_with(database: Database) -> None:
    add_order(database, "A1", "shop:42")
    with database.begin() as work:
        token, _ = make_for_order(work, "A1", "wechat", "main", WEEK, "api")
        work.commit()
    assert opens(database, token)
    with database.reading() as work:
        assert customer_of(work, Address("shop", "42")) == customer_of(work, OPENID)


def test_nobody_can_be_named_who_is_not_known(database: Database) -> None:
    add_order(database, "A1", "rest:li", "rest:wang")
    writes(database, Address("rest", "li"))
    writes(database, REST)
    with database.begin() as work:
        for address in (OPENID, Address("web", "nobody")):
            with pytest.raises(BindingRefused, match="unknown_identity"):
                make_for_identity(work, address, "wechat", "main", WEEK, "api")
        with pytest.raises(BindingRefused, match="unknown_order"):
            make_for_order(work, "X9", "wechat", "main", WEEK, "api")
        with pytest.raises(BindingRefused, match="several_customers"):
            make_for_order(work, "A1", "wechat", "main", WEEK, "api")


def test_a_customer_who_was_joined_meanwhile_is_found_where_they_are(database: Database) -> None:
    writes(database, REST)
    writes(database, Address("web", "wang"))
    token = link_for(database, REST)
    with database.begin() as work:
        kept = work.session.get_one(tables.Customer, customer_of(work, Address("web", "wang")))
        merge_customers(
            work, kept, work.session.get_one(tables.Customer, customer_of(work, REST)), "said_on_phone", "bob"
        )
        work.commit()
    assert opens(database, token)
    with database.reading() as work:
        assert customer_of(work, OPENID) == customer_of(work, Address("web", "wang"))


def test_who_asked_to_be_erased_is_joined_to_nobody(database: Database, firm: Firm) -> None:
    retention: Retention = read_retention(ROOT / "data" / "firm")
    writes(database, REST)
    token = link_for(database, REST)
    with database.begin() as work:
        # The message waits still, so the erasure must.
        ask_erasure(work, find_person(work, REST.public), retention, "mei")
        work.commit()
    assert not opens(database, token)
    with database.begin() as work:
        with pytest.raises(BindingRefused, match="erasure_waiting"):
            make_for_identity(work, REST, "wechat", "main", WEEK, "api")
        open_conversation(work, OPENID)
        assert customer_of(work, OPENID) != customer_of(work, REST)
