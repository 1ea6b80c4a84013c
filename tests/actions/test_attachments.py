"""Files in the conversation: message, row and bytes together or not at all; and what the bot says to a photograph."""

from datetime import timedelta
from pathlib import Path

import pytest

from actions import attachments
from actions.attachments import PreparedFile, erase, find, find_own, prepare, receive_file
from actions.conversations import MessageConflict
from actions.file_content import FileRefused
from actions.staff.access import DeedRefused
from actions.staff.sending_files import put_aside, send_files
from actions.staff.talking import take
from store.attached_files import AttachedFiles
from store.tables import Attachment, InboxRow, Message, Note, Staff
from tests.actions.dialogue import Customer, Shop
from tests.actions.pictures import PDF, photo


@pytest.fixture
def files(tmp_path: Path) -> AttachedFiles:
    return AttachedFiles(tmp_path / "attachments")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "attachments"


def on_disk(folder: Path) -> set[str]:
    return {path.name for path in folder.rglob("*") if path.is_file()}


def picture(files: AttachedFiles, name: str = "scratch.jpg") -> PreparedFile:
    return prepare(files, photo(), name)


def sends(shop: Shop, files: AttachedFiles, who: Customer, prepared: PreparedFile, key: str = "one") -> int:
    try:
        return shop.does(receive_file, shop.firm, files, who.address, prepared, key).number
    finally:
        prepared.discard()


def test_a_photograph_is_a_message_of_the_case_and_the_bot_says_so_once(
    shop: Shop, customer: Customer, files: AttachedFiles, folder: Path
) -> None:
    customer.complains("product_quality")
    before = len(customer.was_told)
    for number in range(3):
        sends(shop, files, customer, picture(files, f"{number}.jpg"), f"key {number}")
    assert customer.was_told[before:] == [customer.words("attachment.noted", number=customer.case.number)]
    kept = shop.all(Attachment)
    assert [one.name for one in kept] == ["0.jpg", "1.jpg", "2.jpg"]
    messages = {message.id: message for message in shop.all(Message)}
    assert {messages[one.message_id].case_id for one in kept} == {customer.case.id}  # type: ignore[index]
    assert {row.disposition for row in shop.all(InboxRow) if row.caller_metadata == {"file": True}} == {"file"}
    assert on_disk(folder) == {name for one in kept for name in (one.public_id, f"{one.public_id}.small")}


def test_without_a_case_the_bot_asks_for_words_and_takes_what_comes_as_what_happened(
    shop: Shop, customer: Customer, files: AttachedFiles
) -> None:
    customer.greets()
    sends(shop, files, customer, picture(files))
    assert customer.was_told[-1] == customer.words("attachment.ask_words")
    assert customer.awaited == "happening"


def test_the_very_first_thing_may_be_a_photograph(shop: Shop, wang: Customer, files: AttachedFiles) -> None:
    sends(shop, files, wang, picture(files))
    assert wang.words("machine.introduction") in wang.was_told[-1]


def test_while_a_person_has_it_the_bot_is_silent(
    shop: Shop, customer: Customer, alice: Staff, files: AttachedFiles
) -> None:
    customer.complains("delivery")
    shop.does(take, shop.firm, alice, customer.conversation.id)
    before = customer.was_told
    sends(shop, files, customer, picture(files))
    assert customer.was_told == before
    assert shop.all(InboxRow)[-1].disposition in ("console", "bot")


def test_a_repeated_upload_is_one_message(shop: Shop, wang: Customer, files: AttachedFiles, folder: Path) -> None:
    first = sends(shop, files, wang, picture(files))
    assert sends(shop, files, wang, picture(files)) == first
    assert len(shop.all(Attachment)) == 1 and len(on_disk(folder)) == 2
    with pytest.raises(MessageConflict):
        sends(shop, files, wang, picture(files, "other.jpg"))


def test_what_is_rolled_back_leaves_an_orphan_and_the_sweep_takes_it(
    shop: Shop, wang: Customer, files: AttachedFiles, folder: Path
) -> None:
    sends(shop, files, wang, picture(files))
    kept = on_disk(folder)
    prepared = picture(files)
    with shop.database.begin() as work:
        receive_file(work, shop.firm, files, wang.address, prepared, "two")  # and the process dies
    picture(files)  # as a process leaves it that dies before
    assert len(on_disk(folder)) == len(kept) + 4
    with shop.database.reading() as work:
        assert files.sweep(work, timedelta(hours=1)) == 0  # another process may be about to commit
        assert files.sweep(work, timedelta(0)) > 0
    assert on_disk(folder) == kept


