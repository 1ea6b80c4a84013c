"""From the address of a page to its question: the parameters are those of the command line and the API.

A form cannot help sending its empty fields and asks for a period by two days. What it sends is brought into the one
form that is also the permalink, and the browser is sent there.
"""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import TypeVar
from urllib.parse import urlencode

from aiohttp import web
from multidict import MultiMapping

from analytics.questions.question import Question, read_question
from analytics.sigma import WrongInput
from analytics.surroundings import Surroundings, TookTooLong
from analytics.words.sentences import in_language
from desk.console.pages import language_of, say
from desk.keys import DATABASE, FIRM
from desk.reckoning import reckon
from store.database import UnitOfWork

# Nothing that is asked for is longer: keys have 64 characters, lists some more.
_LONGEST = 400
# A period as two fields of a form.
_SPANS = ("baseline", "against")
# How a rating survey is told, a field for each rating.
_RATINGS = tuple(f"never_failed_{score}" for score in range(1, 6))

Asked = TypeVar("Asked", bound=Question)
Found = TypeVar("Found")
Query = Mapping[str, list[str]]


class NotAnswered(Exception):
    """There is no answer; the message is for the reader.

    Attributes:
        status: of the page that says so.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def cleaned(request: web.Request) -> dict[str, list[str]]:
    """The query in its one form.

    Raises:
        HTTPSeeOther: it was in another; the browser asks again.
    """
    query = clean(request.query)
    # Compared as they are written, so that nobody is sent in circles.
    given = {name: request.query.getall(name) for name in request.query}
    if query != given:
        raise web.HTTPSeeOther(address(request.path, query))
    return query


def clean(query: MultiMapping[str]) -> dict[str, list[str]]:
    """Without empty fields, periods and surveys in one parameter each."""
    found: dict[str, list[str]] = {}
    for name in dict.fromkeys(query):
        values = [value.strip()[:_LONGEST] for value in query.getall(name)]
        if kept := [value for value in values if value]:
            found[name] = kept
    for name in _SPANS:
        since, until = (found.pop(f"{name}_{end}", [""])[0] for end in ("since", "until"))
        if (since or until) and name not in found:
            found[name] = [f"{since}:{until}"]
    if any(name in found for name in _RATINGS):
        found["never_failed"] = [",".join(found.pop(name, ["0"])[0] for name in _RATINGS)]
    return found


def address(path: str, query: Mapping[str, object], **changed: object) -> str:
    """The page with this query; what is changed to None or nothing is left out."""
    pairs: list[tuple[str, str]] = []
    for name, value in {**query, **changed}.items():
        values = value if isinstance(value, (list, tuple)) else [value]
        pairs += [(name, str(one)) for one in values if one is not None and one != ""]
    return f"{path}?{urlencode(pairs)}" if pairs else path


def today_of(request: web.Request) -> date:
    """The firm's day."""
    app = request.app
    return app[FIRM].local(app[DATABASE].clock()).date()


def with_period(query: Query, today: date, days: int) -> dict[str, list[str]]:
    """The query with a period, where none was asked for: the last ``days``, today with them."""
    if "since" in query or "until" in query:
        return dict(query)
    return {**query, "since": [(today - timedelta(days=days - 1)).isoformat()]}


def read(request: web.Request, kind: type[Asked], query: Query) -> Asked:
    """The question that a query asks.

    Raises:
        NotAnswered: it makes no sense.
    """
    try:
        return read_question(kind, query)
    except WrongInput as error:
        raise NotAnswered(422, _in_words(request, error)) from None


async def answered(request: web.Request, job: Callable[[UnitOfWork, Surroundings], Found]) -> Found:
    """What ``job`` finds, reckoned off the event loop.

    Raises:
        NotAnswered: it cannot be answered, or not in time.
    """
    try:
        return await reckon(request.app, job)
    except WrongInput as error:
        raise NotAnswered(422, _in_words(request, error)) from None
    except TookTooLong:
        raise NotAnswered(503, say(request, "quality.too_long")) from None


def _in_words(request: web.Request, error: WrongInput) -> str:
    return in_language(str(error), language_of(request))
