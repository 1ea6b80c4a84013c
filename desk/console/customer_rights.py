"""The pages on which managers answer what a person may ask: a copy of their data, and to be erased (PIPL 45, 47)."""

import asyncio
import tempfile
from dataclasses import dataclass

from aiohttp import web
from sqlalchemy import select

from actions.staff.access import audit
from desk.attachments import FILES
from desk.console.keys import RETENTION, SIGNED_IN
from desk.console.pages import language_of, render, say
from desk.console.permissions import PREFIX
from desk.keys import DATABASE
from store.attached_files import AttachedFiles
from store.customer_rights import (
    Hindrance,
    ask_erasure,
    count_holdings,
    hindrances,
    person_of,
    withdraw_request,
)
from store.database import UnitOfWork
from store.exporting import PersonalData, collect, write_zip
from store.retention import Retention
from store.tables import Customer, ErasureRequest, Identity, Staff

_REQUESTS_SHOWN = 200
_PIECE = 256 * 1024


@dataclass(frozen=True, slots=True)
class RightsPage:
    """What is kept of a person, and what stands against erasing them."""

    customer: Customer
    identities: list[str]
    holdings: dict[str, int]
    standing: list[Hindrance]
    waiting: ErasureRequest | None


async def rights_page(request: web.Request) -> web.StreamResponse:
    """What is kept of one person."""
    return await _show(request)


async def post_export(request: web.Request) -> web.StreamResponse:
    """A zip with all data of one person."""
    app, name = request.app, request.match_info["public_id"]
    if not await app[DATABASE].run(_note_export, request[SIGNED_IN].staff.id, name):
        raise web.HTTPNotFound
    found = await app[DATABASE].read(_export, name)
    if found is None:
        raise web.HTTPNotFound
    # Files may be many and large: neither the store nor the memory has to hold them together.
    with tempfile.TemporaryFile() as file:
        await asyncio.to_thread(write_zip, found, app[FILES], file)
        headers = {"Content-Disposition": f'attachment; filename="person-{name[:8]}.zip"'}
        response = web.StreamResponse(headers=headers)
        response.content_type, response.content_length = "application/zip", file.tell()
        file.seek(0)
        await response.prepare(request)
        while piece := await asyncio.to_thread(file.read, _PIECE):
            await response.write(piece)
        await response.write_eof()
    return response


async def post_erase(request: web.Request) -> web.StreamResponse:
    """Erase one person, or note it for its day; the word of confirmation must be typed."""
    app, form = request.app, await request.post()
    if str(form.get("confirm", "")).strip().casefold() != say(request, "rights.confirm_word").casefold():
        return await _show(request, status=422, error=say(request, "rights.not_confirmed"))
    done = await app[DATABASE].run(
        _erase, request[SIGNED_IN].staff.id, request.match_info["public_id"], app[RETENTION], app[FILES]
    )
    if done is None:
        raise web.HTTPNotFound
    raise web.HTTPSeeOther(f"{PREFIX}/erasures")


async def erasures_page(request: web.Request) -> web.StreamResponse:
    """Wishes to be erased that wait, and those that were done."""
    requests, customers = await request.app[DATABASE].read(_read_requests)
    classes = request.app[RETENTION].retention
    rules = [(name, getattr(classes, name)) for name in type(classes).model_fields]
    return await render(
        request, "erasures.html", requests=requests, customers=customers, rules=rules, lang=language_of(request)
    )


async def post_withdraw(request: web.Request) -> web.StreamResponse:
    """The person thought better of it."""
    login = request[SIGNED_IN].staff.login
    if not await request.app[DATABASE].run(withdraw_request, request.match_info["public_id"], login):
        raise web.HTTPNotFound
    raise web.HTTPSeeOther(f"{PREFIX}/erasures")


async def _show(request: web.Request, *, status: int = 200, error: str | None = None) -> web.StreamResponse:
    app, name = request.app, request.match_info["public_id"]
    page = await app[DATABASE].read(_read, name, app[RETENTION])
    if page is None:
        raise web.HTTPNotFound
    here = f"{PREFIX}/customers/{name}/rights"
    law = app[RETENTION].retention.messages.law
    return await render(
        request, "rights.html", status=status, here=here, page=page, error=error, law=getattr(law, language_of(request))
    )


def _find(work: UnitOfWork, public_id: str) -> Customer | None:
    found = work.session.scalars(select(Customer).where(Customer.public_id == public_id)).first()
    return found if found is not None and found.erased_at is None else None


def _read(work: UnitOfWork, public_id: str, retention: Retention) -> RightsPage | None:
    customer = _find(work, public_id)
    if customer is None:
        return None
    person = person_of(work, {customer.id})
    identities = work.session.scalars(select(Identity).where(Identity.id.in_(person.identities)))
    waiting = select(ErasureRequest).where(
        ErasureRequest.customer_id.in_(person.customers), ErasureRequest.state == "waiting"
    )
    return RightsPage(
        customer=customer,
        identities=[identity.public for identity in identities],
        holdings=count_holdings(work, person),
        standing=hindrances(work, person, retention),
        waiting=work.session.scalars(waiting).first(),
    )


def _note_export(work: UnitOfWork, staff_id: int, public_id: str) -> bool:
    customer = _find(work, public_id)
    if customer is not None:
        audit(work, work.session.get_one(Staff, staff_id), "export_person", customer.public_id)
    return customer is not None


def _export(work: UnitOfWork, public_id: str) -> PersonalData | None:
    customer = _find(work, public_id)
    return collect(work, person_of(work, {customer.id})) if customer is not None else None


def _erase(
    work: UnitOfWork, staff_id: int, public_id: str, retention: Retention, files: AttachedFiles
) -> ErasureRequest | None:
    customer = _find(work, public_id)
    if customer is None:
        return None
    me = work.session.get_one(Staff, staff_id)
    return ask_erasure(work, person_of(work, {customer.id}), retention, me.login, files)


def _read_requests(work: UnitOfWork) -> tuple[list[ErasureRequest], dict[int, Customer]]:
    statement = select(ErasureRequest).order_by((ErasureRequest.state == "waiting").desc(), ErasureRequest.id.desc())
    requests = list(work.session.scalars(statement.limit(_REQUESTS_SHOWN)))
    ids = {one.customer_id for one in requests if one.state == "waiting"}
    customers = {one.id: one for one in work.session.scalars(select(Customer).where(Customer.id.in_(ids)))}
    return requests, customers
