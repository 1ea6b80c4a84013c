"""The states of a case and the only ways between them."""

from enum import StrEnum


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


class IllegalTransition(Exception):
    """Raised where a case cannot go the way that was asked."""


def follow(state: CaseState, transition: Transition) -> CaseState:
    """The state that ``transition`` leads to.

    Raises:
        IllegalTransition: the state knows no such way.
    """
    try:
        return _WAYS[state][transition]
    except KeyError:
        raise IllegalTransition(f"a case that is {state} cannot {transition}") from None


def can_follow(state: CaseState, transition: Transition) -> bool:
    """Whether ``transition`` is a way out of ``state``."""
    return transition in _WAYS[state]
