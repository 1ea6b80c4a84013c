"""How a deed of improvement is asked for: one unit of work with its trace, and what it was refused for in words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from aiohttp import web

from actions.fixes.telling import LONGEST
from actions.staff.access import DeedRefused
from analytics.improvement.loops.refusals import ImprovementRefused
from analytics.sigma import WrongInput
from analytics.surroundings import Surroundings, TookTooLong
from analytics.words.sentences import in_language
from desk.console.keys import SIGNED_IN, WORDS
from desk.console.pages import language_of, say
from desk.console.performing import Form, first_value
from desk.console.permissions import IMPROVE, PREFIX
from desk.keys import DATABASE, FIRM, SETTINGS
from desk.reckoning import SECONDS
from store.audit import append
from store.database import UnitOfWork
from store.tables import Staff

IMPROVEMENT = f"{PREFIX}/improvement"
_NOT_THERE = frozenset({"not_found", "no_such_improvement", "no_such_signal", "no_such_entry", "no_such_measure"})
_CONFLICTS = frozenset({"changed_meanwhile", "is_closed", "result_is_final", "measure_is_done", "already_reversed"})
Found = TypeVar("Found")


@dataclass
class Refused(Exception):
    """It was not done.

    Attributes:
        status: of the answer.
        words: why, in the reader's language.
        fields: what is wrong with which field of the form, by its name.
    """

    status: int
    words: str
    fields: Mapping[str, str] = field(default_factory=dict)


async def do(
    request: web.Request,
    deed: Callable[[UnitOfWork, Staff], Found],
    action: str | None = None,
    subject: str | Callable[[Found], str] = "",
    roles: frozenset[str] = IMPROVE.roles,
    details: Mapping[str, Any] | None = None,
) -> Found:
    """Do it in one unit of work, and leave its trace there.

    Args:
        deed: refuses by ``ImprovementRefused``.
        action: of the entry in the audit log; None for a deed that leaves its trace by itself.
        subject: a number or public id, or what finds it in what was done; ``details``: ids and keys.

    Raises:
        Refused: why not.
        HTTPNotFound: there is no such thing.
    """

    def run(work: UnitOfWork) -> Found:
        # As the account is now: the role may have changed since the page was shown.
        me = work.session.get_one(Staff, request[SIGNED_IN].staff.id)
        if me.role not in roles or not me.active:
            raise DeedRefused("not_your_role")
        found = deed(work, me)
        if action is not None:
            name = subject if isinstance(subject, str) else subject(found)
            append(work, me.login, action, name, dict(details or {}))
        return found

    try:
        return await request.app[DATABASE].run(run)
    except (DeedRefused, ImprovementRefused, WrongInput, TookTooLong) as error:
        raise in_words(request, error) from error


def around(request: web.Request) -> Surroundings:
    """The firm, for a deed that reckons; it is given up after a while, for nobody else can write meanwhile."""
    return Surroundings(request.app[FIRM].zone, request.app[SETTINGS].firm, SECONDS)


def revision_in(form: Form) -> int:
    """The revision that the page was made of; one that no improvement has, where the form names none."""
    written = first_value(form, "revision")
    return int(written) if written.isascii() and written.isdigit() and len(written) < 10 else -1


def in_words(request: web.Request, error: Exception) -> Refused:
    """A refusal as the reader reads it.

    Raises:
        HTTPNotFound: the refusal says that there is no such thing.
    """
    if isinstance(error, TookTooLong):
        return Refused(503, say(request, "improve.took_too_long"))
    if isinstance(error, WrongInput):
        return Refused(422, say(request, "improve.not_reckoned", why=in_language(str(error), language_of(request))))
    code = getattr(error, "code", "")
    if code in _NOT_THERE:
        raise web.HTTPNotFound from error
    if isinstance(error, DeedRefused):
        status = 403 if code == "not_your_role" else 409
        return Refused(status, say(request, f"refused.{code}", length=LONGEST))
    words, key = request.app[WORDS], f"improve_refused.{code}"
    facts = getattr(error, "facts", {})
    status = 409 if code in _CONFLICTS else 422
    if words.has(key):
        return Refused(status, words.render(language_of(request), key, facts=facts))
    return Refused(status, say(request, "improve.refused", code=code))
