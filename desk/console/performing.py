"""How a deed of staff is asked for: read the form, do it in one unit of work, lead back to its page, or say why not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from aiohttp import web
from sqlalchemy import select
from sqlalchemy.exc import NoResultFound

from actions.conversations import storable
from actions.firm import Firm
from actions.staff.access import DeedRefused
from desk.console.conversation import find_by_public_id
from desk.console.guard import wants_json
from desk.console.keys import SIGNED_IN
from desk.console.pages import say
from desk.console.permissions import PREFIX
from desk.console.views import show_conversation
from desk.errors import error_response
from desk.keys import DATABASE, FIRM
from recovery.case_states import IllegalTransition
from recovery.control import Control
from store.database import UnitOfWork
from store.tables import Case, Conversation, Offer, Promise, Staff

# Longer answers are cut by channels; the person is told instead.
ANSWER_LENGTH = 4000
_STATUS = {
    "above_authority": 403,
    "above_everyone": 403,
    "answer_empty": 422,
    "consultation_answer_too_long": 422,
    "consultation_reason_missing": 422,
    "consultation_reason_too_long": 422,
    "digits_wrong": 422,
    "fact_amount_wrong": 422,
    "fact_empty": 422,
    "fact_too_long": 422,
    "name_too_long": 422,
    "named_person_unknown": 422,
    "no_such_case": 422,
    "not_your_department": 403,
    "not_your_question": 403,
    "not_your_role": 403,
    "note_empty": 422,
    "note_too_long": 422,
    "order_not_proved": 422,
    "order_number_wrong": 422,
    "phone_wrong": 422,
    "promise_due_missing": 422,
    "promise_due_past": 422,
    "promise_not_later": 422,
    "promise_reason_too_long": 422,
    "promise_says_nothing": 422,
    "promise_too_far": 422,
    "promise_too_long": 422,
    "for_superiors": 403,
    "conduct_reason_missing": 422,
    "conduct_reason_too_long": 422,
    "conduct_span_wrong": 422,
    "preference_empty": 422,
    "preference_too_long": 422,
    "preferences_enough": 422,
    "question_empty": 422,
    "question_too_long": 422,
    "same_case": 422,
    "same_department": 422,
    "superiors_only": 403,
    "tier_reason_missing": 422,
    "tier_reason_too_long": 422,
    "unknown_department": 422,
    "unknown_fact": 422,
    "unknown_tier": 422,
    "amount_missing": 422,
    "amount_not_fitting": 422,
    "amount_wrong": 422,
    "busy": 503,
    "empty_text": 422,
    "file_damaged": 422,
    "file_empty": 422,
    "file_too_large": 413,
    "file_type": 415,
    "grant_reason_missing": 422,
    "no_file": 422,
    "nothing_changed": 422,
    "picture_too_large": 413,
    "no_such_colleague": 422,
    "no_such_department": 422,
    "reason_missing": 422,
    "too_long": 422,
    "transfer_to_nobody": 422,
    "too_many_at_once": 422,
    "unknown_remedy": 422,
    "unknown_step": 422,
    "validity_missing": 422,
    "wrong_assessment": 422,
}


@dataclass(frozen=True, slots=True)
class Target:
    """What a deed is done to, and the conversation whose page shows it."""

    id: int
    conversation: Conversation


Form = Mapping[str, list[str]]
Find = Callable[[UnitOfWork, str], Target | None]
Deed = Callable[[UnitOfWork, Firm, Staff, int, Form], object]


async def perform(request: web.Request, find: Find, deed: Deed) -> web.StreamResponse:
    """Do it and lead back to the conversation; or say why not, with what was typed still in its place."""
    name, app = next(iter(request.match_info.values())), request.app
    form = await read_form(request)
    try:
        public_id = await app[DATABASE].run(_run, app[FIRM], request[SIGNED_IN].staff.id, find, name, deed, form)
    except NoResultFound:
        raise web.HTTPNotFound from None
    except _Refused as refused:
        return await _tell(request, refused, form)
    location = _leads_back(request, public_id)
    if wants_json(request):
        return web.json_response({"location": location})
    raise web.HTTPSeeOther(location)


def _leads_back(request: web.Request, public_id: str) -> str:
    """The page it was asked for on: a list, or the conversation with the case that was shown."""
    if request.query.get("back") == "consultations":
        return f"{PREFIX}/consultations"
    case = request.query.get("case", "")
    return f"{PREFIX}/conversations/{public_id}" + (f"?case={quote(case, safe='')}" if case else "")


class _Refused(Exception):
    """A deed was refused: why, on whose page it is shown, and who has the conversation."""

    def __init__(self, code: str, public_id: str, control: str, holder: str | None) -> None:
        super().__init__(code)
        self.code, self.public_id, self.control, self.holder = code, public_id, control, holder


def _run(work: UnitOfWork, firm: Firm, staff_id: int, find: Find, name: str, deed: Deed, form: Form) -> str:
    target = find(work, name)
    if target is None:
        raise NoResultFound
    # As the account is now: the role may have changed since the page was shown.
    me = work.session.get_one(Staff, staff_id)
    try:
        deed(work, firm, me, target.id, form)
    except (DeedRefused, IllegalTransition) as error:
        code = error.code if isinstance(error, DeedRefused) else "not_possible_now"
        conversation = target.conversation
        has_it = conversation.taken_by_id or conversation.assigned_to_id
        holder = work.session.get(Staff, has_it) if has_it else None
        refused = _Refused(code, conversation.public_id, conversation.control, holder.name if holder else None)
        raise refused from error
    return target.conversation.public_id


async def _tell(request: web.Request, refused: _Refused, form: Form) -> web.StreamResponse:
    status = _STATUS.get(refused.code, 409)
    # Nobody has what waits in the queue; whoever has it in WeCom has no account here.
    nameless = {Control.BOT: "author.the_bot", Control.STAFF: "wecom.colleague"}.get(Control(refused.control))
    holder = refused.holder or (say(request, nameless) if nameless else "")
    words = say(request, f"refused.{refused.code}", holder=holder, length=ANSWER_LENGTH)
    if wants_json(request):
        return error_response(status, words, refused.code)
    typed = {key: values[0] for key, values in form.items() if values}
    return await show_conversation(request, refused.public_id, status=status, error=words, typed=typed)


async def read_form(request: web.Request) -> Form:
    """What a form sent, by field, storable; files are left out."""
    fields: dict[str, list[str]] = {}
    for key, value in (await request.post()).items():
        if isinstance(value, str):
            fields.setdefault(key, []).append(storable(value))
    return fields


def first_value(form: Form, key: str) -> str:
    values = form.get(key)
    return values[0].strip() if values else ""


def conversation_named(work: UnitOfWork, public_id: str) -> Target | None:
    found = find_by_public_id(work, public_id)
    return Target(found.id, found) if found else None


def case_named(work: UnitOfWork, number: str) -> Target | None:
    found = work.session.scalars(select(Case).where(Case.number == number)).first()
    return Target(found.id, found.conversation) if found else None


def offer_named(work: UnitOfWork, public_id: str) -> Target | None:
    found = work.session.scalars(select(Offer).where(Offer.public_id == public_id)).first()
    return Target(found.id, work.session.get_one(Case, found.case_id).conversation) if found else None


def promise_named(work: UnitOfWork, public_id: str) -> Target | None:
    found = work.session.scalars(select(Promise).where(Promise.public_id == public_id)).first()
    return Target(found.id, work.session.get_one(Conversation, found.conversation_id)) if found else None
