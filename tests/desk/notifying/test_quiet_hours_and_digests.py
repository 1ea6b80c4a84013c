"""Quiet hours, digests and floods: one message instead of many, and danger at once."""

from aiohttp import ClientSession, web
from sqlalchemy import insert, select

from actions.firm import Firm
from desk.notifying import deliveries
from recovery.control import Control
from store.database import Database
from store.tables import NotificationDelivery, NotificationEvent
from tests.conftest import Clock
from tests.desk.notifying.conftest import ALL_DAY, GROUP, MailTwin, WebTwin, house, said


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
