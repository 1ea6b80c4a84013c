"""However reading is interrupted, nothing that a customer says is lost, doubled or put out of order."""

import shutil
from itertools import count
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from actions.firm import Firm
from desk.channels.wecom import cursors, reading
from desk.channels.wecom.client import SyncPage
from desk.channels.wecom.cursors import CLAIM, ClaimLost, Reading
from store.database import Database
from store.tables import InboxRow
from tests.conftest import Clock
from tests.desk.channels.wecom_server import DESK, KEY, WeComServer, account

PAIRS = frozenset({(KEY, DESK)})
_DEEDS = st.sampled_from(
    ["says", "is called", "claims", "reads a page", "dies after reading", "hangs", "loses the cursor"]
)


class Readers:
    """Processes that read by turns; whoever claimed may be late."""

    def __init__(self, database: Database, firm: Firm, clock: Clock) -> None:
        self.database, self.firm, self.clock, self.wecom = database, firm, clock, WeComServer(clock)
        self.said: list[str] = []
        self.claims: list[Reading] = []
        self._owners = count()
        self.does(cursors.begin, PAIRS)

    def does(self, deed, *arguments, dies: bool = False):  # type: ignore[no-untyped-def]
        with self.database.begin() as work:
            result = deed(work, *arguments)
            if not dies:
                work.commit()
            return result

    def performs(self, deed: str) -> None:
        if deed == "says":
            text = f"word {len(self.said)}"
            self.said.append(text)
            self.wecom.says("wmLi" if len(self.said) % 2 else "wmWang", text)
        elif deed == "is called":
            self.does(cursors.note_callback, KEY, [DESK], "T")
        elif deed == "claims":
            claimed = self.does(cursors.claim, f"process {next(self._owners)}", PAIRS)
            self.claims += [claimed] if claimed else []
        elif deed == "hangs":
            self.clock.advance(seconds=CLAIM.total_seconds() + 1)
        elif self.claims:
            claimed = self.claims.pop(0)
            if deed == "loses the cursor":
                self._unless_lost(cursors.forget_cursor, claimed)
            else:
                self.reads(claimed, dies=deed.startswith("dies"))

    def reads(self, claimed: Reading, *, dies: bool = False) -> None:
        found = self.wecom._sync({"cursor": claimed.cursor, "limit": 2, "open_kfid": DESK})
        page = SyncPage(tuple(found["msg_list"]), found["next_cursor"], bool(found["has_more"]))
        taken = self._unless_lost(reading.take_page, self.firm, account(), claimed, page, dies=dies)
        if taken is not None and taken[0] is not None and not dies:
            self.claims.append(taken[0])

    def ends_well(self) -> None:
        """At last somebody reads everything."""
        self.performs("hangs")
        self.performs("is called")
        self.claims.clear()
        self.performs("claims")
        while self.claims:
            self.performs("reads a page")

    def _unless_lost(self, deed, *arguments, dies: bool = False):  # type: ignore[no-untyped-def]
        try:
            return self.does(deed, *arguments, dies=dies)
        except ClaimLost:
            return None


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=st.lists(_DEEDS, min_size=5, max_size=25))
def test_nothing_is_lost_doubled_or_put_out_of_order(
    deeds: list[str], tmp_path: Path, migrated_sqlite_file: Path, firm: Firm
) -> None:
    path = tmp_path / "amends.db"
    for leftover in tmp_path.iterdir():
        leftover.unlink()
    shutil.copy(migrated_sqlite_file, path)
    clock = Clock()
    with Database(f"sqlite:///{path}", clock) as database:
        readers = Readers(database, firm, clock)
        for deed in deeds:
            readers.performs(deed)
            clock.advance(seconds=1)
        readers.ends_well()
        with database.reading() as work:
            rows = work.session.scalars(select(InboxRow).order_by(InboxRow.received_at, InboxRow.number)).all()
            by_customer: dict[int, list[str]] = {row.conversation_id: [] for row in rows}
            for row in rows:
                by_customer[row.conversation_id].append(row.text)
        assert sorted(by_customer.values()) == sorted(
            texts for texts in (readers.said[0::2], readers.said[1::2]) if texts
        )
