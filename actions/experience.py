"""What was learnt from the firm's own offers (:mod:`actions.learning`), as decisions ask for it: at once."""

import threading
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine, select

from recovery.experience import Cell, CellKey, Counts, Experience
from store.database import UnitOfWork
from store.tables import RemedyExperience

# A process reads the table again after this; new experience comes once a day.
_READ_AGAIN_AFTER = timedelta(minutes=10)

_read: WeakKeyDictionary[Engine, tuple[datetime, Experience]] = WeakKeyDictionary()
_reading = threading.Lock()


def experience(work: UnitOfWork) -> Experience:
    """What was learnt, for decisions: read at most every ten minutes in a process, a few thousand short rows."""
    bind = work.session.get_bind()
    engine = bind.engine if isinstance(bind, Connection) else bind
    with _reading:
        kept = _read.get(engine)
    if kept is not None and kept[0] <= work.now < kept[0] + _READ_AGAIN_AFTER:
        return kept[1]
    found = Experience.of(cells(work))
    with _reading:
        _read[engine] = work.now, found
    return found


def cells(work: UnitOfWork) -> list[Cell]:
    """The table, the largest cells first."""
    rows = work.session.scalars(
        select(RemedyExperience).order_by(
            RemedyExperience.offered.desc(), RemedyExperience.followed.desc(), RemedyExperience.id
        )
    )
    return [
        Cell(
            CellKey(row.remedies, row.band, row.category, row.tier),
            Counts(row.offered, row.accepted, row.foreseen_accepted),
            Counts(row.followed, row.retained, row.foreseen_retained),
        )
        for row in rows
    ]
