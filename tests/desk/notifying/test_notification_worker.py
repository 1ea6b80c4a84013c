"""What leaves the page, to whom and when: plans, quiet hours, digests, floods, hand-overs that nobody reads."""

import asyncio
import json
from datetime import timedelta

import pytest
from aiohttp import ClientSession, web
from sqlalchemy import insert, select

from actions.firm import Firm
from actions.notifying import NotificationKind
from actions.staff.notifications import mark_conversation_read
from desk.notifying import deliveries, planning
from recovery.control import Control
from store.database import Database
from store.letting_go import let_go
from store.retention import read_retention
from store.tables import Conversation, HandOver, Notification, NotificationDelivery, NotificationEvent, Staff
from tests.conftest import ROOT, Clock
from tests.desk.notifying.conftest import House, MailTwin, WebTwin, firm_with

GROUP = {"key": "group", "language": "zh", "kinds": ["handed_over", "hand_over_unread", "overdue"]}
ALL_DAY = {"begin": "22:00", "end": "07:30"}


def house(
    database: Database, firm: Firm, session: ClientSession, clock: Clock, *settings: dict[str, str], **file: object
) -> House:
    environment = {key: value for some in settings for key, value in some.items()}
    return House(database, firm_with(firm, **file), session, clock, environment)


def said(outside: WebTwin, path: str = "/group") -> list[str]:
    return [json.loads(body)["markdown"]["content"] for _, body in outside.at(path)]


# --- who gets what ----------------------------------------------------------------------------------------------------


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


# --- quiet hours, digests, floods -------------------------------------------------------------------------------------


async def test_quiet_hours_hold_back_all_but_danger_and_end_in_one_message(
    sqlite_database: Database,
    firm: Firm,
    session: ClientSession,
    clock: Clock,
    mail: MailTwin,
    outside: WebTwin,
    mailing: dict[str, str],
    targets: dict[str, str],
) -> None:
    file = {"quiet_hours": ALL_DAY, "robots": [GROUP], "webhooks": [{"key": "erp"}]}
    desk = house(sqlite_database, firm, session, clock, mailing, targets, **file)
    alice = desk.hires("alice", email="alice@shop.example")
    clock.advance(hours=13)  # eleven at night in Shanghai
    for name in ("wang", "li"):
        desk.tells([alice], "handed_over", desk.customer(name), reason="asked")
    await desk.works(minutes=5)
    assert said(outside) == [] and mail.letters == []
    assert len(outside.at("/erp")) == 2, "machines do not sleep"
    desk.tells([alice], "handed_over", desk.customer("zhao", risks=["safety"]), reason="safety")
    await desk.works()
    assert len(said(outside)) == 1 and len(mail.letters) == 1
    await desk.works(hours=8)  # five past seven
    assert len(said(outside)) == 1
    await desk.works(minutes=30)
    assert len(said(outside)) == 2 and said(outside)[1].startswith("**2 条通知**")
    assert len(mail.letters) == 2 and mail.letters[1]["Subject"] == "2 notifications"


async def test_ones_own_quiet_hours_hold_instead_of_the_firms(
    sqlite_database: Database,
    firm: Firm,
    session: ClientSession,
    clock: Clock,
    mail: MailTwin,
    mailing: dict[str, str],
) -> None:
    desk = house(sqlite_database, firm, session, clock, mailing, quiet_hours=ALL_DAY)
    early = desk.hires("early", email="early@shop.example", quiet=["09:00", "12:00"])
    owl = desk.hires("owl", email="owl@shop.example", quiet=["03:00", "04:00"])
    desk.tells([early, owl], "mentioned", desk.customer(control=Control.STAFF))
    await desk.works(minutes=1)
    await desk.works(minutes=1)
    assert [letter["To"] for letter in mail.letters] == ["owl@shop.example"]
    await desk.works(hours=2)
    assert [letter["To"] for letter in mail.letters] == ["owl@shop.example", "early@shop.example"]


async def test_a_flood_becomes_one_message_with_counts_and_links(
    sqlite_database: Database,
    firm: Firm,
    session: ClientSession,
    clock: Clock,
    outside: WebTwin,
    targets: dict[str, str],
) -> None:
    desk = house(sqlite_database, firm, session, clock, targets, robots=[GROUP])
    alice = desk.hires("alice")
    numbers = []
    for name in range(9):
        wang = desk.customer(f"customer {name}")
        numbers.append(desk.number(wang))
        desk.tells([alice], "handed_over", wang)
        await desk.works(seconds=1)
    assert len(said(outside)) == 5
    await desk.works(minutes=10)
    assert len(said(outside)) == 6
    digest = said(outside)[-1]
    assert digest.startswith("**4 条通知**") and "有客户在等人工：4 条" in digest
    assert all(number in digest for number in numbers[5:])
    assert digest.count("](https://desk.example/desk/conversations/") == 4
    desk.tells([alice], "overdue", desk.customer("later", control=Control.STAFF))
    await desk.works(minutes=1)
    assert len(said(outside)) == 7, "afterwards each by itself again"


