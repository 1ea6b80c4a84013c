"""The page on which staff record a complaint taken by phone, at the counter or in a letter; one form, by keyboard."""

import re
from typing import Any

import structlog
from aiohttp import web
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from actions.conversations import storable
from actions.firm import Firm
from actions.staff.access import DeedRefused
from actions.staff.recording import DOORS, SAID_LENGTH, Taken, add_to_case, record_complaint, tell
from actions.understanding import UnreadableUnderstanding, read_understanding
from desk.console.guard import wants_json
from desk.console.keys import SIGNED_IN
from desk.console.pages import language_of, render, say
from desk.console.performing import Form, conversation_named, first_value, perform
from desk.console.permissions import PREFIX
from desk.console.recording_form import NOBODY_KNOWN, Found, look
from desk.errors import error_response
from desk.keys import DATABASE, FIRM, ORDERS, RASA
from desk.rasa import RasaUnavailable
from recovery.failures import Risk
from recovery.phones import normalise_phone
from recovery.remedies import RemedyKind
from store.database import UnitOfWork
from store.tables import Case, Message, OutboxRow, Staff
from store.tables.base import unguessable

log = structlog.get_logger()

_FIELDS = {
    "key": 32,
    "who": 100,
    "customer": 32,
    "name": 100,
    "phone": 40,
    "said": SAID_LENGTH * 2,
    "order": 64,
    "digits": 8,
    "category": 64,
    "emotion": 1,
    "wish": 32,
    "door": 16,
    "language": 8,
    "next": 80,
    "seen": 200,
}
_KEEP = "keep"
_BY_CATEGORY = "department:"


class _Alike(Exception):
    """There are cases that this may be, which the recorder has not seen yet."""


async def recording_page(request: web.Request) -> web.StreamResponse:
    """The empty form; ``?customer=`` and ``?phone=`` fill in who."""
    typed = {
        "key": unguessable(),
        "customer": storable(request.query.get("customer", ""))[:32],
        "phone": storable(request.query.get("phone", ""))[:40],
        "door": "phone",
        "language": request.app[FIRM].file.language,
        "emotion": "1",
        "next": _KEEP,
    }
    return await _show(request, typed, [])


async def post_recording(request: web.Request) -> web.StreamResponse:
    """Look up what was typed so far, add it to a case, or open one; what was typed is never lost."""
    posted = await request.post()
    typed = {name: storable(str(posted.get(name, ""))).strip()[:length] for name, length in _FIELDS.items()}
    risks = [str(value) for value in posted.getall("risks", [])]
    if typed["order"]:
        await request.app[ORDERS].fetch(typed["order"])
    if "look" in posted:
        return await _show(request, typed, risks)
    if not typed["category"] and typed["said"]:
        # Nobody chose: what the machine reads is taken, if it answers in time.
        risks = await _fill_in(request, typed, risks)
    target = storable(str(posted.get("add_to", "")))
    try:
        number = await _save(request, typed, risks, target, "apart" in posted)
    except _Alike:
        return await _show(request, typed, risks, status=409, error=say(request, "recording.look_first"))
    except DeedRefused as refused:
        holder = say(request, "author.staff")
        words = say(request, f"refused.{refused.code}", length=SAID_LENGTH, holder=holder)
        if refused.code == "form_used":
            # What is typed is another complaint: saved again, it is one.
            typed["key"] = unguessable()
        return await _show(request, typed, risks, status=422, error=words, wrong=refused.code)
    raise web.HTTPSeeOther(f"{PREFIX}/complaints/{number}/recorded{'?more=1' if target else ''}")


async def read_words(request: web.Request) -> web.StreamResponse:
    """What the machine reads in the words typed so far, for the page's script; 503 where it does not answer in time."""
    said = storable(str((await request.post()).get("said", ""))).strip()[:SAID_LENGTH]
    read = await _read(request, said) if said else {}
    if read is None:
        return error_response(503, say(request, "recording.no_reading"), "no_reading")
    return web.json_response(read)


async def recorded_page(request: web.Request) -> web.StreamResponse:
    """The number to read aloud, and what comes next."""
    found = await request.app[DATABASE].read(_read_recorded, request.match_info["number"])
    if found is None:
        raise web.HTTPNotFound
    case, aloud, conversation = found
    return await render(
        request, "recorded.html", case=case, aloud=aloud, conversation=conversation, more="more" in request.query
    )


async def post_told(request: web.Request) -> web.StreamResponse:
    """Note that the customer was told what was held back, as far as the page showed it."""

    def deed(work: UnitOfWork, firm: Firm, me: Staff, id: int, form: Form) -> None:
        up_to = first_value(form, "up_to")
        tell(work, me, id, int(up_to) if re.fullmatch(r"\d{1,9}", up_to, re.ASCII) else 0)

    return await perform(request, conversation_named, deed)


async def _save(request: web.Request, typed: dict[str, str], risks: list[str], target: str, apart: bool) -> str:
    app, staff_id = request.app, request[SIGNED_IN].staff.id
    for again in (True, False):
        try:
            return await app[DATABASE].run(_record, app[FIRM], staff_id, typed, risks, target, apart)
        except IntegrityError:
            # A second click at the same moment, in another process: by now the first one's case is there.
            if not again:
                raise
    raise AssertionError("unreachable")


