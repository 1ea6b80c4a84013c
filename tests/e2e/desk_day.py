"""What the people of the desk do in the scene: each deed by its command, as their pages do it."""

import io
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw
from sqlalchemy import select

from actions.attachments import prepare
from actions.firm import Firm
from actions.staff import consulting
from actions.staff.customers import add_preference, set_contact
from actions.staff.judging import Touch, touch
from actions.staff.macros import MacroDraft, save_macro
from actions.staff.notes import write_note
from actions.staff.recording import Taken, record_complaint
from actions.staff.sending_files import put_aside
from actions.staff.talking import answer, take
from desk.tokens import add_token
from store.attached_files import AttachedFiles
from store.customer_rights import ask_erasure, person_of
from store.database import Database, UnitOfWork
from store.retention import read_retention
from store.tables import CannedReply, Case, Conversation, SavedView, Staff
from tests.conftest import ROOT


@dataclass(frozen=True)
class Deeds:
    """What came of the day.

    Attributes:
        recorded: number of the case that was taken by phone.
        reply: public id of a canned reply.
        macro: public id of a macro.
    """

    recorded: str
    reply: str
    macro: str


def play_day(database: Database, firm: Firm, conversations: Mapping[str, str], files: AttachedFiles) -> Deeds:
    """Play it.

    Args:
        conversations: public ids, by who complained.
    """
    with database.begin() as work:
        _handle_taken(work, firm, _of(work, conversations["taken"]), files)
        _handle_english(work, firm, _of(work, conversations["english"]))
        work.commit()
    with database.begin() as work:
        recorded = record_complaint(work, firm, _person(work, "xiaoai"), _by_phone(firm)).number
        leaving = work.session.get_one(Case, _of(work, conversations["leaving"]).focus_case_id)
        retention = read_retention(ROOT / "data" / "firm")
        ask_erasure(work, person_of(work, {leaving.customer_id}), retention, "mei")
        add_token(work, firm, "shop", ["messages:write", "orders:write"], by="anran")
        view = {"list": "overdue", "category": ["delivery"]}
        for login, name in (("ben", "Late parcels"), ("xiaoai", "快递超时")):
            work.session.add(SavedView(staff_id=_person(work, login).id, name=name, filters=view, created_at=work.now))
        macro = save_macro(work, firm, _person(work, "zhoumin"), _macro(work))
        reply = work.session.scalars(select(CannedReply).order_by(CannedReply.id)).first()
        assert reply is not None
        work.commit()
        return Deeds(recorded, reply.public_id, macro.public_id)


def _handle_taken(work: UnitOfWork, firm: Firm, conversation: Conversation, files: AttachedFiles) -> None:
    xiaoai, zhoumin = _person(work, "xiaoai"), _person(work, "zhoumin")
    take(work, firm, xiaoai, conversation.id)
    answer(work, firm, xiaoai, conversation.id, "您好，我是小艾。吹风机请先拔掉别再用，您和家人没有受伤吧？")
    assert conversation.focus_case_id is not None
    consulting.ask(
        work, firm, xiaoai, conversation.focus_case_id, "engineering", "HD-2 型用两次就冒火星，同一批还有别的反馈吗？"
    )
    write_note(work, xiaoai, conversation.id, "插座也发黑了，先按安全问题处理。@zhoumin 您看要不要上门取件？")
    write_note(work, zhoumin, conversation.id, "上门取，我来约。")
    photo = prepare(files, _photo(), "吹风机.jpg")
    try:
        put_aside(work, files, xiaoai, conversation.id, [photo])
    finally:
        photo.discard()
    set_contact(work, xiaoai, conversation.id, "林女士", "13800001234")
    add_preference(work, xiaoai, conversation.id, "晚上七点后打电话")


def _handle_english(work: UnitOfWork, firm: Firm, conversation: Conversation) -> None:
    ben = _person(work, "ben")
    take(work, firm, _person(work, "sam"), conversation.id)
    assert conversation.focus_case_id is not None
    touch(work, firm, _person(work, "sam"), conversation.focus_case_id, Touch.ADD, "product_quality")
    consulting.ask(
        work, firm, _person(work, "sam"), conversation.focus_case_id, "logistics", "Who drove the afternoon round?"
    )
    write_note(work, ben, conversation.id, "Third wet parcel this week from that depot.")


def _by_phone(firm: Firm) -> Taken:
    return Taken(
        key=secrets.token_hex(16),
        door="phone",
        said="客人说空调装好三天就不制冷，约的师傅两次没来，孩子热得睡不着。",
        language="zh",
        name="陈先生",
        phone="13900005678",
        categories=["after_sales"],
        emotion=2,
        department="after_sales",
    )


def _macro(work: UnitOfWork) -> MacroDraft:
    reply = work.session.scalars(select(CannedReply).order_by(CannedReply.id)).first()
    assert reply is not None
    names = {"zh": "问好并约回电", "en": "Greet and call back"}
    return MacroDraft(names, "", reply.public_id, "call_back", None, "")


def _photo() -> bytes:
    picture = Image.new("RGB", (640, 480), "#d9d4c7")
    draw = ImageDraw.Draw(picture)
    draw.ellipse((180, 90, 420, 330), fill="#3d4450")
    draw.rectangle((270, 320, 330, 460), fill="#3d4450")
    draw.polygon([(420, 180), (520, 160), (450, 220), (560, 240), (430, 260)], fill="#f2b134")
    found = io.BytesIO()
    picture.save(found, "JPEG")
    return found.getvalue()


def _person(work: UnitOfWork, login: str) -> Staff:
    return work.session.scalars(select(Staff).where(Staff.login == login)).one()


def _of(work: UnitOfWork, public_id: str) -> Conversation:
    return work.session.scalars(select(Conversation).where(Conversation.public_id == public_id)).one()


def attached_files(var: Path) -> AttachedFiles:
    """The attachments of a service, by its state folder."""
    return AttachedFiles(var / "attachments")
