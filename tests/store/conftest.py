"""A shop on both engines, and a person who leaves traces everywhere."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from actions.staff.recording import Taken, record_complaint
from actions.staff.talking import answer, close
from store.attached_files import AttachedFiles
from store.audit import append
from store.retention import Retention, read_retention
from store.tables import (
    Attachment,
    BindingLink,
    Case,
    Conversation,
    Customer,
    CustomerMerge,
    IncomingMedia,
    Message,
    Note,
    ReceivedDeed,
    ReplyWindow,
    SavedView,
    WebSession,
)
from tests.actions.dialogue import Customer as Writer
from tests.actions.dialogue import Shop
from tests.conftest import ROOT, Clock
from tests.store.one_person import IDENTITY, NAME, PHONE, SECRET, plant


@pytest.fixture
def shop(database: Any, firm: Any, clock: Clock) -> Shop:
    """On both engines."""
    return Shop(database, firm, clock)


@pytest.fixture
def retention() -> Retention:
    return read_retention(ROOT / "data" / "firm")


@pytest.fixture
def files(tmp_path: Path) -> AttachedFiles:
    return AttachedFiles(tmp_path / "attachments")


@pytest.fixture
def ouyang(shop: Shop, files: AttachedFiles) -> Writer:
    """A person with a refund, a rating, a call by phone, notes, a file, a session: all that one can leave behind."""
    person = Writer(shop, IDENTITY)
    shop.sells("202611120077", 30000, to=f"rest:{IDENTITY}", phone_last4="2222")
    person.complains("product_quality", text=f"{SECRET}里的水壶坏了", order_number="202611120077", phone=PHONE)
    person.chooses(1)
    person.rates(5)
    alice = shop.hires("alice", "manager")
    taken = Taken("k", "phone", f"{SECRET}又出事了", "zh", name=NAME, phone=PHONE, categories=["delivery"])
    called = shop.does(record_complaint, shop.firm, alice, taken)
    shop.does(answer, shop.firm, alice, called.conversation_id, f"{NAME}您好")
    shop.does(close, shop.firm, alice, called.conversation_id, valid=True, service_step="")
    with shop.database.begin() as work:
        first = work.session.scalars(select(Case).order_by(Case.id)).first()
        assert first is not None
        mine = work.session.get_one(Customer, first.customer_id)
        other = work.session.get_one(Case, called.id).customer
        mine.name, mine.preferences = NAME, [f"{SECRET}之后再打"]
        other.merged_into_id = mine.id
        work.session.add(
            CustomerMerge(
                kept_id=mine.id, merged_id=other.id, identity_ids=[], case_ids=[], filled=["name"],
                proof="said_on_phone", by="alice", at=work.now,
            )
        )  # fmt: skip
        conversation = work.session.get_one(Conversation, first.conversation_id)
        conversation.awaited = {
            "kind": "reading",
            "revision": conversation.awaited_revision,
            "about": {"understanding": {"text": SECRET}},
        }
        note = Note(
            conversation_id=conversation.id, case_id=first.id, staff_id=alice.id, text=f"{NAME}很急", at=work.now
        )
        work.session.add(note)
        attachment = Attachment(
            conversation_id=conversation.id, author="customer", name=f"{SECRET}.jpg", media_type="image/jpeg",
            size=3, digest="d" * 64, at=work.now,
        )  # fmt: skip
        work.session.add(attachment)
        work.session.add(
            SavedView(staff_id=alice.id, name=f"{NAME}的工单", filters={"state": ["open"]}, created_at=work.now)
        )
        work.session.add(
            WebSession(
                token_digest="t" * 64, resume_digest="r" * 64, identity_id=conversation.identity_id,
                created_at=work.now, expires_at=work.now,
            )
        )  # fmt: skip
        said = work.session.scalars(select(Message).where(Message.conversation_id == conversation.id)).first()
        assert said is not None
        work.session.add_all(
            [
                IncomingMedia(
                    message_id=said.id, conversation_id=conversation.id, channel="wechat", account="main",
                    media_id=SECRET, kind="file", name=f"{SECRET}.pdf", next_attempt_at=work.now,
                ),
                ReplyWindow(conversation_id=conversation.id, ends_at=work.now, servicer=NAME),
                ReceivedDeed(identity_id=conversation.identity_id, deed_key=f"event:{IDENTITY}", at=work.now),
                BindingLink(
                    token_digest="b" * 64, customer_id=mine.id, channel="wechat", account="main", made_by="alice",
                    made_at=work.now, expires_at=work.now,
                ),
            ]
        )  # fmt: skip
        work.session.flush()
        files.publish(files.draft(b"jpg", None), attachment.public_id)
        append(work, "alice", "look", mine.public_id)
        append(work, "alice", "look", first.number)
        work.commit()
    plant(shop)
    return person
