"""Targets that are slow, broken or gone; workers that stop half-way or work at once."""

import asyncio
from datetime import timedelta

import pytest
from aiohttp import ClientSession, web

from actions.firm import Firm
from desk.notifying import deliveries, planning
from recovery.control import Control
from store.database import Database
from tests.conftest import Clock
from tests.desk.notifying.conftest import GROUP, WebTwin, house, said


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
