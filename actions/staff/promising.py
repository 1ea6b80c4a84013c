"""Promise something to a customer with an answer, and move what was promised while there is time.

Whatever is said to happen later is a row with a due time (domain.md section 3.6): an answer that names a coming moment
promises what its sentence says, whether or not its writer thought of it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from actions.cases import focus_case
from actions.conversations import lock_conversation, say
from actions.firm import Firm
from actions.promises import KEPT_BY_DOING, SAID, is_owed_by_hand, promise
from actions.staff.access import DeedRefused, audit
from actions.staff.talking import answer
from actions.words.moments import coming_moments, moments_named
from store.database import UnitOfWork
from store.tables import Case, Conversation, Message, Promise, Staff

WHAT_LENGTH = 200
REASON_LENGTH = 300
# Nobody can hold a promise in mind for longer.
_FURTHEST = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Promised:
    """What somebody promises with an answer: in the customer's language, and by when (aware)."""

    what: str
    due_at: datetime


def answer_and_promise(
    work: UnitOfWork,
    firm: Firm,
    staff: Staff,
    conversation_id: int,
    text: str,
    key: str | None = None,
    promised: Promised | None = None,
) -> Message:
    """Say something to the customer, and note what it promises.

    A promise that the text does not name is said with it. Each sentence of the text that names a coming moment is a
    promise, too.

    Args:
        key: of the form: sent twice, it is said and promised once.
        promised: beside what the text names.

    Raises:
        DeedRefused: as :func:`actions.staff.talking.answer`; or a promise says nothing, is too long, or is due in the
            past or too far ahead.
    """
    language = _language(firm, work.session.get_one(Conversation, conversation_id))
    if promised is not None:
        promised = _checked(work, promised)
        named = {moment.replace(second=0) for moment in moments_named(text, work.now, firm.zone)}
        if text.strip() and firm.local(promised.due_at).replace(second=0, microsecond=0) not in named:
            due = firm.local(promised.due_at)
            text = f"{text.strip()}\n\n{firm.words.render(language, 'promise.given', what=promised.what, due=due)}"
    message = answer(work, firm, staff, conversation_id, text, key)
    if message.at != work.now:
        return message
    conversation = work.session.get_one(Conversation, conversation_id)
    case = focus_case(work, conversation)
    if promised is not None:
        promise(work, conversation, case, SAID, promised.what, promised.due_at, by=staff.login)
    for sentence, moment in coming_moments(message.text, work.now, firm.zone):
        if promised is None or moment != firm.local(promised.due_at).replace(second=0, microsecond=0):
            promise(work, conversation, case, SAID, sentence[:WHAT_LENGTH], moment, by=staff.login)
    return message


def move_promise(
    work: UnitOfWork, firm: Firm, staff: Staff, promise_id: int, due_at: datetime, reason: str = ""
) -> Promise:
    """Promise the same for later, before it is due, and tell the customer.

    What was promised first counts as neither kept nor broken: the new promise counts in its place. After its time
    nothing can be moved any more: it is broken.

    Args:
        due_at: aware.
        reason: a word to the customer; may be empty.

    Raises:
        DeedRefused: it is settled, past, or kept by the deed itself; the new time is no later one, or too far ahead;
            the word is too long.
    """
    made = work.session.get_one(Promise, promise_id)
    conversation = lock_conversation(work, made.conversation_id)
    work.session.refresh(made)
    case = work.session.get(Case, made.case_id) if made.case_id is not None else None
    if made.kind in KEPT_BY_DOING:
        raise DeedRefused("kept_by_doing")
    if made.state != "open" or not is_owed_by_hand(made, case, conversation):
        raise DeedRefused("promise_settled")
    if work.now >= made.due_at:
        raise DeedRefused("promise_past")
    if due_at <= made.due_at:
        raise DeedRefused("promise_not_later")
    if due_at - work.now > _FURTHEST:
        raise DeedRefused("promise_too_far")
    if len(reason) > REASON_LENGTH:
        raise DeedRefused("promise_reason_too_long")
    made.state, made.settled_at = "moved", work.now
    later = promise(work, conversation, case, made.kind, made.text, due_at, by=staff.login)
    later.follows_id = made.id
    words = firm.words.render(
        _language(firm, conversation), "promise.moved", what=made.text, due=firm.local(due_at), reason=reason.strip()
    )
    say(work, conversation, words, case_id=made.case_id, decisive=True)
    audit(work, staff, "move_promise", made.public_id)
    return later


def _checked(work: UnitOfWork, promised: Promised) -> Promised:
    what = " ".join(promised.what.split())
    if not what:
        raise DeedRefused("promise_says_nothing")
    if len(what) > WHAT_LENGTH:
        raise DeedRefused("promise_too_long")
    if promised.due_at <= work.now:
        raise DeedRefused("promise_due_past")
    if promised.due_at - work.now > _FURTHEST:
        raise DeedRefused("promise_too_far")
    return Promised(what, promised.due_at)


def _language(firm: Firm, conversation: Conversation) -> str:
    return conversation.language or firm.file.language
