"""Pages: templates filled in with the words of the reader's language."""

from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any

import jinja2
from aiohttp import web

from actions.alarms.raising import count_open
from actions.words.catalogue import LANGUAGES, Catalogue
from actions.words.formats import show_day, show_moment, show_money, show_span, show_time
from desk.console.bell import Bell, read_bell
from desk.console.consultations import count_asked
from desk.console.keys import CSRF, SIGNED_IN, TEMPLATES, WORDS
from desk.console.permissions import PREFIX, RULES
from desk.console.queue import read_summary
from desk.console.sessions import held_back
from desk.keys import DATABASE, FIRM

_FOLDER = Path(__file__).parent


@cache
def read_words() -> Catalogue:
    """The console's own texts; they come with the code, so they are read once in a process."""
    return Catalogue.read(_FOLDER / "words")


@cache
def make_environment() -> jinja2.Environment:
    """The templates, compiled once in a process; whatever is filled in is escaped."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def language_of(request: web.Request) -> str:
    """What the reader reads: their own language, or the one asked for, the browser's, the firm's."""
    if SIGNED_IN in request:
        return request[SIGNED_IN].staff.language if request[SIGNED_IN].staff.language in LANGUAGES else "en"
    asked = request.query.get("language")
    if asked in LANGUAGES:
        return asked
    for part in request.headers.get("Accept-Language", "").split(","):
        language = part.partition(";")[0].strip().partition("-")[0].lower()
        if language in LANGUAGES:
            return language
    return request.app[FIRM].file.language


def say(request: web.Request, key: str, **values: Any) -> str:
    """A text of the console in the reader's language."""
    return request.app[WORDS].render(language_of(request), key, **values)


async def render(request: web.Request, template: str, *, status: int = 200, **context: Any) -> web.Response:
    """A page.

    Args:
        template: its file.
        context: what it shows besides the reader, their permissions and the head's counts; a page that has read
            these itself gives them as ``summary``.
    """
    signed_in = request.get(SIGNED_IN)
    summary = context.pop("summary", None)
    if signed_in and summary is None:
        summary = await request.app[DATABASE].read(read_summary)
    asked = await request.app[DATABASE].read(count_asked, request.app[FIRM], signed_in.staff) if signed_in else 0
    held = held_back(request.app[FIRM].security, signed_in.staff) if signed_in else None
    shared = {
        "me": signed_in.staff if signed_in else None,
        "held": held,
        "csrf": request[CSRF],
        "summary": summary,
        # Questions that the reader's departments have not answered yet.
        "asked_of_me": asked,
        "alarms_open": await _alarms(request),
        "bell": await _bell(request, held),
        # Where switching the language leads back to.
        "here": request.rel_url.path_qs if request.method == "GET" else f"{PREFIX}/",
        "now": request.app[DATABASE].clock(),
        "may": partial(_may, signed_in.staff.role if signed_in else ""),
    }
    text = request.app[TEMPLATES].get_template(template).render(_formats(request) | shared | context)
    return web.Response(text=text, content_type="text/html", status=status)


async def render_error(request: web.Request, status: int, key: str) -> web.Response:
    """A page that says what is wrong and leads on."""
    return await render(request, "error.html", status=status, message=say(request, key))


async def _bell(request: web.Request, held: str | None) -> Bell | None:
    """The bell, once nothing holds the reader back any more."""
    if SIGNED_IN not in request or held:
        return None
    return await request.app[DATABASE].read(read_bell, request[SIGNED_IN].staff.id)


async def _alarms(request: web.Request) -> int:
    """How many alarms are open, for whom they are told to."""
    if SIGNED_IN not in request or not _may(request[SIGNED_IN].staff.role, "GET", f"{PREFIX}/crisis"):
        return 0
    return await request.app[DATABASE].read(count_open)


def _may(role: str, method: str, path: str) -> bool:
    return role in RULES[method, path].roles


def _formats(request: web.Request) -> dict[str, Any]:
    firm, language = request.app[FIRM], language_of(request)
    steps = {key: names[language] for key, names in firm.blueprint.names.items()}
    departments = {department.key: department.name.in_language(language) for department in firm.departments}

    def local_moment(moment: datetime) -> str:
        return show_moment(firm.local(moment), language)

    def local_day(moment: datetime) -> str:
        return show_day(firm.local(moment), language)

    def local_time(moment: datetime) -> str:
        return show_time(firm.local(moment))

    def span(length: timedelta) -> str:
        return show_span(length, language)

    def named(group: str, key: object) -> str:
        """The name of something with a fixed key; the key itself where the firm added it."""
        words, full = request.app[WORDS], f"{group}.{key}"
        return words.render(language, full) if words.has(full) else str(key)

    return {
        "language": language,
        "firm_name": firm.file.name.in_language(language),
        "t": partial(request.app[WORDS].render, language),
        "named": named,
        "money": lambda amount: show_money(amount, language),
        "moment": local_moment,
        "day": local_day,
        "time": local_time,
        "span": span,
        "category": lambda key: firm.category_name(key, language),
        "department": lambda key: departments.get(key, key),
        "step": lambda key: steps.get(key, key),
    }