async def test_what_gathered_during_an_outage_comes_as_one(
    sqlite_database: Database,
    firm: Firm,
    session: ClientSession,
    clock: Clock,
    outside: WebTwin,
    targets: dict[str, str],
) -> None:
    desk = house(sqlite_database, firm, session, clock, targets, robots=[GROUP])
    outside.answers["/group"] = web.Response(status=503)
    for name in range(8):
        desk.tells([], "overdue", desk.customer(f"customer {name}", control=Control.STAFF))
    await desk.works()
    outside.answers.clear()
    tried = len(said(outside))
    assert tried == 1, "a target that does not answer is left alone"
    await desk.works(hours=1)
    assert len(said(outside)) == tried + 1 and said(outside)[-1].startswith("**8 条通知**")


async def test_thousands_that_waited_for_the_morning_are_one_message(
    database: Database, firm: Firm, session: ClientSession, clock: Clock, outside: WebTwin, targets: dict[str, str]
) -> None:
    desk = house(database, firm, session, clock, targets, robots=[{"key": "group"}])
    desk.tells([], "overdue")
    with database.begin() as work:
        (event,) = work.session.scalars(select(NotificationEvent)).all()
        event.planned_at = work.now
        waiting = [
            {"kind": "overdue", "details": {}, "at": work.now, "planned_at": work.now, "public_id": f"{number:032}"}
            for number in range(3000)
        ]
        ids = work.session.scalars(insert(NotificationEvent).returning(NotificationEvent.id), waiting).all()
        usual = {"way": "robot", "target": "group", "kind": "overdue", "digest": True, "next_attempt_at": work.now}
        rows = [{**usual, "event_id": id_, "created_at": work.now} for id_ in ids]
        work.session.execute(insert(NotificationDelivery), rows)
        work.commit()
    await desk.works()
    assert len(said(outside)) == 1 and said(outside)[0].startswith("**3000 条通知**")
    assert {row.state for row in desk.deliveries()} == {"sent"}


async def test_a_digest_gathers_what_a_person_wants_gathered(
    sqlite_database: Database,
    firm: Firm,
    session: ClientSession,
    clock: Clock,
    mail: MailTwin,
    mailing: dict[str, str],
) -> None:
    desk = house(sqlite_database, firm, session, clock, mailing)
    alice = desk.hires("alice", email="alice@shop.example", digest=30)
    for name, minutes in (("wang", 0), ("li", 20), ("zhao", 9)):
        await desk.works(minutes=minutes)
        desk.tells([alice], "assigned", desk.customer(name, control=Control.STAFF))
    await desk.works()
    assert mail.letters == []
    await desk.works(minutes=1)
    (letter,) = mail.letters
    assert letter["Subject"] == "3 notifications" and "Given to you: 3" in letter.get_content()
    await desk.works(hours=1)
    assert len(mail.letters) == 1


def test_a_long_digest_fits_what_wecom_takes(firm: Firm, clock: Clock) -> None:
    from desk.console.pages import read_words
    from desk.notifying.sending import Item
    from desk.notifying.wording import Wording

    facts = {
        "case": "AM-7K3Q-9F2D",
        "conversation": "c" * 32,
        "severity": "critical",
        "due": "2026-11-18T02:00:00+00:00",
    }
    items = tuple(Item(str(number), "hand_over_unread", clock(), facts) for number in range(100))
    parcel = deliveries.Parcel("m", "robot", "group", "group", "zh", items, (1,), 1)
    letter = Wording(read_words(), firm, "https://desk.a-rather-long-name.example").letter(parcel)
    assert len(letter.markdown.encode()) <= 4096
    assert "工作台里还有" in letter.markdown


# --- broken ways ------------------------------------------------------------------------------------------------------


async def test_a_broken_target_holds_up_nobody_and_is_given_up_in_the_end(
    sqlite_database: Database,
    firm: Firm,
    session: ClientSession,
    clock: Clock,
    outside: WebTwin,
    targets: dict[str, str],
) -> None:
    desk = house(sqlite_database, firm, session, clock, targets, robots=[GROUP, {"key": "night"}])
    outside.answers["/group"] = web.Response(status=500)
    desk.tells([], "overdue", desk.customer(control=Control.STAFF))
    await desk.works()
    assert len(said(outside, "/night")) == 1
    pauses = []
    for _ in range(60):
        (row,) = [row for row in desk.deliveries() if row.target == "group"]
        if row.state != "pending":
            break
        pauses.append((row.next_attempt_at - clock()).total_seconds())
        await desk.works(seconds=pauses[-1])
    assert row.state == "failed" and row.error == "HTTP 500"
    assert pauses[:3] == [10, 20, 40] and max(pauses) == 1800
    assert timedelta(hours=24) <= clock() - row.created_at < timedelta(hours=25)


async def test_a_slow_target_holds_up_nobody(
    sqlite_database: Database,
    firm: Firm,
    session: ClientSession,
    clock: Clock,
    outside: WebTwin,
    targets: dict[str, str],
) -> None:
    desk = house(sqlite_database, firm, session, clock, targets, robots=[GROUP, {"key": "night"}])
    outside.answers["/group"] = 30.0
    desk.tells([], "overdue", desk.customer(control=Control.STAFF))
    await desk.worker.step()
    desk.tells([], "overdue", desk.customer("li", control=Control.STAFF))
    async with asyncio.timeout(20):
        while len(said(outside, "/night")) < 2:
            await desk.worker.step()
            await asyncio.sleep(0.01)
    assert len(said(outside)) == 1, "and is not asked twice at once"
    for task in desk.worker._sending:
        task.cancel()