def test_too_many_files_within_an_hour_are_refused_and_nothing_is_kept(
    shop: Shop, wang: Customer, files: AttachedFiles, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "FILES_AN_HOUR", 2)
    for number in range(2):
        sends(shop, files, wang, picture(files), f"key {number}")
    messages = len(shop.all(Message))
    with pytest.raises(FileRefused, match="too_many_files"):
        sends(shop, files, wang, picture(files), "third")
    assert len(shop.all(Message)) == messages and len(on_disk(folder)) == 4
    shop.clock.advance(minutes=61)
    sends(shop, files, wang, picture(files), "later")


def test_a_conversation_holds_so_many_bytes(
    shop: Shop, wang: Customer, files: AttachedFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attachments, "BYTES_OF_A_CONVERSATION", 100)
    with pytest.raises(FileRefused, match="too_many_files"):
        sends(shop, files, wang, picture(files))


def test_erased_files_are_gone_from_rows_and_disk_once_it_is_certain(
    shop: Shop, wang: Customer, files: AttachedFiles, folder: Path
) -> None:
    sends(shop, files, wang, picture(files))
    public_id = shop.all(Attachment)[0].public_id
    with shop.database.begin() as work:
        assert erase(work, wang.conversation.id, files) == 1  # and it is rolled back
    assert len(on_disk(folder)) == 2
    assert shop.does(erase, wang.conversation.id, files) == 1
    assert on_disk(folder) == set()
    (row,) = shop.all(Attachment)
    assert (row.name, row.digest, row.deleted_at) == ("", "", shop.clock.now)
    assert shop.does(find, public_id) is None
    assert shop.does(erase, wang.conversation.id, files) == 0


def test_erased_without_the_folder_the_next_sweep_takes_the_bytes(
    shop: Shop, wang: Customer, files: AttachedFiles, folder: Path
) -> None:
    sends(shop, files, wang, picture(files))
    shop.does(erase, wang.conversation.id)
    with shop.database.reading() as work:
        files.sweep(work, timedelta(0))
    assert on_disk(folder) == set()


# --- staff -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def web_customer(shop: Shop) -> Customer:
    from actions.conversations import Address

    customer = Customer(shop, "li")
    customer.address = Address("web", "li")
    customer.complains("delivery")
    return customer


def test_staff_send_a_word_and_files_together(
    shop: Shop, web_customer: Customer, alice: Staff, files: AttachedFiles
) -> None:
    conversation = web_customer.conversation.id
    shop.does(take, shop.firm, alice, conversation)
    shop.does(
        send_files, shop.firm, files, alice, conversation, [prepare(files, PDF, "发票.pdf"), picture(files)], "请看:"
    )
    assert web_customer.was_told[-3:] == ["请看:", "发票.pdf", "scratch.jpg"]
    assert [(one.author, one.staff_id) for one in shop.all(Attachment)] == [("staff", alice.id)] * 2
    assert web_customer.case.first_response_at == shop.clock.now


def test_files_go_only_from_who_has_the_conversation_and_only_where_the_channel_takes_them(
    shop: Shop, web_customer: Customer, wang: Customer, alice: Staff, bob: Staff, files: AttachedFiles
) -> None:
    wang.complains("delivery")
    shop.does(take, shop.firm, alice, web_customer.conversation.id)
    shop.does(take, shop.firm, alice, wang.conversation.id)
    for person, conversation, code in (
        (bob, web_customer.conversation.id, "not_yours"),
        (alice, wang.conversation.id, "channel_without_files"),
    ):
        with pytest.raises(DeedRefused) as refusal:
            shop.does(send_files, shop.firm, files, person, conversation, [picture(files)])
        assert refusal.value.code == code
    with pytest.raises(DeedRefused) as refusal:
        shop.does(send_files, shop.firm, files, alice, web_customer.conversation.id, [])
    assert refusal.value.code == "no_file"
    assert shop.all(Attachment) == []


def test_a_file_put_aside_is_seen_by_staff_and_never_by_the_customer(
    shop: Shop, wang: Customer, alice: Staff, files: AttachedFiles
) -> None:
    wang.complains("delivery")
    before = wang.was_told
    conversation = wang.conversation.id
    shop.does(
        put_aside, files, alice, conversation, [picture(files), prepare(files, PDF, "a.pdf")], "from the phone call"
    )
    assert wang.was_told == before
    assert [note.text for note in shop.all(Note)] == ["from the phone call", "a.pdf"]
    public_id = shop.all(Attachment)[0].public_id
    assert shop.does(find, public_id) is not None
    assert shop.does(find_own, public_id, conversation) is None


def test_a_customer_finds_only_what_is_their_own(
    shop: Shop, wang: Customer, mary: Customer, files: AttachedFiles
) -> None:
    mary.complains("delivery")
    sends(shop, files, wang, picture(files))
    public_id = shop.all(Attachment)[0].public_id
    assert shop.does(find_own, public_id, wang.conversation.id) is not None
    assert shop.does(find_own, public_id, mary.conversation.id) is None
