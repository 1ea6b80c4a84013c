"""Who hears of what, by which way; how long it is kept; and every kind has its words."""

import asyncio
import json

import pytest
from aiohttp import ClientSession
from sqlalchemy import select

from actions.firm import Firm
from actions.notifying import NotificationKind
from actions.staff.notifications import mark_conversation_read
from recovery.control import Control
from store.database import Database
from store.letting_go import let_go
from store.retention import read_retention
from store.tables import Conversation, Notification, NotificationEvent
from tests.conftest import ROOT, Clock
from tests.desk.notifying.conftest import GROUP, MailTwin, WebTwin, house, said


async def test_an_event_reaches_persons_groups_and_systems_each_once(
    database: Database,
    firm: Firm,
    session: ClientSession,
    clock: Clock,
    mail: MailTwin,
    outside: WebTwin,
    mailing: dict[str, str],
    targets: dict[str, str],
) -> None:
    desk = house(database, firm, session, clock, mailing, targets, robots=[GROUP], webhooks=[{"key": "erp"}])
    alice = desk.hires("alice", email="alice@shop.example")
    amy = desk.hires("amy")
    wang = desk.customer()
    desk.tells([alice, amy, alice], "handed_over", wang, reason="asked")
    await desk.works()
    assert len(said(outside)) == 1 and len(outside.at("/erp")) == 1
    assert mail.letters == [], "who reads it in the page within a minute gets no mail"
    await desk.works(minutes=1)
    (letter,) = mail.letters
    assert letter["To"] == "alice@shop.example"
    await desk.works(minutes=1)
    assert (len(mail.letters), len(outside.got)) == (1, 2)
    assert {row.state for row in desk.deliveries()} == {"sent"}


async def test_nothing_that_leaves_names_the_customer_or_quotes_them(
    sqlite_database: Database,
    firm: Firm,
    session: ClientSession,
    clock: Clock,
    mail: MailTwin,
    outside: WebTwin,
    mailing: dict[str, str],
    targets: dict[str, str],
) -> None:
    desk = house(sqlite_database, firm, session, clock, mailing, targets, robots=[GROUP], webhooks=[{"key": "erp"}])
    alice = desk.hires("alice", email="alice@shop.example")
    wang = desk.customer("13800001234")
    details = {"reason": "asked", "note": "secret note", "by": "boss", "text": "我叫王伟"}
    desk.tells([alice], "handed_over", wang, **details)
    await desk.works()
    await desk.works(minutes=1)
    number = desk.number(wang)
    with sqlite_database.reading() as work:
        link = work.session.get_one(Conversation, wang).public_id
    everything = [mail.letters[0].get_content(), *said(outside), *(body.decode() for _, body in outside.at("/erp"))]
    assert len(everything) == 3
    for text in everything:
        assert number in text and f"https://desk.example/desk/conversations/{link}" in text
        assert not any(private in text for private in ("13800001234", "secret note", "boss", "王伟", "alice"))
    assert "Severity: High" in everything[0] and "Department: Logistics" in everything[0]
    assert "严重程度：高" in everything[1] and "部门：物流部" in everything[1]


async def test_a_robot_hears_its_kinds_of_its_departments(
    sqlite_database: Database,
    firm: Firm,
    session: ClientSession,
    clock: Clock,
    outside: WebTwin,
    targets: dict[str, str],
) -> None:
    robots = [{**GROUP, "departments": ["sales"]}, {"key": "night", "departments": ["logistics"]}]
    desk = house(sqlite_database, firm, session, clock, targets, robots=robots)
    wang = desk.customer(control=Control.STAFF)
    alice = desk.hires("alice")
    desk.tells([alice], "overdue", wang)
    desk.tells([alice], "consulted", wang, department="sales")
    await desk.works()
    # The overdue case is of logistics; the question goes to sales, whose robot does not listen to questions.
    assert said(outside) == [] and len(said(outside, "/night")) == 1


async def test_what_a_person_reads_meanwhile_is_not_sent(
    sqlite_database: Database,
    firm: Firm,
    session: ClientSession,
    clock: Clock,
    mail: MailTwin,
    mailing: dict[str, str],
) -> None:
    desk = house(sqlite_database, firm, session, clock, mailing)
    alice = desk.hires("alice", email="alice@shop.example")
    desk.tells([alice], "mentioned", desk.customer(control=Control.STAFF))
    await desk.works()
    desk.reads(alice)
    await desk.works(minutes=2)
    assert mail.letters == []
    assert [row.state for row in desk.deliveries()] == ["dropped"]


