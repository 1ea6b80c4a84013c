"""One person with all that one can leave behind, and where to look for it."""

import io
import json
import zipfile

from sqlalchemy import JSON, String, Text, select, text, update

from store.attached_files import AttachedFiles
from store.customer_rights import (
    ask_erasure,
    find_person,
)
from store.exporting import collect, write_zip
from store.retention import Retention
from store.tables.base import Base
from tests.actions.dialogue import Shop

# Words that only this person has anywhere.
NAME, PHONE, IDENTITY, SECRET = "欧阳小满", "13911112222", "xiaoman-wx-77", "秘密花园"


def plant(shop: Shop) -> None:
    """Put the person's words into every free text of their rows, so that a column nobody thought of is found."""
    with shop.database.begin() as work:
        for table in Base.metadata.sorted_tables:
            reached = [name for name in ("conversation_id", "case_id", "identity_id") if name in table.c]
            if not reached and table.name not in ("conversations", "cases", "customers"):
                continue
            for column in table.c:
                free = isinstance(column.type, Text) or (
                    isinstance(column.type, String) and (column.type.length or 0) >= 100
                )
                if column.primary_key or column.foreign_keys or not free or table.name == "corrections":
                    continue
                if column.name in ("external_id", "message_key", "key", "name"):
                    continue
                work.session.execute(update(table).values({column.name: SECRET}))
        work.commit()


def everything(shop: Shop) -> dict[str, str]:
    """All texts of all tables, by table and column."""
    found: dict[str, str] = {}
    with shop.database.reading() as work:
        for table in Base.metadata.sorted_tables:
            for column in table.c:
                if isinstance(column.type, (String, Text, JSON)):
                    values = work.session.scalars(select(column)).all()
                    found[f"{table.name}.{column.name}"] = json.dumps(values, ensure_ascii=False, default=str)
        found["search"] = str(work.session.execute(text("SELECT * FROM search_documents")).all())
    return found


def places_of(shop: Shop, *words: str) -> list[str]:
    return [place for place, content in everything(shop).items() for word in words if word in content]


def settles(shop: Shop) -> None:
    """Everything ends, and three years go by."""
    shop.waits(days=10)
    shop.clock.advance(days=3 * 366)


def erases(shop: Shop, retention: Retention, files: AttachedFiles, identity: str = f"rest:{IDENTITY}") -> str:
    with shop.database.begin() as work:
        request = ask_erasure(work, find_person(work, identity), retention, "alice", files)
        work.commit()
        return request.state


def exports(shop: Shop, files: AttachedFiles, identity: str) -> zipfile.ZipFile:
    with shop.database.reading() as work:
        found = collect(work, find_person(work, identity))
    content = io.BytesIO()
    write_zip(found, files, content)
    return zipfile.ZipFile(content)