def _record(
    work: UnitOfWork, firm: Firm, staff_id: int, typed: dict[str, str], risks: list[str], target: str, apart: bool
) -> str:
    me = work.session.get_one(Staff, staff_id)
    found = look(work, firm, typed)
    taken = _taken({**typed, "customer": found.chosen}, risks, newcomer=typed["customer"] == NOBODY_KNOWN)
    if target:
        case = work.session.scalars(select(Case).where(Case.number == target)).first()
        if case is None:
            raise DeedRefused("unknown_case")
        return add_to_case(work, firm, me, case.id, taken).number
    known = work.session.scalars(select(Case.id).where(Case.recording_key == taken.key)).first()
    alike = {one.case.number for one in found.alike}
    if known is None and alike and not (apart and alike <= set(typed["seen"].split())):
        raise _Alike
    return record_complaint(work, firm, me, taken).number


def _taken(typed: dict[str, str], risks: list[str], *, newcomer: bool) -> Taken:
    who, phone, name = typed["who"], typed["phone"], typed["name"]
    if not typed["customer"]:
        # Searched for and not found: what was typed is the newcomer's number or name.
        phone = phone or (who if normalise_phone(who) else "")
        name = name or (who if not phone and not any(letter.isdigit() or letter == ":" for letter in who) else "")
    whither = typed["next"]
    return Taken(
        key=typed["key"],
        door=typed["door"],
        said=typed["said"],
        language=typed["language"],
        customer=typed["customer"] or None,
        newcomer=newcomer,
        name=name,
        phone=phone,
        order_number=typed["order"],
        phone_last4=typed["digits"],
        categories=[typed["category"]] if typed["category"] else [],
        emotion=int(typed["emotion"]) if typed["emotion"] in ("0", "1", "2", "3") else 0,
        risks=risks,
        wished_remedy=typed["wish"],
        department=whither.removeprefix(_BY_CATEGORY) if whither.startswith(_BY_CATEGORY) else None,
    )


async def _fill_in(request: web.Request, typed: dict[str, str], risks: list[str]) -> list[str]:
    """Take what the machine reads for what nobody chose; the risks then."""
    read = await _read(request, typed["said"])
    if not read:
        return risks
    typed["category"] = read["category"]
    typed["wish"] = typed["wish"] or read["wish"]
    return list(dict.fromkeys([*risks, *read["risks"]]))


async def _read(request: web.Request, said: str) -> dict[str, Any] | None:
    """The reading of ``said`` as the form's fields; None where the machine does not answer in time."""
    try:
        understanding = read_understanding(await request.app[RASA].parse(said))
    except (RasaUnavailable, UnreadableUnderstanding) as error:
        log.info("no reading for a recorded complaint", kind=type(error).__name__)
        return None
    firm, facts = request.app[FIRM], understanding.facts
    known = [key for key in understanding.category_keys if key in firm.categories]
    return {
        "category": firm.leading_first(known)[0] if known else "",
        "emotion": understanding.emotion.level,
        "risks": [key for key in understanding.risk_keys if key in {risk.value for risk in Risk}],
        "wish": facts.wished_remedy if facts.wished_remedy in {kind.value for kind in RemedyKind} else "",
        "order": facts.order_number or "",
        "phone": facts.phone or "",
        "language": understanding.language or "",
    }


async def _show(
    request: web.Request,
    typed: dict[str, str],
    risks: list[str],
    *,
    status: int = 200,
    error: str | None = None,
    wrong: str | None = None,
) -> web.StreamResponse:
    app = request.app
    typed = {**dict.fromkeys(_FIELDS, ""), **typed}
    found: Found = await app[DATABASE].read(look, app[FIRM], typed)
    if wants_json(request) and error is not None:
        return error_response(status, error, wrong)
    return await render(
        request,
        "recording.html",
        status=status,
        here=f"{PREFIX}/complaints/new",
        typed=typed,
        ticked=risks,
        found=found,
        error=error,
        wrong=wrong,
        doors=DOORS,
        categories=list(app[FIRM].categories),
        risks=[risk.value for risk in Risk],
        remedies=[kind.value for kind in RemedyKind],
        departments=[(one.key, one.name.in_language(language_of(request))) for one in app[FIRM].departments],
        said_length=SAID_LENGTH,
    )


def _read_recorded(work: UnitOfWork, number: str) -> tuple[Case, str | None, str] | None:
    """The case, the words to read aloud where it was passed on, and its conversation's public id."""
    case = work.session.scalars(select(Case).where(Case.number == number)).first()
    if case is None:
        return None
    aloud = (
        select(Message.text)
        .join(OutboxRow, OutboxRow.message_id == Message.id)
        .where(Message.case_id == case.id, Message.author == "bot", Message.conversation_id == case.conversation_id)
        .order_by(Message.number.desc())
    )
    kept = case.owner_id is not None and case.owner_id == case.opened_by_id
    return case, None if kept else work.session.scalars(aloud).first(), case.conversation.public_id
