"""The states of a case, the only ways between them, and what guards each way.

A way is legal where the state knows it and its guards hold. The guards look at :class:`CaseFacts`, which whoever moves
a case reads from its rows; they are pure and give their reason.

Ends, and why they can be left all the same: ``closed`` and ``withdrawn`` are opened again by a customer for whom it is
not over (domain.md section 3: a message within the window, a rating of 2 and less at any time); ``merged`` only by
parting the two cases again, since the other one answers for it. From every state ``closed`` can be reached.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from recovery.remedies import Authority


class CaseState(StrEnum):
    OPEN = "open"
    OFFERED = "offered"
    AWAITING_APPROVAL = "awaiting_approval"
    REMEDYING = "remedying"
    WITH_STAFF = "with_staff"
    RESOLVED = "resolved"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    # It went into another case of the same customer, which answers for both.
    MERGED = "merged"


class Transition(StrEnum):
    OFFER = "offer"
    ACCEPT = "accept"
    AWAIT_APPROVAL = "await_approval"
    REFUSE_APPROVAL = "refuse_approval"
    DECLINE = "decline"
    HAND_OVER = "hand_over"
    # A granted remedy failed for good: a person looks what else makes amends.
    FAIL_REMEDY = "fail_remedy"
    GIVE_BACK = "give_back"
    RESOLVE = "resolve"
    CLOSE = "close"
    WITHDRAW = "withdraw"
    REOPEN = "reopen"
    MERGE = "merge"
    UNMERGE = "unmerge"


_S, _T = CaseState, Transition

# What may happen in a state, and where it leads. Everything else is refused.
_WAYS: dict[CaseState, dict[Transition, CaseState]] = {
    _S.OPEN: {
        _T.OFFER: _S.OFFERED,
        _T.HAND_OVER: _S.WITH_STAFF,
        _T.RESOLVE: _S.RESOLVED,
        _T.CLOSE: _S.CLOSED,
        _T.WITHDRAW: _S.WITHDRAWN,
        # Not while an offer stands or money is on its way: two cases would answer for one promise.
        _T.MERGE: _S.MERGED,
    },
    _S.OFFERED: {
        _T.OFFER: _S.OFFERED,
        _T.ACCEPT: _S.REMEDYING,
        _T.AWAIT_APPROVAL: _S.AWAITING_APPROVAL,
        _T.DECLINE: _S.OPEN,
        _T.HAND_OVER: _S.WITH_STAFF,
        _T.RESOLVE: _S.RESOLVED,
        _T.CLOSE: _S.CLOSED,
        _T.WITHDRAW: _S.WITHDRAWN,
    },
    _S.AWAITING_APPROVAL: {
        _T.ACCEPT: _S.REMEDYING,
        _T.REFUSE_APPROVAL: _S.WITH_STAFF,
        _T.HAND_OVER: _S.AWAITING_APPROVAL,
        _T.CLOSE: _S.CLOSED,
        _T.WITHDRAW: _S.WITHDRAWN,
    },
    _S.REMEDYING: {
        _T.RESOLVE: _S.RESOLVED,
        # A person may come in while the money is on its way; the remedy still settles the case.
        _T.HAND_OVER: _S.REMEDYING,
        _T.GIVE_BACK: _S.REMEDYING,
        _T.FAIL_REMEDY: _S.WITH_STAFF,
    },
    _S.WITH_STAFF: {
        _T.OFFER: _S.OFFERED,
        _T.HAND_OVER: _S.WITH_STAFF,
        _T.GIVE_BACK: _S.OPEN,
        _T.RESOLVE: _S.RESOLVED,
        _T.CLOSE: _S.CLOSED,
        _T.WITHDRAW: _S.WITHDRAWN,
        _T.MERGE: _S.MERGED,
    },
    _S.RESOLVED: {
        _T.CLOSE: _S.CLOSED,
        _T.REOPEN: _S.OPEN,
        _T.HAND_OVER: _S.WITH_STAFF,
    },
    _S.CLOSED: {_T.REOPEN: _S.OPEN},
    _S.WITHDRAWN: {_T.REOPEN: _S.OPEN},
    _S.MERGED: {_T.UNMERGE: _S.OPEN},
}

# States in which the firm still owes the customer something.
UNSETTLED = frozenset({_S.OPEN, _S.OFFERED, _S.AWAITING_APPROVAL, _S.REMEDYING, _S.WITH_STAFF})


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What the guards look at, as it stands at the moment of the move.

    Attributes:
        mover: what whoever moves it may grant; the bot's, and that of timers, is ``bot``.
        by_person: whether staff move it.
        open_offers: choices that the customer can still take.
        waiting: for each offer that waits for approval, who may grant it.
        chosen: who may grant the offer that was accepted and has not been granted yet; ``bot`` where it costs nothing;
            None where there is none.
        intended: granted remedies that have not been carried out.
        failed: whether one of the remedies granted last failed for good.
        settled_for: how long the case has been resolved, closed or withdrawn; None where it is not.
        reopen_window: for how long a word of the customer opens it again (``firm.yml``).
        low_rating: whether the customer has rated the resolution 2 or less.
        merged: whether another case answers for this one.
    """

    mover: Authority = Authority.BOT
    by_person: bool = False
    open_offers: int = 0
    waiting: tuple[Authority, ...] = ()
    chosen: Authority | None = None
    intended: int = 0
    failed: bool = False
    settled_for: timedelta | None = None
    reopen_window: timedelta = timedelta(0)
    low_rating: bool = False
    merged: bool = False


