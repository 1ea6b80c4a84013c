"""Erasing a person leaves nothing of them and all of the statistics; exporting gives all there is."""

import json
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from actions import conversations
from actions.notifying import NotificationKind, notify
from actions.promises import promise
from actions.staff.access import DeedRefused
from actions.staff.identities import link, unlink
from analytics.recount import recount
from analytics.roll_up import roll_up
from store.__main__ import main
from store.attached_files import AttachedFiles
from store.audit import append, verify
from store.customer_rights import (
    NoSuchPerson,
    count_holdings,
    find_person,
    hindrances,
    serve_request,
    withdraw_request,
)
from store.letting_go import count_due, let_go
from store.retention import CalendarSpan, Retention
from store.tables import (
    Attachment,
    AuditEntry,
    Case,
    Consultation,
    Conversation,
    Customer,
    DailyCount,
    ErasureRequest,
    HeardCallback,
    NotificationDelivery,
    NotificationEvent,
    Order,
    OrderIdentity,
    OutcomeEventRow,
    Promise,
    Rating,
    Remedy,
    SavedView,
    WebSession,
)
from tests.actions.dialogue import Customer as Writer
from tests.actions.dialogue import Shop
from tests.conftest import ROOT, Clock
from tests.store.one_person import IDENTITY, NAME, PHONE, SECRET, erases, exports, places_of, settles


def test_nothing_of_the_person_is_left_in_any_column_of_any_table(
    shop: Shop, ouyang: Writer, retention: Retention, files: AttachedFiles
) -> None:
    with shop.database.reading() as work:
        publics = [one.public_id for one in work.session.scalars(select(Conversation))]
        publics += [one.public_id for one in work.session.scalars(select(Customer))]
        photo = work.session.scalars(select(Attachment.public_id)).one()
    settles(shop)
    assert places_of(shop, NAME, SECRET, PHONE, IDENTITY)
    assert erases(shop, retention, files) == "done"
    assert places_of(shop, NAME, SECRET, PHONE, IDENTITY, *publics) == []
    assert [order.phone_last4 for order in shop.all(Order)] == [None]
    assert not files.path(photo).exists()
    assert not shop.all(OrderIdentity) and not shop.all(WebSession)
    assert [view.filters for view in shop.all(SavedView)] == [{"state": ["open"]}]
    with shop.database.reading() as work:
        assert list(verify(work)) == []


def test_the_statistics_stay_as_they_were_and_a_recount_agrees(
    shop: Shop, ouyang: Writer, retention: Retention, files: AttachedFiles
) -> None:
    settles(shop)
    roll_up(shop.database, shop.firm.zone)

    def counted() -> list[Any]:
        return [
            [(row.kind, row.case_number, row.details) for row in shop.all(OutcomeEventRow)],
            [(row.step, row.opportunities, row.defects) for row in shop.all(DailyCount)],
            [(row.amount, row.state, row.order_number) for row in shop.all(Remedy) if row.amount],
            [(row.number, row.state, row.categories, row.department, row.severity) for row in shop.all(Case)],
            [(row.score, row.handled_by_id) for row in shop.all(Rating)],
        ]

    before = counted()
    erases(shop, retention, files)
    assert counted() == before and all(before[:4])
    roll_up(shop.database, shop.firm.zone)
    with shop.database.reading() as work:
        assert recount(work, shop.firm.zone).differences == ()
    assert all(case.erased_at is not None for case in shop.all(Case))


def test_the_same_customer_comes_back_as_somebody_new(
    shop: Shop, ouyang: Writer, retention: Retention, files: AttachedFiles
) -> None:
    settles(shop)
    erases(shop, retention, files)
    ouyang.complains("delivery")
    assert len(ouyang.cases) == 1 and ouyang.case.customer_id not in {
        one.id for one in shop.all(Customer) if one.erased_at is not None
    }
    with pytest.raises(NoSuchPerson), shop.database.reading() as work:
        find_person(work, f"phone:{PHONE}")


