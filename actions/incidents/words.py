"""What customers are told of an incident, in their language."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from actions.firm import Firm
from actions.firm.playbooks import PlaybookFile
from actions.promises import promise
from store.database import UnitOfWork
from store.tables import Case, Conversation, Incident

# How the promise that came with the news is known.
PROMISE = "incident"


@dataclass(frozen=True, slots=True)
class News:
    """The news, and what it promises.

    Attributes:
        promised: what we will do; None where the playbook promises nothing. ``due``: by when.
    """

    text: str
    promised: str | None
    due: datetime | None


def news(
    work: UnitOfWork,
    firm: Firm,
    incident: Incident,
    playbook: PlaybookFile | None,
    key: str,
    language: str,
    orders: Sequence[str],
    number: str,
) -> News:
    """The news of an incident.

    Args:
        key: ``incident.told`` for whom we tell first, ``incident.joined`` for whom complained first.
        orders: numbers of the customer's orders that it touches.
        number: of the case.
    """
    promised = playbook.promise if playbook is not None else None
    due = firm.due(work.now, promised.within) if promised is not None else None
    what = promised.in_language(language) if promised is not None else None
    text = firm.words.render(
        language,
        key,
        apology=playbook.apology.in_language(language) if playbook is not None else "",
        title=incident.titles[language].rstrip("。.!！"),
        orders=list(orders),
        doing=playbook.doing.in_language(language) if playbook is not None else "",
        promised=what,
        due=firm.local(due) if due is not None else None,
        number=number,
    )
    return News(text, what, due)


def sample(
    work: UnitOfWork, firm: Firm, incident: Incident, playbook: PlaybookFile | None, language: str, order: str
) -> str:
    """What a customer with this order would read, for those who decide on it."""
    return news(work, firm, incident, playbook, "incident.told", language, [order], "AM-…").text


def keep_word(work: UnitOfWork, conversation: Conversation, case: Case, said: News) -> None:
    """What was said to happen is owed from now on."""
    if said.promised is not None and said.due is not None:
        promise(work, conversation, case, PROMISE, said.promised, said.due)