@dataclass(frozen=True, slots=True)
class Guard:
    """A condition of a way. ``reason`` completes "a case cannot …: "."""

    name: str
    holds: Callable[[CaseFacts], bool]
    reason: str


_RISING = list(Authority)


def _may_grant(facts: CaseFacts, needed: Authority) -> bool:
    return needed is not Authority.NOBODY and _RISING.index(facts.mover) >= _RISING.index(needed)


_OFFER_STANDS = Guard("offer_stands", lambda f: f.open_offers > 0, "nothing is on offer")
_NO_CHOICE_LEFT = Guard("no_choice_left", lambda f: f.open_offers == 0, "a choice is still open to the customer")
_CHOSEN = Guard("chosen", lambda f: f.chosen is not None, "no offer was chosen")
# Exceeding authority is impossible (S0, domain.md section 5), whatever the caller has or has not asked before.
_WITHIN_AUTHORITY = Guard(
    "within_authority",
    lambda f: f.chosen is not None and _may_grant(f, f.chosen),
    "the offer is above the authority of who grants it",
)
_ABOVE_AUTHORITY = Guard(
    "above_authority",
    lambda f: any(not _may_grant(f, needed) for needed in f.waiting),
    "no offer above the authority of who asks waits for approval",
)
_NOTHING_WAITS = Guard("nothing_waits", lambda f: not f.waiting, "an offer waits for approval")
_NOTHING_UNDER_WAY = Guard("nothing_under_way", lambda f: f.intended == 0, "a granted remedy is not carried out yet")
# A person may settle it otherwise, such as at the counter.
_NOTHING_FAILED = Guard(
    "nothing_failed", lambda f: not f.failed or f.by_person, "a granted remedy failed, and nobody made it good"
)
_FAILED = Guard("failed", lambda f: f.failed, "no granted remedy has failed")
_SETTLED = Guard("settled", lambda f: f.settled_for is not None, "it is not settled")
# recovery.joining, for words; a rating counts at any time (domain.md section 3.7), and a person may always look again.
_MAY_REOPEN = Guard(
    "may_reopen",
    lambda f: f.by_person or f.low_rating or (f.settled_for is not None and f.settled_for <= f.reopen_window),
    "it was settled longer ago than the firm opens cases again, and no low rating was given",
)
_GOES_INTO_ANOTHER = Guard("goes_into_another", lambda f: f.merged, "no case is named that it goes into")
_PARTED = Guard("parted", lambda f: not f.merged, "another case still answers for it")

# Each transition is named, the unguarded ones, too. Nobody may be kept from a person (GB/T 47746-2026), and a person
# may give back what they have at any time: these two have none.
GUARDS: dict[Transition, tuple[Guard, ...]] = {
    _T.OFFER: (_OFFER_STANDS,),
    _T.ACCEPT: (_CHOSEN, _WITHIN_AUTHORITY),
    _T.AWAIT_APPROVAL: (_ABOVE_AUTHORITY,),
    _T.REFUSE_APPROVAL: (_NOTHING_WAITS,),
    _T.DECLINE: (_NO_CHOICE_LEFT,),
    _T.HAND_OVER: (),
    _T.GIVE_BACK: (),
    _T.FAIL_REMEDY: (_FAILED,),
    _T.RESOLVE: (_NOTHING_UNDER_WAY, _NOTHING_FAILED, _NO_CHOICE_LEFT, _NOTHING_WAITS),
    _T.CLOSE: (_NOTHING_UNDER_WAY, _NOTHING_WAITS),
    _T.WITHDRAW: (_NOTHING_UNDER_WAY, _NO_CHOICE_LEFT, _NOTHING_WAITS),
    _T.REOPEN: (_SETTLED, _MAY_REOPEN),
    _T.MERGE: (_GOES_INTO_ANOTHER, _NOTHING_UNDER_WAY, _NO_CHOICE_LEFT, _NOTHING_WAITS),
    _T.UNMERGE: (_PARTED,),
}


class IllegalTransition(Exception):
    """Raised where a case cannot go the way that was asked.

    Attributes:
        guard: the name of the guard that refused; None where the state knows no such way.
    """

    def __init__(self, message: str, guard: str | None = None) -> None:
        super().__init__(message)
        self.guard = guard


def follow(state: CaseState, transition: Transition, facts: CaseFacts) -> CaseState:
    """The state that ``transition`` leads to.

    Raises:
        IllegalTransition: the state knows no such way, or one of its guards refuses; it says which.
    """
    try:
        after = _WAYS[state][transition]
    except KeyError:
        raise IllegalTransition(f"a case that is {state} cannot {transition}") from None
    for guard in GUARDS[transition]:
        if not guard.holds(facts):
            raise IllegalTransition(f"a case cannot {transition} ({guard.name}): {guard.reason}", guard.name)
    return after


def may_follow(state: CaseState, transition: Transition, facts: CaseFacts) -> bool:
    """Whether :func:`follow` would lead somewhere."""
    return can_follow(state, transition) and all(guard.holds(facts) for guard in GUARDS[transition])


def leads_to(state: CaseState, transition: Transition) -> CaseState | None:
    """Where ``transition`` leads from ``state``, whatever its guards say; None where the state knows no such way."""
    return _WAYS[state].get(transition)


def can_follow(state: CaseState, transition: Transition) -> bool:
    """Whether ``transition`` is a way out of ``state``, whatever its guards say."""
    return transition in _WAYS[state]