@pytest.mark.parametrize("wish", [{}, {"email": "alice@shop.example", "ways": []}, {"email": "not an address"}])
async def test_who_does_not_want_mail_gets_none(
    sqlite_database: Database,
    firm: Firm,
    session: ClientSession,
    clock: Clock,
    mail: MailTwin,
    mailing: dict[str, str],
    wish: dict[str, object],
) -> None:
    desk = house(sqlite_database, firm, session, clock, mailing)
    desk.tells([desk.hires("alice", **wish)], "mentioned", desk.customer(control=Control.STAFF))
    await desk.works()
    await desk.works(minutes=2)
    assert mail.letters == []


async def test_a_customer_who_writes_often_is_one_notification_until_it_is_read(
    database: Database, firm: Firm, session: ClientSession, clock: Clock
) -> None:
    desk = house(database, firm, session, clock)
    alice, wang = desk.hires("alice"), desk.customer(control=Control.STAFF)
    for _ in range(3):
        desk.tells([alice], "customer_wrote", wang)
    with database.reading() as work:
        (found,) = work.session.scalars(select(Notification)).all()
        assert found.count == 3
        assert len(work.session.scalars(select(NotificationEvent)).all()) == 1
    desk.reads(alice)
    desk.tells([alice], "customer_wrote", wang)
    assert desk.notified("customer_wrote") == [alice, alice]


async def test_who_writes_while_somebody_reads_is_not_lost(
    postgresql_database: Database, firm: Firm, session: ClientSession, clock: Clock
) -> None:
    desk = house(postgresql_database, firm, session, clock)
    alice, wang = desk.hires("alice"), desk.customer(control=Control.STAFF)
    desk.tells([alice], "customer_wrote", wang)
    with postgresql_database.begin() as reader:
        mark_conversation_read(reader, alice, wang)
        reader.session.flush()
        writes = asyncio.create_task(asyncio.to_thread(desk.tells, [alice], "customer_wrote", wang))
        await asyncio.sleep(0.5)
        reader.commit()
    await writes
    with postgresql_database.reading() as work:
        found = work.session.scalars(select(Notification).order_by(Notification.id)).all()
        assert [(one.count, one.read_at is None) for one in found] == [(1, False), (1, True)]


async def test_groups_and_systems_are_told_which_clock_and_are_not_spoken_to_like_a_person(
    sqlite_database: Database,
    firm: Firm,
    session: ClientSession,
    clock: Clock,
    outside: WebTwin,
    targets: dict[str, str],
) -> None:
    robots, webhooks = [{"key": "group"}, {"key": "night", "language": "en"}], [{"key": "erp"}]
    desk = house(sqlite_database, firm, session, clock, targets, robots=robots, webhooks=webhooks)
    alice, wang = desk.hires("alice"), desk.customer(control=Control.STAFF)
    desk.tells([alice], "assigned", wang)
    desk.tells([alice], "overdue", wang, clock="next_update", due="2026-11-18T01:00:00+00:00")
    await desk.works()
    given, overdue = said(outside)
    assert given.startswith("**有会话分给了同事") and "您" not in given
    assert "时限类型：下次进展" in overdue
    assert said(outside, "/night")[0].startswith("**A conversation was given to a colleague")
    assert [json.loads(body)["clock"] for _, body in outside.at("/erp")] == [None, "next_update"]


async def test_notifications_are_kept_for_ninety_days(
    database: Database,
    firm: Firm,
    session: ClientSession,
    clock: Clock,
    outside: WebTwin,
    targets: dict[str, str],
) -> None:
    desk = house(database, firm, session, clock, targets, webhooks=[{"key": "erp"}])
    alice, wang = desk.hires("alice"), desk.customer(control=Control.STAFF)
    desk.tells([alice], "mentioned", wang)
    await desk.works()
    clock.advance(days=89)
    desk.tells([alice], "mentioned", wang)
    retention = read_retention(ROOT / "data" / "firm")
    let_go(database, retention, None)
    assert len(desk.notified("mentioned")) == 2
    clock.advance(days=2)
    let_go(database, retention, None)
    assert len(desk.notified("mentioned")) == 1
    with database.reading() as work:
        assert len(work.session.scalars(select(NotificationEvent)).all()) == 1
    assert desk.deliveries() == []


def test_every_kind_has_its_words() -> None:
    from desk.console.pages import read_words

    words = read_words()
    assert [kind for kind in NotificationKind if not words.has(f"told.{kind}")] == []
