"""The monthly report at the desk: which months there are, and each as a file to download."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from aiohttp import web
from sqlalchemy import func, select

from analytics.reporting.month import Month, month_of, read_month
from analytics.reporting.printing import CannotPrint, as_pdf, find_browser
from analytics.reporting.report import monthly_report
from analytics.reporting.words import LANGUAGES, report_words
from analytics.sigma import WrongInput
from analytics.surroundings import Surroundings, TookTooLong
from desk.console.pages import language_of, say
from desk.console.quality.asking import today_of
from desk.console.quality.options import show
from desk.console.quality.pictures import QUALITY
from desk.keys import DATABASE, FIRM, SETTINGS
from desk.reckoning import reckon
from recovery.events import CaseOpened
from store.database import UnitOfWork
from store.tables import OutcomeEventRow

PATH = f"{QUALITY}/report"
# Older ones are to be had by the command line.
_MONTHS = 36
# A report asks a dozen questions.
_SECONDS = 60.0
# A browser takes a few hundred megabytes: one prints at a time, and few may wait for it.
_PRINTING = ThreadPoolExecutor(1, "printing")
_MOST_WAITING = 3
WAITING = web.AppKey("reports_waiting", list[int])


@dataclass(frozen=True, slots=True)
class MonthShown:
    """A month that there is a report of; ``over``: all of it."""

    month: Month
    name: str
    over: bool


async def report_page(request: web.Request) -> web.StreamResponse:
    """The months, the latest first."""
    return await _page(request)


async def download(request: web.Request) -> web.StreamResponse:
    """The report of a month, as HTML or PDF, in the language of the reader or another one."""
    language = request.query.get("language", language_of(request))
    if language not in LANGUAGES or request.match_info["kind"] not in ("html", "pdf"):
        raise web.HTTPNotFound
    try:
        month = read_month(request.match_info["month"])
    except WrongInput:
        raise web.HTTPNotFound from None
    try:
        name, page = await reckon(request.app, partial(_made, month=month, language=language), _SECONDS)
    except WrongInput:
        # Nothing of it is over yet.
        raise web.HTTPNotFound from None
    except TookTooLong:
        return await _page(request, 503, say(request, "report.too_long"))
    if request.match_info["kind"] == "html":
        return _file(page.encode(), f"{name}.html", "text/html")
    try:
        return _file(await _printed(request, page), f"{name}.pdf", "application/pdf")
    except CannotPrint:
        return await _page(request, 503, say(request, "report.cannot_print"))


async def _page(request: web.Request, status: int = 200, error: str = "") -> web.Response:
    first = await request.app[DATABASE].read(_first_moment)
    today = today_of(request)
    months: list[MonthShown] = []
    if first is not None:
        month, begins = month_of(today), month_of(request.app[FIRM].local(first).date())
        words = report_words(language_of(request))
        while month >= begins and len(months) < _MONTHS:
            # On its first day nothing of a month is over.
            if month.since < today:
                months.append(MonthShown(month, words.month_name(month), month.is_over(today)))
            month = month.before
    context: dict[str, Any] = {
        "here": PATH,
        "months": months,
        "prints": _browser(request) is not None,
        "languages": LANGUAGES,
        "error": error,
    }
    return await show(request, "report", status=status, **context)


def _first_moment(work: UnitOfWork) -> datetime | None:
    return work.session.scalar(select(func.min(OutcomeEventRow.at)).where(OutcomeEventRow.kind == CaseOpened.kind))


def _made(work: UnitOfWork, around: Surroundings, month: Month, language: str) -> tuple[str, str]:
    report = monthly_report(work, around, month)
    return report.file_name(language), report.to_html(language)


def _browser(request: web.Request) -> str | None:
    try:
        return find_browser(request.app[SETTINGS].browser)
    except CannotPrint:
        return None


async def _printed(request: web.Request, page: str) -> bytes:
    browser, waiting = _browser(request), request.app[WAITING]
    if browser is None or waiting[0] >= _MOST_WAITING:
        raise CannotPrint("no browser is free")
    waiting[0] += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_PRINTING, as_pdf, page, browser)
    finally:
        waiting[0] -= 1


def _file(content: bytes, name: str, kind: str) -> web.Response:
    # Opened by the browser itself, outside the desk: its script may do nothing here.
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return web.Response(body=content, content_type=kind, headers=headers)


ROUTES = [
    web.get(PATH, report_page),
    web.get(f"{PATH}/{{month}}.{{kind}}", download),
]
