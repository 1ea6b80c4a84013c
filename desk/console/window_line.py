"""How much may still be said to the customer of a conversation, as its page shows it beside the composer."""

from dataclasses import dataclass

from desk.channels.wecom.states import ServiceState
from desk.channels.windows import RATIONED, WindowState, state_of
from store.database import UnitOfWork
from store.tables import Conversation, ReplyWindow


@dataclass(frozen=True, slots=True)
class WindowLine:
    """The line above the composer.

    Attributes:
        kind: which words of ``window`` tell it: ``open``, ``last``, ``spent``, ``closed``, ``unfollowed``, ``refuses``,
            ``unknown_there``, ``in_wecom``.
    """

    kind: str
    state: WindowState


def read_window_line(work: UnitOfWork, conversation: Conversation) -> WindowLine | None:
    """None on a channel that takes as much as is said."""
    if conversation.identity.channel not in RATIONED:
        return None
    state = state_of(work, conversation)
    if state.unreachable is not None:
        return WindowLine(state.unreachable, state)
    row = work.session.get(ReplyWindow, conversation.id)
    if row is not None and row.service_state in (ServiceState.WAITING, ServiceState.PERSON):
        # However much may be said: while it is in WeCom's pool, or with a person there, nothing of ours is taken.
        return WindowLine("in_wecom", state)
    if state.room > 1:
        return WindowLine("open", state)
    if state.room == 1:
        return WindowLine("last", state)
    return WindowLine("spent" if state.is_open else "closed", state)
