"""Cases that belong together: linked, so that each tells of the other; or merged, where one complaint was told twice.

What belongs to a merged case (messages, facts, promises, remedies) stays its own and is shown with the case that goes
on, so that a merger can be undone, and its number still answers.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import joinedload, selectinload

from actions.cases import get_fact, move, set_severity
from actions.clocks import clocks_as_they_stand, left_staff, put_back, take_over
from actions.conversations import lock_conversation
from actions.firm import Firm
from actions.proactive import is_complaint
from actions.staff.access import DeedRefused, audit
from recovery.case_states import UNSETTLED, CaseState, Transition, can_follow
from store.database import UnitOfWork
from store.tables import (
    Assessment,
    Case,
    CaseLink,
    CaseTransition,
    Conversation,
    Fact,
    Message,
    Offer,
    Promise,
    Rating,
    Remedy,
    Staff,
)

# A mistake is noticed within a day; later too much rests on it.
UNDO_WITHIN = timedelta(hours=24)
_SUGGESTED_AT_MOST = 5
_LOOKED_AT = 50
RELATED, MERGED = "related", "merged"
# Whoever shows a case leads to its conversation.
_WITH_TALK = select(Case).options(selectinload(Case.conversation), selectinload(Case.facts))


def merge(work: UnitOfWork, firm: Firm, staff: Staff, case_id: int, into_number: str) -> Case:
    """Put a case into another of the same customer, which goes on for both.

    Returns:
        The case that goes on.

    Raises:
        DeedRefused: there is no such case, it is this one, another customer's, settled, or merged itself; or money is
            on its way or an offer waits in this one; or this is a complaint, and in the other only the firm has spoken.
    """
    goes = work.session.get_one(Case, case_id)
    kept = _numbered(work, into_number)
    if kept.id == goes.id:
        raise DeedRefused("same_case")
    _lock(work, goes, kept)
    if goes.merged_into_id is not None or kept.merged_into_id is not None:
        raise DeedRefused("case_merged")
    if goes.customer_id != kept.customer_id:
        raise DeedRefused("not_same_customer")
    if kept.state not in UNSETTLED:
        raise DeedRefused("kept_is_settled")
    if goes.state not in UNSETTLED:
        raise DeedRefused("merged_is_settled")
    if is_complaint(goes) and not is_complaint(kept):
        # What was complained of would count for nothing there.
        raise DeedRefused("kept_is_no_complaint")
    if any(offer.state in ("open", "awaiting_approval") for offer in goes.offers):
        raise DeedRefused("offer_waits")
    if any(remedy.state == "intended" for remedy in goes.remedies) or not can_follow(
        CaseState(goes.state), Transition.MERGE
    ):
        raise DeedRefused("money_under_way")
    focused = [talk.id for talk in _focused_on(work, goes)]
    related = _related_between(work, goes, kept)
    for link in related:
        work.session.delete(link)
    work.session.flush()
    link = CaseLink(
        case_id=goes.id,
        other_id=kept.id,
        kind=MERGED,
        details={
            "state": goes.state,
            "focused": focused,
            "related": bool(related),
            "clocks": clocks_as_they_stand(work, goes),
        },
        by=staff.login,
        at=work.now,
    )
    work.session.add(link)
    goes.merged_into_id = kept.id
    move(work, goes, Transition.MERGE, staff.login, kept.number)
    for talk in _focused_on(work, goes):
        talk.focus_case_id = kept.id
    work.session.flush()
    take_over(work, firm, kept, link.details["clocks"])
    # Taken after the deed: whatever differs from it later has happened since.
    link.details = {**link.details, "mark": _mark(work, goes, kept)}
    # One complaint told twice is no repeated complaint any more.
    set_severity(work, firm, kept)
    audit(work, staff, "merge", goes.number)
    return kept


def undo_merge(work: UnitOfWork, firm: Firm, staff: Staff, case_id: int) -> None:
    """Part a case from the one it went into.

    Raises:
        DeedRefused: it is not merged, too long ago, the other was merged further, or something has happened since that
            belongs to both.
    """
    goes = work.session.get_one(Case, case_id)
    if goes.merged_into_id is None:
        raise DeedRefused("not_merged")
    kept = work.session.get_one(Case, goes.merged_into_id)
    _lock(work, goes, kept)
    link = _merger(work, goes)
    if goes.merged_into_id != kept.id or link is None:
        raise DeedRefused("not_merged")
    refusal = why_not_undone(work, goes, kept, link)
    if refusal is not None:
        raise DeedRefused(refusal)
    details = link.details
    work.session.delete(link)
    goes.merged_into_id = None
    move(work, goes, Transition.UNMERGE, staff.login, kept.number)
    if details["state"] == CaseState.WITH_STAFF:
        move(work, goes, Transition.HAND_OVER, staff.login)
    for talk in _focused_on(work, kept):
        if talk.id in details["focused"]:
            talk.focus_case_id = goes.id
    set_severity(work, firm, goes)
    put_back(work, firm, goes, details["clocks"])
    # Nobody may be waiting for a person there any more.
    left_staff(work, kept)
    set_severity(work, firm, kept)
    work.session.flush()
    if details["related"]:
        _link(work, staff, goes, kept)
    audit(work, staff, "undo_merge", goes.number)


def why_not_undone(work: UnitOfWork, goes: Case, kept: Case, link: CaseLink) -> str | None:
    """The code of what stands against parting two cases again, or None."""
    if kept.merged_into_id is not None:
        return "merged_further"
    if link.at < work.now - UNDO_WITHIN:
        return "merged_too_long_ago"
    if link.details.get("mark") != _mark(work, goes, kept):  # gone where one of them was erased
        return "merged_and_gone_on"
    return None


def link_cases(work: UnitOfWork, staff: Staff, case_id: int, other_number: str) -> None:
    """Link two cases, of the same customer or not; each then tells of the other. Linked already, nothing is done.

    Raises:
        DeedRefused: there is no such case, it is this one, or one of them went into the other.
    """
    case, other = work.session.get_one(Case, case_id), _numbered(work, other_number)
    if other.id == case.id:
        raise DeedRefused("same_case")
    _lock(work, case, other)
    if case.merged_into_id == other.id or other.merged_into_id == case.id:
        raise DeedRefused("case_merged")
    if _related_between(work, case, other):
        return
    _link(work, staff, case, other)
    audit(work, staff, "link", case.number)


def unlink_cases(work: UnitOfWork, staff: Staff, case_id: int, other_number: str) -> None:
    """Take a link between two cases away, also one that the bot made.

    Raises:
        DeedRefused: there is no such case, or no link.
    """
    case, other = work.session.get_one(Case, case_id), _numbered(work, other_number)
    _lock(work, case, other)
    links = _related_between(work, case, other)
    by_bot = [one for one, two in ((case, other), (other, case)) if one.linked_case_id == two.id]
    if not links and not by_bot:
        raise DeedRefused("not_linked")
    for found in links:
        work.session.delete(found)
    for one in by_bot:
        one.linked_case_id = None
    audit(work, staff, "unlink", case.number)


@dataclass(frozen=True, slots=True)
class Linked:
    """A case that belongs to another. ``by`` is a login, or ``bot``."""

    case: Case
    by: str


def linked_cases(work: UnitOfWork, case: Case) -> list[Linked]:
    """The cases linked to this one, newest first; not those merged."""
    found: dict[int, str] = {}
    links = select(CaseLink).where(
        CaseLink.kind == RELATED, or_(CaseLink.case_id == case.id, CaseLink.other_id == case.id)
    )
    for link in work.session.scalars(links):
        found[link.other_id if link.case_id == case.id else link.case_id] = link.by
    if case.linked_case_id is not None:
        found.setdefault(case.linked_case_id, "bot")
    for pointing in work.session.scalars(select(Case.id).where(Case.linked_case_id == case.id)):
        found.setdefault(pointing, "bot")
    cases = work.session.scalars(_WITH_TALK.where(Case.id.in_(found)).order_by(Case.id.desc()))
    return [Linked(one, found[one.id]) for one in cases]


def merged_cases(work: UnitOfWork, case: Case) -> list[Case]:
    """The cases that went into this one, also by way of others, oldest first."""
    found: dict[int, Case] = {}
    level = [case.id]
    while level:
        below = list(work.session.scalars(select(Case).where(Case.merged_into_id.in_(level))))
        level = [one.id for one in below if one.id not in found]
        found.update({one.id: one for one in below})
    return sorted(found.values(), key=lambda one: one.id)


@dataclass(frozen=True, slots=True)
class Suggested:
    """A case that may be the same complaint; ``why``: ``order``, ``category``, ``order_elsewhere`` (other customer)."""

    case: Case
    why: str


def suggested_cases(work: UnitOfWork, case: Case) -> list[Suggested]:
    """Open cases that may be this complaint told twice: the same order first, then the same category."""
    if case.state not in UNSETTLED:
        return []
    order = get_fact(case, "order_number")
    linked = {found.case.id for found in linked_cases(work, case)}
    found: list[Suggested] = []
    # The page leads to the conversation of each.
    open_ones = select(Case).where(Case.id != case.id, Case.state.in_(UNSETTLED))
    shown = open_ones.options(joinedload(Case.conversation), selectinload(Case.facts))
    unsettled = shown.order_by(Case.id.desc())
    for other in work.session.scalars(unsettled.where(Case.customer_id == case.customer_id).limit(_LOOKED_AT)):
        if order and get_fact(other, "order_number") == order:
            found.append(Suggested(other, "order"))
        elif set(other.categories) & set(case.categories):
            found.append(Suggested(other, "category"))
    if order:
        same = select(Fact.case_id).where(Fact.key == "order_number", Fact.value == order)
        elsewhere = unsettled.where(Case.id.in_(same), Case.customer_id != case.customer_id)
        found += [Suggested(other, "order_elsewhere") for other in work.session.scalars(elsewhere.limit(_LOOKED_AT))]
    ranking = ("order", "order_elsewhere", "category")
    fresh = [one for one in found if one.case.id not in linked]
    return sorted(fresh, key=lambda one: ranking.index(one.why))[:_SUGGESTED_AT_MOST]


def _numbered(work: UnitOfWork, number: str) -> Case:
    """The case of a number as people type it: any case, with or without dashes and prefix."""
    compact = "".join(sign for sign in number.upper() if sign.isalnum()).removeprefix("AM")
    written = f"AM-{compact[:4]}-{compact[4:]}"
    found = work.session.scalars(select(Case).where(Case.number == written)).first()
    if found is None:
        raise DeedRefused("no_such_case")
    return found


def _lock(work: UnitOfWork, one: Case, other: Case) -> None:
    """Both cases behind the locks of the conversations about them, taken in one order."""
    focused = select(Conversation.id).where(Conversation.focus_case_id.in_((one.id, other.id)))
    for conversation_id in sorted({one.conversation_id, other.conversation_id, *work.session.scalars(focused)}):
        lock_conversation(work, conversation_id)
    work.session.refresh(one)
    work.session.refresh(other)


def _focused_on(work: UnitOfWork, case: Case) -> list[Conversation]:
    """The conversations about a case, locked; a customer's may be on several channels."""
    talks = work.session.scalars(
        select(Conversation.id).where(Conversation.focus_case_id == case.id).order_by(Conversation.id)
    )
    return [lock_conversation(work, talk) for talk in list(talks)]


