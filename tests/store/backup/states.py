"""States to back up, and what is asked of them and of backups."""

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sqlalchemy import create_engine, inspect, text

from store.attached_files import AttachedFiles
from store.database import Database
from store.settings import Settings, load_settings
from store.tables import Attachment
from tests.actions.dialogue import Customer as Writer
from tests.actions.dialogue import Shop
from tests.conftest import ROOT, Clock

PICTURE = b"\x89PNG of a broken kettle"
State = dict[str, Any]


class Stopped(BaseException):
    """As a kill: nothing in the code waits for it."""


def quiet(_: str) -> None:
    pass


def state_of(settings: Settings) -> State:
    """Every row of every table, and every file of the state but drafts, which are none yet."""
    found: State = {}
    if settings.database_url or (settings.var / "amends.db").exists():
        engine = create_engine(settings.database)
        with engine.connect() as connection:
            for name in inspect(connection).get_table_names():
                found[name] = sorted(map(repr, connection.execute(text(f"SELECT * FROM {name}")).all()))
        engine.dispose()
    for folder in ("secrets", "attachments"):
        for path in (settings.var / folder).rglob("*"):
            if path.is_file() and path.parent.name != "drafts":
                found[path.relative_to(settings.var).as_posix()] = path.read_bytes()
    return found


def fill(settings: Settings, firm: Any, clock: Clock, customer: str = "li") -> None:
    """Put a complaint with an attachment, and two secrets, into a state whose database is migrated."""
    settings.secret("api_token")
    settings.secret("session_key")
    with Database(settings.database, clock) as database:
        shop = Shop(database, firm, clock)
        writer = Writer(shop, customer)
        writer.complains("product_quality", text=f"{customer}的水壶坏了")
        files = AttachedFiles(settings.var / "attachments")
        draft = files.draft(PICTURE, b"small")
        with database.begin() as work:
            attachment = Attachment(
                conversation_id=writer.case.conversation_id, author="customer", name="kettle.png",
                media_type="image/png", size=len(PICTURE), digest="d" * 64, at=work.now,
            )  # fmt: skip
            work.session.add(attachment)
            work.session.flush()
            files.publish(draft, attachment.public_id)
            work.commit()
        files.draft(b"of no row yet", None)


Make = Callable[..., Settings]


def settings_for(var: Path, **more: str) -> Settings:
    return load_settings({"AMENDS_VAR": str(var), "AMENDS_FIRM": str(ROOT / "data" / "firm"), **more})


def is_refused(said: SimpleNamespace, words: str) -> bool:
    return said.status == 2 and said.out == "" and said.err.count("\n") == 1 and words in said.err


def rewritten(backup: Path, change: Callable[[dict[str, bytes], dict[str, Any]], None]) -> Path:
    """A copy of a backup with other parts or another manifest."""
    with tarfile.open(backup) as archive:
        parts = {member.name: archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]
    manifest = json.loads(parts.pop("manifest.json"))
    change(parts, manifest)
    target = backup.with_name("rewritten.backup")
    with tarfile.open(target, "w:gz") as archive:
        for name, content in {**parts, "manifest.json": json.dumps(manifest).encode()}.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return target
