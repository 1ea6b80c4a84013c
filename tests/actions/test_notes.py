"""Notes among staff: who may write, who is told, and that no customer sees any of it."""

import pytest

from actions.staff.access import DeedRefused
from actions.staff.notes import pieces, write_note
from store.tables import AuditEntry, Message, Note, Notification, OutboxRow, Staff
from tests.actions.dialogue import Customer, Shop

LOGINS = ("zhang", "zhang.wei", "bob", "li-na")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("@bob please look", ["bob"]),
        ("ask @zhang.wei, or @BOB.", ["zhang.wei", "bob"]),
        ("请@zhang.wei看一下，@li-na也看", ["zhang.wei", "li-na"]),
        ("@zhang. Thanks", ["zhang"]),
        ("@zhangsan and @bobby", []),
        ("mail a@bob or bob@bob.example", []),
        ("（@bob）", ["bob"]),
        ("@@bob", ["bob"]),
        ("no one here @", []),
    ],
)
def test_a_login_after_an_at_sign_is_meant(text: str, named: list[str]) -> None:
    found = list(pieces(text, LOGINS))
    assert [piece.login for piece in found if piece.login] == named
    assert "".join(piece.text for piece in found) == text


def test_a_note_reaches_colleagues_and_never_the_customer(shop: Shop, wang: Customer, alice: Staff, bob: Staff) -> None:
    wang.complains("delivery")
    before = (len(shop.all(Message)), len(shop.all(OutboxRow)), wang.conversation.last_number)
    shop.does(write_note, alice, wang.conversation.id, "  @bob knows the driver, @alice too ")
    assert (len(shop.all(Message)), len(shop.all(OutboxRow)), wang.conversation.last_number) == before
    (note,) = shop.all(Note)
    assert (note.text, note.mentions) == ("@bob knows the driver, @alice too", [bob.id, alice.id])
    assert note.case_id == wang.case.id
    told = [row for row in shop.all(Notification) if row.kind == "mentioned"]
    assert [row.staff_id for row in told] == [bob.id], "one does not tell oneself"
    assert "driver" not in str(told[0].details)
    assert shop.all(AuditEntry)[-1].action == "note"


def test_quality_writes_notes_too(shop: Shop, wang: Customer, carol: Staff) -> None:
    wang.complains("delivery")
    shop.does(write_note, carol, wang.conversation.id, "Well handled.")
    assert shop.all(Note)[0].staff_id == carol.id


def test_sent_twice_in_a_row_it_is_one_note(shop: Shop, wang: Customer, alice: Staff, bob: Staff) -> None:
    wang.complains("delivery")
    for _ in range(2):
        shop.does(write_note, alice, wang.conversation.id, "@bob look")
    assert len(shop.all(Note)) == 1
    assert len([row for row in shop.all(Notification) if row.kind == "mentioned"]) == 1
    shop.clock.advance(minutes=1)
    shop.does(write_note, alice, wang.conversation.id, "@bob look")
    assert len(shop.all(Note)) == 2


@pytest.mark.parametrize(("text", "code"), [(" \n", "note_empty"), ("x" * 4001, "note_too_long")])
def test_a_note_holds_something_and_not_too_much(
    shop: Shop, wang: Customer, alice: Staff, text: str, code: str
) -> None:
    wang.complains("delivery")
    with pytest.raises(DeedRefused, match=code):
        shop.does(write_note, alice, wang.conversation.id, text)
    assert shop.all(Note) == []


def test_who_has_no_access_any_more_is_not_named(shop: Shop, wang: Customer, alice: Staff, bob: Staff) -> None:
    with shop.database.begin() as work:
        work.session.get_one(Staff, bob.id).active = False
        work.commit()
    wang.complains("delivery")
    shop.does(write_note, alice, wang.conversation.id, "@bob?")
    assert shop.all(Note)[0].mentions == [] and not any(n.kind == "mentioned" for n in shop.all(Notification))


def test_a_note_stands_on_no_other_customers_case(shop: Shop, wang: Customer, mary: Customer, alice: Staff) -> None:
    wang.complains("delivery")
    mary.complains("delivery")
    with pytest.raises(DeedRefused, match="no_such_case"):
        shop.does(write_note, alice, wang.conversation.id, "hm", mary.case.id)