def _merger(work: UnitOfWork, goes: Case) -> CaseLink | None:
    return work.session.scalars(select(CaseLink).where(CaseLink.case_id == goes.id, CaseLink.kind == MERGED)).first()


def _related_between(work: UnitOfWork, one: Case, other: Case) -> list[CaseLink]:
    pair = (one.id, other.id)
    statement = select(CaseLink).where(
        CaseLink.kind == RELATED, CaseLink.case_id.in_(pair), CaseLink.other_id.in_(pair)
    )
    return list(work.session.scalars(statement))


def _link(work: UnitOfWork, staff: Staff, one: Case, other: Case) -> None:
    first, second = sorted((one.id, other.id))
    work.session.add(CaseLink(case_id=first, other_id=second, kind=RELATED, by=staff.login, at=work.now))
    work.session.flush()


def _mark(work: UnitOfWork, goes: Case, kept: Case) -> list[object]:
    """What changes when something happens to one of the two: messages, steps, offers, remedies, judgements, facts."""
    ids = (goes.id, kept.id)
    talks = (goes.conversation_id, kept.conversation_id)
    newest = (
        select(func.max(Message.id)).where(Message.conversation_id.in_(talks)),
        select(func.max(CaseTransition.id)).where(CaseTransition.case_id.in_(ids)),
        select(func.max(Assessment.id)).where(Assessment.case_id.in_(ids)),
        select(func.max(Offer.id)).where(Offer.case_id.in_(ids)),
        select(func.count()).select_from(Offer).where(Offer.case_id.in_(ids), Offer.state == "open"),
        select(func.max(Remedy.id)).where(Remedy.case_id.in_(ids)),
        select(func.max(Promise.id)).where(Promise.case_id.in_(ids)),
        select(func.max(Rating.id)).where(Rating.case_id.in_(ids)),
    )
    changed = work.session.scalar(select(func.max(Fact.at)).where(Fact.case_id.in_(ids)))
    return [*(work.session.scalar(statement) for statement in newest), changed.isoformat() if changed else None]
