"""The history of a case on real rows: what happened, and the case as it stood at any past moment."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import update

from actions.__main__ import main
from actions.case_history import CasePicture, history_flaws, picture_at
from actions.staff.approvals import approve
from actions.staff.granting import RemedyWish, grant_by_hand
from actions.staff.judging import correct
from actions.staff.talking import take
from recovery.case_states import CaseState
from recovery.control import Control
from recovery.money import Money
from store.database import Database
from store.tables import Case, CaseTransition, SeverityChange
from tests.actions.dialogue import Customer, Shop

ORDER = "10023"
S = CaseState


def test_why_a_case_went_that_way_is_kept(shop: Shop, wang: Customer) -> None:
    wang.complains("delivery")
    wang.asks_for_a_person()
    (step,) = shop.all(CaseTransition)
    assert (step.transition, step.by, step.at, step.reason) == ("hand_over", "bot", step.at, "asked")


def picture(shop: Shop, case: Case, moment: object) -> CasePicture:
    with shop.database.reading() as work:
        found = picture_at(work, work.session.get_one(Case, case.id), moment)  # type: ignore[arg-type]
    assert found is not None
    return found


def test_a_case_is_reconstructed_as_it_stood(shop: Shop, wang: Customer) -> None:
    alice, bob = shop.hires("alice", "agent"), shop.hires("bob", "supervisor")
    here = lambda: wang.conversation.id  # noqa: E731
    opened = shop.clock.now
    shop.sells(ORDER, total=30000, to=wang.address.public)
    wang.complains("delivery", order_number=ORDER)
    offered = shop.clock.now
    before = [(offer.position, offer.cost) for offer in wang.choices]
    shop.waits(minutes=10)
    wang.asks_for_a_person()
    queued = shop.clock.now
    shop.waits(minutes=1)
    shop.does(take, shop.firm, alice, here())
    taken = shop.clock.now
    shop.waits(minutes=1)
    shop.does(take, shop.firm, bob, here())
    shop.does(correct, shop.firm, bob, wang.case.id, ["delivery"], 3, ["legal"])
    judged = shop.clock.now
    shop.waits(minutes=1)
    shop.does(grant_by_hand, shop.firm, bob, here(), RemedyWish("voucher", 2000), "long wait")
    granted = shop.clock.now
    shop.waits(minutes=1)
    done = shop.clock.now

    case = wang.case
    with shop.database.reading() as work:
        assert picture_at(work, work.session.get_one(Case, case.id), opened - timedelta(seconds=1)) is None
    then = picture(shop, case, offered)
    assert (then.state, then.severity, then.control, then.holder) == (S.OFFERED, "low", Control.BOT, None)
    assert [(offer.position, offer.cost.minor) for offer in then.offers] == before
    assert {offer.state for offer in then.offers} == {"open"} and then.remedies == ()
    assert (then.categories, then.emotion, then.rules) == (("delivery",), 1, ())
    then = picture(shop, case, queued)
    assert (then.state, then.control, then.holder) == (S.WITH_STAFF, Control.QUEUED, None)
    assert [promise.kind for promise in then.promises] == ["person_answers"]
    then = picture(shop, case, taken)
    # A supervisor took it from her later.
    assert (then.control, then.holder, then.severity) == (Control.STAFF, "alice", "low")
    then = picture(shop, case, judged)
    assert (then.holder, then.severity, then.emotion, then.risks) == ("bob", "high", 3, ("legal",))
    assert set(then.rules) == {"law-or-press", "fury"}
    then = picture(shop, case, granted)
    assert then.state == S.REMEDYING and then.offers == ()
    assert [(r.kind, r.amount, r.state) for r in then.remedies] == [("voucher", Money(2000, "CNY"), "intended")]
    then = picture(shop, case, done)
    assert then.state == case.state == S.RESOLVED
    assert [remedy.state for remedy in then.remedies] == ["executed"]


def test_what_waited_for_approval_is_seen_to_have_waited(shop: Shop, wang: Customer) -> None:
    alice, mary = shop.hires("alice", "agent"), shop.hires("mary", "manager")
    wang.complains("delivery", order_number=shop.sells(ORDER, total=900_000, to=wang.address.public))
    shop.does(take, shop.firm, alice, wang.conversation.id)
    above = shop.firm.policy.limits["agent"] + 100
    shop.does(grant_by_hand, shop.firm, alice, wang.conversation.id, RemedyWish("voucher", above), "much lost")
    waits = shop.clock.now
    assert wang.case.state == S.AWAITING_APPROVAL
    assert [offer.state for offer in picture(shop, wang.case, waits).offers] == ["awaiting_approval"]
    shop.waits(minutes=5)
    (offer,) = [one for one in wang.case.offers if one.state == "awaiting_approval"]
    shop.does(approve, shop.firm, mary, offer.id)
    assert [one.state for one in picture(shop, wang.case, waits).offers] == ["awaiting_approval"]
    assert picture(shop, wang.case, shop.clock.now).offers == ()


def test_severity_is_logged_as_it_changes_and_only_then(shop: Shop, wang: Customer) -> None:
    alice = shop.hires("alice", "agent")
    wang.complains("delivery")
    wang.asks_for_a_person()
    shop.does(correct, shop.firm, alice, wang.case.id, ["delivery"], 2, [])
    shop.does(correct, shop.firm, alice, wang.case.id, ["delivery", "service_attitude"], 2, [])
    shop.does(correct, shop.firm, alice, wang.case.id, ["delivery"], 0, [])
    assert [(row.severity, row.rules) for row in shop.all(SeverityChange)] == [
        ("low", []),
        ("medium", ["anger"]),
        ("medium", ["anger", "several-failures"]),
        ("low", []),
    ]


def test_a_history_that_does_not_fit_its_case_is_told(shop: Shop, wang: Customer) -> None:
    wang.complains("delivery")
    wang.asks_for_a_person()
    with shop.database.begin() as work:
        work.session.execute(update(Case).values(state="closed"))
        work.commit()
    with shop.database.reading() as work:
        told = history_flaws(work, work.session.get_one(Case, wang.case.id))
    assert told == ("the history ends with with_staff, but the case is closed",)


def test_the_command_tells_the_history_and_a_past_moment(
    sqlite_database: Database,
    firm: object,
    clock: object,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shop = Shop(sqlite_database, firm, clock)  # type: ignore[arg-type]
    wang = Customer(shop, "wang")
    monkeypatch.setenv("AMENDS_DATABASE_URL", sqlite_database.url)
    wang.complains("delivery", risk=["legal"])
    moment = shop.clock.now
    shop.waits(minutes=10)
    wang.asks_for_a_person()
    number = wang.case.number
    assert main(["history", number.lower()]) == 0
    told = capsys.readouterr().out
    # Half past ten in Shanghai, by the firm's clock.
    assert "hand_over" in told and "open → with_staff" in told and "by bot  (asked)" in told and "10:1" in told
    assert main(["history", number, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [step["transition"] for step in told["steps"]] == ["hand_over"] and told["flaws"] == []
    at = shop.firm.local(moment).replace(tzinfo=None).isoformat()
    assert main(["history", number, "--at", at]) == 0
    told = capsys.readouterr().out
    assert ": open, with the bot" in told and "severity    high (law-or-press)" in told
    assert main(["history", number, "--at", moment.isoformat(), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "open"
    assert main(["history", "AM-0000-0000"]) == main(["history", number, "--at", "noon"]) == 2
    assert main(["history", number, "--at", "2020-01-01"]) == 2
    assert "was opened later" in capsys.readouterr().err
