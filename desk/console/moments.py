"""Moments as forms send them: a day and a time in the firm's zone."""

from datetime import UTC, datetime

from actions.firm import Firm
from actions.staff.access import DeedRefused
from actions.staff.promising import Promised
from desk.console.performing import Form, first_value


def moment_in(written: str, firm: Firm) -> datetime | None:
    """What ``<input type="datetime-local">`` sends, as the firm's clock means it; aware, in UTC.

    None for anything else.
    """
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    if moment.tzinfo is not None or not 2000 <= moment.year <= 9000:
        return None
    return moment.replace(tzinfo=firm.zone).astimezone(UTC)


def promise_in(form: Form, firm: Firm) -> Promised | None:
    """What is promised with an answer; None where both fields are empty.

    Raises:
        DeedRefused: one of the two is.
    """
    what, written = first_value(form, "promise_what"), first_value(form, "promise_due")
    if not what and not written:
        return None
    due_at = moment_in(written, firm)
    if due_at is None:
        raise DeedRefused("promise_due_missing")
    return Promised(what, due_at)