def test_who_writes_while_being_erased_is_somebody_new_too(
    shop: Shop, retention: Retention, files: AttachedFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = Writer(shop, IDENTITY)
    person.writes("action_answer_question", SECRET)
    with shop.database.reading() as work:
        before = conversations.find_conversation(work, person.address)
    assert before is not None and erases(shop, retention, files) == "done"
    found = iter([before])
    look = conversations.find_conversation
    # Found before the erasure, locked after it.
    monkeypatch.setattr(conversations, "find_conversation", lambda work, who: next(found, None) or look(work, who))
    with shop.database.begin() as work:
        assert conversations.open_conversation(work, person.address).id != before.id


def test_an_open_case_hinders_and_the_erasure_is_done_on_its_day(
    shop: Shop, retention: Retention, files: AttachedFiles, clock: Clock
) -> None:
    person = Writer(shop, IDENTITY)
    person.complains("delivery", text=SECRET)
    assert erases(shop, retention, files) == "waiting"
    assert erases(shop, retention, files) == "waiting"
    (request,) = shop.all(ErasureRequest)
    assert request.not_before is None and places_of(shop, SECRET)
    person.withdraws()
    closed = person.case.closed_at
    let_go(shop.database, retention, files)
    (request,) = shop.all(ErasureRequest)
    assert closed is not None and request.not_before == CalendarSpan(months=36).after(closed)
    clock.now = request.not_before - timedelta(seconds=1)
    assert let_go(shop.database, retention, files)["erasures"] == 0
    clock.now = request.not_before
    assert count_due(shop.database, retention)["erasures"] == 1
    assert let_go(shop.database, retention, files)["erasures"] == 1
    assert places_of(shop, SECRET, IDENTITY) == []
    assert [row.state for row in shop.all(ErasureRequest)] == ["done"]


def test_who_only_chatted_is_erased_at_once(shop: Shop, retention: Retention, files: AttachedFiles) -> None:
    person = Writer(shop, IDENTITY)
    person.writes("action_answer_question", f"{SECRET}几点开门")
    assert erases(shop, retention, files) == "done"
    assert places_of(shop, SECRET, IDENTITY) == []


def test_money_under_way_and_unanswered_messages_hinder(shop: Shop, ouyang: Writer, retention: Retention) -> None:
    shop.waits(days=10)
    shop.clock.advance(days=3 * 366)
    with shop.database.begin() as work:
        work.session.scalars(select(Remedy).where(Remedy.amount > 0)).one().state = "intended"
        work.commit()
    ouyang.types("在吗")
    with shop.database.reading() as work:
        standing = hindrances(work, find_person(work, f"rest:{IDENTITY}"), retention)
    assert [one.why for one in standing] == ["message_waiting", "money_under_way"]


def test_words_that_nobody_has_taken_in_yet_hinder_and_are_not_lost(
    shop: Shop, retention: Retention, files: AttachedFiles
) -> None:
    Writer(shop, IDENTITY).writes("action_answer_question", "几点开门")
    with shop.database.begin() as work:
        heard = HeardCallback(channel="rest", account="", external_id=IDENTITY, body={"words": "还有一件事"})
        heard.received_at = heard.next_attempt_at = work.now
        work.session.add(heard)
        work.commit()
    assert erases(shop, retention, files) == "waiting"
    with shop.database.reading() as work:
        standing = hindrances(work, find_person(work, f"rest:{IDENTITY}"), retention)
    assert [one.why for one in standing] == ["message_waiting"]
    assert [row.body for row in shop.all(HeardCallback)] == [{"words": "还有一件事"}]


def test_who_waits_for_a_person_or_was_promised_something_is_not_erased(
    shop: Shop, retention: Retention, files: AttachedFiles
) -> None:
    person = Writer(shop, IDENTITY)
    person.writes("action_answer_question", SECRET)
    with shop.database.begin() as work:
        conversation = work.session.get_one(Conversation, person.conversation.id)
        promise(work, conversation, None, "call_back", f"{SECRET}回电", work.now + timedelta(hours=1))
        conversation.control = "queued"
        work.commit()
    assert erases(shop, retention, files) == "waiting" and places_of(shop, SECRET)
    with shop.database.reading() as work:
        found = find_person(work, f"rest:{IDENTITY}")
        assert [one.why for one in hindrances(work, found, retention)] == ["with_staff", "promise_open"]
    owed = json.loads(exports(shop, files, f"rest:{IDENTITY}").read("data.json"))["conversations"][0]["promises"]
    assert [one["text"] for one in owed] == [f"{SECRET}回电"]
    with shop.database.begin() as work:
        work.session.get_one(Conversation, person.conversation.id).control = "bot"
        work.session.scalars(select(Promise)).one().state = "kept"
        work.commit()
    assert let_go(shop.database, retention, files)["erasures"] == 1
    assert places_of(shop, SECRET, IDENTITY) == []


def test_a_list_that_merely_sounds_like_an_identity_keeps_its_name(
    shop: Shop, retention: Retention, files: AttachedFiles
) -> None:
    Writer(shop, "open").writes("action_answer_question", SECRET)
    alice = shop.hires("alice", "agent")
    with shop.database.begin() as work:
        work.session.add(
            SavedView(staff_id=alice.id, name="all open", filters={"state": ["open"]}, created_at=work.now)
        )
        work.commit()
    assert erases(shop, retention, files, "rest:open") == "done"
    assert [(view.name, view.filters) for view in shop.all(SavedView)] == [("all open", {"state": ["open"]})]


def test_nothing_leaves_the_page_about_who_was_erased_and_no_question_stays_open(
    shop: Shop, ouyang: Writer, retention: Retention, files: AttachedFiles
) -> None:
    with shop.database.begin() as work:
        case = work.session.scalars(select(Case).order_by(Case.id)).first()
        assert case is not None
        notify(work, [], NotificationKind.OVERDUE, case=case)
        event = work.session.scalars(select(NotificationEvent).order_by(NotificationEvent.id.desc())).first()
        assert event is not None
        work.session.add(
            NotificationDelivery(
                event_id=event.id, way="webhook", target="x", kind=event.kind, payload={"case": case.number},
                next_attempt_at=work.now, created_at=work.now,
            )
        )  # fmt: skip
        asked = Consultation(
            case_id=case.id, conversation_id=case.conversation_id, department="logistics", question=SECRET,
            asked_by_id=1, asked_at=work.now, since=work.now, due_at=work.now,
        )  # fmt: skip
        work.session.add(asked)
        work.session.flush()
        append(work, "alice", "answer_consultation", asked.public_id)
        public_id = asked.public_id
        work.commit()
    settles(shop)
    assert erases(shop, retention, files) == "done"
    assert {row.state for row in shop.all(NotificationDelivery)} == {"dropped"}
    assert all(row.planned_at is not None for row in shop.all(NotificationEvent) if row.conversation_id)
    assert {row.state for row in shop.all(Consultation)} == {"withdrawn"}
    assert public_id not in {row.subject for row in shop.all(AuditEntry)}


def test_who_is_to_be_erased_is_neither_joined_nor_parted_meanwhile(
    shop: Shop, retention: Retention, files: AttachedFiles
) -> None:
    one, two, three = (Writer(shop, name) for name in ("xiao-yi", "xiao-er", "xiao-san"))
    for person in (one, two, three):
        person.complains("delivery")
    alice = shop.hires("alice", "agent")

    def public(person: Writer) -> str:
        with shop.database.reading() as work:
            return work.session.get_one(Customer, person.case.customer_id).public_id

    kept, third = public(two), public(three)
    # The one joined into is the person, whichever row is older.
    row = shop.does(link, alice, kept, public(one), "same_account")
    assert erases(shop, retention, files, "rest:xiao-yi") == "waiting"
    (request,) = shop.all(ErasureRequest)
    assert request.customer_id == row.kept_id
    with pytest.raises(DeedRefused, match="erasure_waiting"):
        shop.does(unlink, alice, row.id)
    with pytest.raises(DeedRefused, match="erasure_waiting"):
        shop.does(link, alice, kept, third, "same_account")
    shop.does(withdraw_request, request.public_id, "alice")
    shop.does(unlink, alice, row.id)


def test_a_waiting_wish_can_be_withdrawn(
    shop: Shop, ouyang: Writer, retention: Retention, files: AttachedFiles
) -> None:
    shop.waits(days=10)
    assert erases(shop, retention, files) == "waiting"
    (request,) = shop.all(ErasureRequest)
    assert shop.does(withdraw_request, request.public_id, "alice")
    assert not shop.does(withdraw_request, request.public_id, "alice")
    shop.clock.advance(days=4 * 366)
    assert not shop.does(serve_request, request.id, retention, files)
    assert places_of(shop, SECRET)


def test_the_export_holds_all_that_was_said_and_the_files(shop: Shop, ouyang: Writer, files: AttachedFiles) -> None:
    with shop.database.reading() as work:
        person = find_person(work, f"phone:{PHONE}")
        holdings = count_holdings(work, person)
    archive = exports(shop, files, f"phone:{PHONE}")
    data = json.loads(archive.read("data.json"))
    assert {one["identity"] for one in data["identities"]} == {f"rest:{IDENTITY}", f"phone:{PHONE}"}
    assert sum(len(one["messages"]) for one in data["conversations"]) == holdings["messages"] > 4
    assert len(data["cases"]) == holdings["cases"] == 2
    assert any(case["remedies"] and case["ratings"] for case in data["cases"])
    assert [order["number"] for order in data["orders"]] == ["202611120077"]
    (name,) = [name for name in archive.namelist() if name.startswith("attachments/")]
    assert archive.read(name) == b"jpg"
    [channel] = [one for one in data["conversations"] if one["files_not_fetched"]]
    assert channel["files_not_fetched"] == [{"kind": "file", "name": f"{SECRET}.pdf", "state": "open"}]
    # Until when we may answer is theirs to know; who of ours answers there is not.
    assert channel["reply_window"]["ends_at"] and "servicer" not in channel["reply_window"]
    assert [set(one) & {"token_digest", "made_by"} for one in data["binding_links"]] == [set()]
    written = archive.read("data.json").decode()
    assert NAME in written and SECRET in written and "alice" not in written


def test_another_persons_data_is_neither_exported_nor_erased(
    shop: Shop, ouyang: Writer, retention: Retention, files: AttachedFiles
) -> None:
    li = Writer(shop, "li")
    li.complains("delivery", text="隔壁老李的话")
    assert "隔壁老李" not in exports(shop, files, f"rest:{IDENTITY}").read("data.json").decode()
    settles(shop)
    erases(shop, retention, files)
    assert places_of(shop, "隔壁老李的话") and li.case.erased_at is None and li.case.facts == []


# --- the command line ------------------------------------------------------------------------------------------------


def test_the_command_line_exports_tells_and_erases(
    sqlite_database: Any, firm: Any, clock: Clock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    shop = Shop(sqlite_database, firm, clock)
    Writer(shop, IDENTITY).writes("action_answer_question", SECRET)
    monkeypatch.setenv("AMENDS_VAR", str(tmp_path))
    monkeypatch.setenv("AMENDS_FIRM", str(ROOT / "data" / "firm"))
    out = tmp_path / "person.zip"
    asked = ["--identity", f"rest:{IDENTITY}"]
    assert main(["export", *asked, "--out", str(out)]) == 0
    assert [row.action for row in shop.all(AuditEntry)] == ["export_person"]
    assert SECRET in zipfile.ZipFile(out).read("data.json").decode() and out.stat().st_mode & 0o77 == 0
    assert main(["export", *asked, "--out", str(out)]) == 2
    assert main(["erase", *asked, "--dry-run"]) == 0
    assert "messages: 2" in capsys.readouterr().out and places_of(shop, SECRET)
    assert main(["retain", "--dry-run"]) == 0
    assert main(["erase", *asked]) == 0
    assert "erased" in capsys.readouterr().out and places_of(shop, SECRET, IDENTITY) == []
    assert main(["erase", *asked]) == 2
    assert main(["retain"]) == 0
