"""Who serves a conversation of WeCom customer service over there, and what is done so that it agrees with us.

Source: WeCom's developer documents, 微信客服, 分配客服会话 (path 94669): which state may follow which, and that our
words are taken in ``NEW`` and ``ASSISTANT`` alone.
"""

from dataclasses import dataclass
from enum import Enum, IntEnum

from recovery.control import Control


class ServiceState(IntEnum):
    NEW = 0  # the customer wrote, and nobody serves them yet
    ASSISTANT = 1  # we do
    WAITING = 2  # in WeCom's pool, for one of the firm's people to take
    PERSON = 3
    ENDED = 4  # nothing can be changed before the customer writes again


class Reconciled(Enum):
    """What follows for our side from what was found over there."""

    NOTHING = "nothing"
    TAKEN = "taken"  # a person over there has it
    ENDED = "ended"  # the person over there has it no more


@dataclass(frozen=True, slots=True)
class Step:
    """What to do.

    Attributes:
        move_to: the state to ask for; None: none.
        ours: what follows for our side.
    """

    move_to: ServiceState | None = None
    ours: Reconciled = Reconciled.NOTHING


def next_step(
    state: ServiceState,
    control: Control,
    *,
    elsewhere: bool,
    given_back: bool,
    people_in_wecom: bool,
    servicer: bool,
) -> Step:
    """What brings both sides together.

    Args:
        control: who has the conversation with us.
        elsewhere: with ``control`` staff, that it is a person in WeCom and none at our desk.
        given_back: with ``control`` bot, that people had it, or it waited for them, when the two agreed last.
        people_in_wecom: staff answer in WeCom rather than at our desk.
        servicer: the account names who is handed everything.
    """
    if state is ServiceState.ENDED:
        return Step(ours=Reconciled.ENDED if elsewhere else Reconciled.NOTHING)
    if state is ServiceState.PERSON:
        if control is Control.STAFF:
            return Step()
        # Somebody took it over there, and we have not read of it yet; or it was given back to the bot at our desk.
        return Step(move_to=ServiceState.ENDED) if given_back else Step(ours=Reconciled.TAKEN)
    if elsewhere and state in (ServiceState.NEW, ServiceState.ASSISTANT):
        return Step(move_to=_ours(state), ours=Reconciled.ENDED)
    if state is ServiceState.WAITING:
        # From the pool no way leads back to us: it ends, and the customer's next word is the bot's. Where WeCom itself
        # put it there, one of the firm's people is to take it.
        return Step(move_to=ServiceState.ENDED) if control is Control.BOT and given_back else Step()
    if control is Control.QUEUED and people_in_wecom:
        return Step(move_to=ServiceState.PERSON if servicer else ServiceState.WAITING)
    return Step(move_to=_ours(state))


def _ours(state: ServiceState) -> ServiceState | None:
    return ServiceState.ASSISTANT if state is ServiceState.NEW else None
