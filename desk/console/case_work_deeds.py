"""What colleagues do together on a case, as calls: each is one command of ``actions.staff``."""

from aiohttp import web
from sqlalchemy import select

from actions.firm import Firm
from actions.staff import conduct, consulting, customers, facts, judging, linking, notes
from actions.staff.access import DeedRefused
from desk.console.consultations import read_page
from desk.console.keys import SIGNED_IN
from desk.console.pages import render
from desk.console.performing import Form, Target, case_named, conversation_named, first_value, perform
from desk.keys import DATABASE, FIRM, ORDERS
from store.database import UnitOfWork
from store.tables import Case, Consultation, Conversation, Staff

# --- notes ------------------------------------------------------------------------------------------------------------


async def write_note(request: web.Request) -> web.StreamResponse:
    """Leave a note for colleagues."""

    def deed(work: UnitOfWork, firm: Firm, me: Staff, id: int, form: Form) -> None:
        number = first_value(form, "case")
        case = work.session.scalars(select(Case).where(Case.number == number)).first() if number else None
        notes.write_note(work, me, id, first_value(form, "note"), case.id if case else None)

    return await perform(request, conversation_named, deed)


# --- consultations ----------------------------------------------------------------------------------------------------


async def consultations_page(request: web.Request) -> web.StreamResponse:
    """What departments were asked."""
    app, me = request.app, request[SIGNED_IN].staff
    page = await app[DATABASE].read(read_page, app[FIRM], me)
    return await render(
        request, "consultations.html", page=page, departments=[department.key for department in app[FIRM].departments]
    )


def _question_named(work: UnitOfWork, public_id: str) -> Target | None:
    found = work.session.scalars(select(Consultation).where(Consultation.public_id == public_id)).first()
    return Target(found.id, work.session.get_one(Conversation, found.conversation_id)) if found else None


async def ask(request: web.Request) -> web.StreamResponse:
    """Ask a department."""

    def deed(work: UnitOfWork, firm: Firm, me: Staff, id: int, form: Form) -> None:
        consulting.ask(work, firm, me, id, first_value(form, "department"), first_value(form, "question"))

    return await perform(request, case_named, deed)


async def answer_question(request: web.Request) -> web.StreamResponse:
    """Answer a question."""
    return await perform(
        request,
        _question_named,
        lambda work, firm, me, id, form: consulting.answer(
            work, firm, me, id, first_value(form, "consultation_answer")
        ),
    )


async def hand_on(request: web.Request) -> web.StreamResponse:
    """Pass a question to another department."""

    def deed(work: UnitOfWork, firm: Firm, me: Staff, id: int, form: Form) -> None:
        consulting.hand_on(work, firm, me, id, first_value(form, "department"), first_value(form, "hand_on_reason"))

    return await perform(request, _question_named, deed)


async def send_back(request: web.Request) -> web.StreamResponse:
    """Send a question back."""
    return await perform(
        request,
        _question_named,
        lambda work, firm, me, id, form: consulting.send_back(work, firm, me, id, first_value(form, "back_reason")),
    )


async def withdraw_question(request: web.Request) -> web.StreamResponse:
    """Take a question back."""
    return await perform(request, _question_named, lambda work, firm, me, id, _: consulting.withdraw(work, me, id))


# --- assessment -------------------------------------------------------------------------------------------------------


async def correct_label(request: web.Request) -> web.StreamResponse:
    """Correct one label; the form's only field is named after what is done and holds the label."""

    def deed(work: UnitOfWork, firm: Firm, me: Staff, id: int, form: Form) -> None:
        asked = [(what, first_value(form, what)) for what in judging.Touch if first_value(form, what)]
        if len(asked) != 1:
            raise DeedRefused("wrong_assessment")
        judging.touch(work, firm, me, id, *asked[0])

    return await perform(request, case_named, deed)


async def undo_correction(request: web.Request) -> web.StreamResponse:
    """Take the last correction back."""
    return await perform(request, case_named, lambda work, firm, me, id, _: judging.undo(work, firm, me, id))


# --- the customer -----------------------------------------------------------------------------------------------------


async def set_contact(request: web.Request) -> web.StreamResponse:
    """Keep name and phone."""

    def deed(work: UnitOfWork, firm: Firm, me: Staff, id: int, form: Form) -> None:
        customers.set_contact(work, me, id, first_value(form, "customer_name"), first_value(form, "customer_phone"))

    return await perform(request, conversation_named, deed)


async def set_tier(request: web.Request) -> web.StreamResponse:
    """Say which tier the customer belongs to, or let what they buy decide again."""

    def deed(work: UnitOfWork, firm: Firm, me: Staff, id: int, form: Form) -> None:
        if first_value(form, "tier") == customers.RECKONED:
            customers.release_tier(work, firm, me, id)
            return
        customers.set_tier(work, firm, me, id, first_value(form, "tier"), first_value(form, "tier_reason"))

    return await perform(request, conversation_named, deed)


