"""The index of the settings: the pages that a role may see, each with what it is for."""

from dataclasses import dataclass

from aiohttp import web

from desk.console.firm_pages import FIRM_FILES
from desk.console.keys import SIGNED_IN
from desk.console.pages import render
from desk.console.permissions import PREFIX, RULES


@dataclass(frozen=True, slots=True)
class Card:
    """A page of the settings.

    Attributes:
        path: its address; who may see it stands in the table of permissions.
        title: key of its name in the console's words.
        what: key of the line that says what it is for.
    """

    path: str
    title: str
    what: str


CARDS = (
    Card(f"{PREFIX}/account", "account.title", "settings.account_what"),
    Card(f"{PREFIX}/settings/users", "users.title", "settings.users_what"),
    Card(f"{PREFIX}/settings/tokens", "tokens.title", "settings.tokens_what"),
    Card(f"{PREFIX}/settings/audit", "audit.title", "settings.audit_what"),
    Card(f"{PREFIX}/settings/replies", "replies.title", "replies.intro"),
    Card(f"{PREFIX}/settings/macros", "macro.title", "macro.intro"),
    Card(f"{PREFIX}/settings/notifications", "ways.title", "settings.ways_what"),
    Card(f"{PREFIX}/settings/channels", "channels.title", "channels.what"),
    Card(f"{PREFIX}/erasures", "rights.requests", "settings.erasures_what"),
)


async def settings_page(request: web.Request) -> web.StreamResponse:
    """The cards of the pages that the reader may see."""
    role = request[SIGNED_IN].staff.role
    cards = [card for card in CARDS if role in RULES["GET", card.path].roles]
    return await render(request, "settings.html", cards=cards, firm_files=request.app[FIRM_FILES])
