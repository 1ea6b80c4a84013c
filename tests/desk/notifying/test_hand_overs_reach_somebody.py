"""A hand-over always reaches somebody (Chatwoot 5077)."""

import pytest
from aiohttp import ClientSession

from actions.firm import Firm
from recovery.control import Control
from store.database import Database
from store.tables import Conversation, HandOver, Staff
from tests.conftest import Clock
from tests.desk.notifying.conftest import GROUP, MailTwin, WebTwin, firm_with, house, said


@pytest.mark.parametrize("kind", ["handed_over", "assigned"])
async def test_a_hand_over_that_no_rule_sends_anywhere_goes_out_all_the_same(
    sqlite_database: Database,
    firm: Firm,
    session: ClientSession,
    clock: Clock,
    outside: WebTwin,
    targets: dict[str, str],
    kind: str,
) -> None:
    robots = [{"key": "group", "kinds": ["overdue"], "departments": ["sales"]}]
    desk = house(sqlite_database, firm, session, clock, targets, robots=robots)
    desk.tells([desk.hires("alice")], kind, desk.customer())
    await desk.works()
    assert len(said(outside)) == 1


async def test_a_system_that_hears_of_a_hand_over_is_nobody_yet(
    sqlite_database: Database,
    firm: Firm,
    session: ClientSession,
    clock: Clock,
    outside: WebTwin,
    targets: dict[str, str],
) -> None:
    file = {"robots": [{"key": "group", "kinds": ["overdue"]}], "webhooks": [{"key": "erp"}]}
    desk = house(sqlite_database, firm, session, clock, targets, **file)
    desk.tells([desk.hires("alice")], "handed_over", desk.customer())
    await desk.works()
    assert len(outside.at("/erp")) == 1 and len(said(outside)) == 1


async def test_a_hand_over_that_was_taken_meanwhile_is_told_to_systems_only(
    sqlite_database: Database,
    firm: Firm,
    session: ClientSession,
    clock: Clock,
    mail: MailTwin,
    outside: WebTwin,
    mailing: dict[str, str],
    targets: dict[str, str],
) -> None:
    file = {"quiet_hours": {"begin": "09:00", "end": "12:00"}, "robots": [GROUP], "webhooks": [{"key": "erp"}]}
    desk = house(sqlite_database, firm, session, clock, mailing, targets, **file)
    alice, amy = (desk.hires(name, email=f"{name}@shop.example") for name in ("alice", "amy"))
    wang, li = desk.customer("wang"), desk.customer("li")
    for waiting in (wang, li):
        desk.tells([alice, amy], "handed_over", waiting)
    await desk.works(minutes=2)
    with sqlite_database.begin() as work:
        work.session.get_one(Conversation, wang).control = Control.STAFF
        work.commit()
    await desk.works(hours=2)
    (in_group,) = said(outside)
    assert desk.number(li) in in_group and desk.number(wang) not in in_group
    assert len(mail.letters) == 2 and all(desk.number(li) in letter["Subject"] for letter in mail.letters)
    assert len(outside.at("/erp")) == 2


async def test_where_only_mail_is_left_superiors_who_can_be_written_to_hear_of_it(
    sqlite_database: Database,
    firm: Firm,
    session: ClientSession,
    clock: Clock,
    mail: MailTwin,
    mailing: dict[str, str],
) -> None:
    desk = house(sqlite_database, firm, session, clock, mailing)
    alice = desk.hires("alice")
    desk.hires("bob", "supervisor")
    desk.hires("mei", "manager", email="mei@shop.example")
    desk.tells([alice], "handed_over", desk.customer())
    await desk.works()
    await desk.works(minutes=1)
    assert [letter["To"] for letter in mail.letters] == ["mei@shop.example"]


async def test_a_hand_over_that_nobody_reads_goes_to_the_departments_supervisors_once(
    database: Database, firm: Firm, session: ClientSession, clock: Clock
) -> None:
    desk = house(database, firm, session, clock)
    alice = desk.hires("alice")
    bob, eve = desk.hires("bob", "supervisor"), desk.hires("eve", "supervisor")
    desk.hires("mei", "manager")
    with database.begin() as work:
        work.session.get_one(Staff, bob).departments = ["logistics"]
        work.session.get_one(Staff, eve).departments = ["sales"]
        work.commit()
    desk.tells([alice], "assigned", desk.customer(), reason="asked")
    await desk.works(minutes=9)
    await desk.worker.look_after_hand_overs()
    assert desk.notified("hand_over_unread") == []
    clock.advance(minutes=1)
    await desk.worker.look_after_hand_overs()
    clock.advance(hours=1)
    await desk.worker.look_after_hand_overs()
    assert desk.notified("hand_over_unread") == [bob]


@pytest.mark.parametrize("what", ["read", "taken"])
async def test_a_hand_over_that_somebody_looks_after_is_not_passed_on(
    sqlite_database: Database, firm: Firm, session: ClientSession, clock: Clock, what: str
) -> None:
    desk = house(sqlite_database, firm, session, clock)
    alice, amy, wang = desk.hires("alice"), desk.hires("amy"), desk.customer()
    desk.hires("bob", "supervisor")
    desk.tells([alice, amy], "handed_over", wang)
    await desk.works()
    if what == "read":
        desk.reads(amy)
    else:
        with sqlite_database.begin() as work:
            work.session.get_one(Conversation, wang).control = Control.STAFF
            work.commit()
    clock.advance(hours=1)
    await desk.worker.look_after_hand_overs()
    assert desk.notified("hand_over_unread") == []


async def test_what_was_taken_back_from_somebody_silent_is_watched_anew(
    database: Database, firm: Firm, session: ClientSession, clock: Clock
) -> None:
    desk = house(database, firm, session, clock)
    alice, wang = desk.hires("alice"), desk.customer()
    bob = desk.hires("bob", "supervisor")
    desk.tells([alice], "handed_over", wang)
    desk.reads(alice)
    clock.advance(hours=3)
    with database.begin() as work:
        # At its old place in the queue: it waits since three hours ago.
        work.session.add(HandOver(conversation_id=wang, reason="owner_silent", by="timer", at=work.now))
        work.commit()
    desk.tells([alice], "handed_over", wang)
    await desk.works()
    assert desk.notified("hand_over_unread") == []
    clock.advance(minutes=10)
    await desk.worker.look_after_hand_overs()
    assert desk.notified("hand_over_unread") == [bob]


async def test_with_nobody_there_superiors_are_told_at_once(
    sqlite_database: Database, firm: Firm, session: ClientSession, clock: Clock
) -> None:
    desk = house(sqlite_database, firm, session, clock)
    ada = desk.hires("ada", "administrator")
    desk.tells([], "handed_over", desk.customer())
    await desk.works()
    assert desk.notified("hand_over_unread") == [ada]


def test_what_is_missing_is_said_plainly_at_start(
    sqlite_database: Database, firm: Firm, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    from desk.notifying.ways import make_ways, say_what_is_missing
    from store.settings import load_settings

    file = firm_with(firm, robots=[GROUP])
    say_what_is_missing(make_ways(load_settings({}), file, None, clock))  # type: ignore[arg-type]
    told = capsys.readouterr().out
    assert "nothing leaves the desk" in told and "AMENDS_SMTP_URL" in told and "group" in told