async def name_person(request: web.Request) -> web.StreamResponse:
    """Name who looks after the customer."""
    return await perform(
        request,
        conversation_named,
        lambda work, firm, me, id, form: customers.name_person(work, me, id, first_value(form, "person")),
    )


async def note_conduct(request: web.Request) -> web.StreamResponse:
    """Leave a word to colleagues on how the customer behaved, or take it down."""

    def deed(work: UnitOfWork, firm: Firm, me: Staff, id: int, form: Form) -> None:
        if first_value(form, "lift"):
            conduct.lift_conduct(work, me, id)
            return
        days = first_value(form, "conduct_days")
        span = int(days) if days.isascii() and days.isdigit() and len(days) < 5 else 0
        conduct.note_conduct(work, me, id, first_value(form, "conduct_reason"), span)

    return await perform(request, conversation_named, deed)


async def set_preferences(request: web.Request) -> web.StreamResponse:
    """Note or forget a preference."""

    def deed(work: UnitOfWork, firm: Firm, me: Staff, id: int, form: Form) -> None:
        if dropped := first_value(form, "drop_preference"):
            customers.drop_preference(work, me, id, dropped)
        else:
            customers.add_preference(work, me, id, first_value(form, "preference"))

    return await perform(request, conversation_named, deed)


async def set_liking(request: web.Request) -> web.StreamResponse:
    """Note which remedies the customer likes, or does not want."""

    def deed(work: UnitOfWork, firm: Firm, me: Staff, id: int, form: Form) -> None:
        kind, liking = (first_value(form, name) for name in ("liking_kind", "liking"))
        if dropped := first_value(form, "drop_liking"):
            kind, liking = dropped, ""
        customers.set_liking(work, me, id, kind, liking)

    return await perform(request, conversation_named, deed)


# --- links and facts --------------------------------------------------------------------------------------------------


async def merge(request: web.Request) -> web.StreamResponse:
    """Put a case into another."""
    return await perform(
        request,
        case_named,
        lambda work, firm, me, id, form: linking.merge(work, firm, me, id, first_value(form, "merge_into")),
    )


async def undo_merge(request: web.Request) -> web.StreamResponse:
    """Part a case from the one it went into."""
    return await perform(request, case_named, lambda work, firm, me, id, _: linking.undo_merge(work, firm, me, id))


async def link(request: web.Request) -> web.StreamResponse:
    """Link a case to another."""
    return await perform(
        request,
        case_named,
        lambda work, firm, me, id, form: linking.link_cases(work, me, id, first_value(form, "link_to")),
    )


async def unlink(request: web.Request) -> web.StreamResponse:
    """Take a link away."""
    return await perform(
        request,
        case_named,
        lambda work, firm, me, id, form: linking.unlink_cases(work, me, id, first_value(form, "unlink_from")),
    )


async def set_fact(request: web.Request) -> web.StreamResponse:
    """Correct a fact of a case, or add one; an order is fetched from the merchant first, while nothing is locked."""
    typed = await request.post()
    if typed.get("fact_key") == "order_number":
        await request.app[ORDERS].fetch(str(typed.get("fact_value", "")))

    def deed(work: UnitOfWork, firm: Firm, me: Staff, id: int, form: Form) -> None:
        key, value = first_value(form, "fact_key"), first_value(form, "fact_value")
        facts.correct_fact(work, firm, me, id, key, value, first_value(form, "fact_digits"))

    return await perform(request, case_named, deed)


CASE_WORK_ROUTES = [
    web.post("/desk/conversations/{public_id}/notes", write_note),
    web.get("/desk/consultations", consultations_page),
    web.post("/desk/cases/{number}/consult", ask),
    web.post("/desk/consultations/{public_id}/answer", answer_question),
    web.post("/desk/consultations/{public_id}/hand-on", hand_on),
    web.post("/desk/consultations/{public_id}/send-back", send_back),
    web.post("/desk/consultations/{public_id}/withdraw", withdraw_question),
    web.post("/desk/cases/{number}/label", correct_label),
    web.post("/desk/cases/{number}/undo-correction", undo_correction),
    web.post("/desk/cases/{number}/facts", set_fact),
    web.post("/desk/cases/{number}/merge", merge),
    web.post("/desk/cases/{number}/undo-merge", undo_merge),
    web.post("/desk/cases/{number}/link", link),
    web.post("/desk/cases/{number}/unlink", unlink),
    web.post("/desk/conversations/{public_id}/customer", set_contact),
    web.post("/desk/conversations/{public_id}/customer/preferences", set_preferences),
    web.post("/desk/conversations/{public_id}/customer/liking", set_liking),
    web.post("/desk/conversations/{public_id}/customer/conduct", note_conduct),
    web.post("/desk/conversations/{public_id}/customer/tier", set_tier),
    web.post("/desk/conversations/{public_id}/customer/named-person", name_person),
]