async def test_what_has_just_come_is_not_given_up_with_what_is_old(
    sqlite_database: Database,
    firm: Firm,
    session: ClientSession,
    clock: Clock,
    outside: WebTwin,
    targets: dict[str, str],
) -> None:
    desk = house(sqlite_database, firm, session, clock, targets, robots=[GROUP])
    outside.answers["/group"] = web.Response(status=500)
    for name in range(6):
        desk.tells([], "overdue", desk.customer(f"customer {name}", control=Control.STAFF))
    await desk.works()
    clock.advance(hours=24)
    desk.tells([], "overdue", desk.customer("later", control=Control.STAFF))
    await desk.works()
    assert [row.state for row in desk.deliveries()] == ["failed"] * 6 + ["pending"]
    outside.answers.clear()
    await desk.works(hours=1)
    assert desk.deliveries()[-1].state == "sent"


async def test_a_sending_is_not_broken_off_and_what_a_slow_target_keeps_waiting_is_let_go(
    sqlite_database: Database,
    firm: Firm,
    session: ClientSession,
    clock: Clock,
    outside: WebTwin,
    targets: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("desk.workers.notifications._USE_OF_CLAIM", 0.1 / deliveries.CLAIM.total_seconds())
    desk = house(sqlite_database, firm, session, clock, targets, webhooks=[{"key": "erp"}])
    outside.answers["/erp"] = 0.5
    for _ in range(2):
        desk.tells([], "overdue")
    await desk.works()
    assert [(row.state, row.claimed_by, row.attempts) for row in desk.deliveries()] == [
        ("sent", None, 1),
        ("pending", None, 0),
    ]


async def test_what_no_repetition_can_change_fails_at_once(
    sqlite_database: Database,
    firm: Firm,
    session: ClientSession,
    clock: Clock,
    outside: WebTwin,
    targets: dict[str, str],
) -> None:
    desk = house(sqlite_database, firm, session, clock, targets, robots=[GROUP])
    outside.answers["/group"] = web.json_response({"errcode": 93000, "errmsg": "invalid"})
    desk.tells([], "overdue", desk.customer(control=Control.STAFF))
    await desk.works()
    (row,) = desk.deliveries()
    assert (row.state, row.error, row.attempts) == ("failed", "errcode 93000", 1)


async def test_a_stop_between_sending_and_noting_sends_again_with_the_same_id(
    sqlite_database: Database,
    firm: Firm,
    session: ClientSession,
    clock: Clock,
    outside: WebTwin,
    targets: dict[str, str],
) -> None:
    desk = house(sqlite_database, firm, session, clock, targets, webhooks=[{"key": "erp"}])
    desk.tells([], "overdue", desk.customer(control=Control.STAFF))
    await sqlite_database.run(planning.plan, desk.ways)
    (parcel,) = await sqlite_database.run(deliveries.claim, desk.ways.firm, "a worker that stops")
    await desk.ways.senders["webhook"].send(desk.worker._wording.letter(parcel))
    await desk.works(minutes=1)
    assert len(outside.at("/erp")) == 1, "the claim still holds"
    await desk.works(minutes=2)
    ids = [headers["Idempotency-Key"] for headers, _ in outside.at("/erp")]
    assert len(ids) == 2 and len(set(ids)) == 1
    # The one that stopped comes back: it has nothing to say any more.
    await sqlite_database.run(deliveries.settle, parcel, "a worker that stops", None)
    assert [row.state for row in desk.deliveries()] == ["sent"]


async def test_two_workers_send_everything_once(
    postgresql_database: Database,
    firm: Firm,
    session: ClientSession,
    clock: Clock,
    outside: WebTwin,
    targets: dict[str, str],
) -> None:
    file = {"webhooks": [{"key": "erp"}], "robots": [GROUP]}
    one = house(postgresql_database, firm, session, clock, targets, **file)
    other = house(postgresql_database, firm, session, clock, targets, **file)
    for name in range(20):
        one.tells([], "overdue", one.customer(f"customer {name}", control=Control.STAFF))
    for _ in range(6):
        await asyncio.gather(one.works(), other.works())
    ids = [headers["webhook-id"] for headers, _ in outside.at("/erp")]
    assert len(ids) == len(set(ids)) == 20
    assert {row.state for row in one.deliveries() if row.way == "webhook"} == {"sent"}


# --- a hand-over always reaches somebody ------------------------------------------------------------------------------


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


# --- keeping ----------------------------------------------------------------------------------------------------------


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


# --- words ------------------------------------------------------------------------------------------------------------


def test_every_kind_has_its_words() -> None:
    from desk.console.pages import read_words

    words = read_words()
    assert [kind for kind in NotificationKind if not words.has(f"told.{kind}")] == []
