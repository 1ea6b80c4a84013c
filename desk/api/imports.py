"""Orders and volumes into the store, from the API and from the command line alike."""

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy.dialects import postgresql, sqlite

from actions.connectors.orders import upsert_order
from desk.api.models import OrderPosted, OrdersPosted, VolumesPosted
from store.database import UnitOfWork
from store.tables import Volume


class ImportRefused(Exception):
    """A file cannot be imported; the message names the line."""


def keep_orders(work: UnitOfWork, orders: OrdersPosted) -> int:
    """Upsert orders by number; all of them or none."""
    # In the order of their numbers, so that two imports at once never wait for each other in a circle.
    for order in sorted(orders.root, key=lambda order: order.number):
        upsert_order(work, **order.model_dump())
    return len(orders.root)


def keep_volumes(work: UnitOfWork, volumes: VolumesPosted) -> int:
    """Replace volumes by day, process, step, category and department; all of them or none."""
    insert = sqlite.insert if work.session.get_bind().dialect.name == "sqlite" else postgresql.insert
    keys = ("day", "process", "step", "category", "department")
    for volume in sorted(volumes.root, key=lambda v: (v.day, v.process, v.step or "")):
        values = {
            "day": volume.day,
            "process": volume.process,
            "step": volume.step or "",
            "category": volume.category or "",
            "department": volume.department or "",
        }
        changed = {"opportunities": volume.opportunities, "updated_at": work.now}
        statement = insert(Volume).values(**values, **changed)
        work.session.execute(statement.on_conflict_do_update(index_elements=list(keys), set_=changed))
    return len(volumes.root)


def read_orders_csv(path: Path) -> Iterator[OrderPosted]:
    """Orders from a CSV file with the columns of the API's fields.

    ``identities`` are separated by blanks; ``items`` is JSON; empty cells mean nothing is known.

    Raises:
        ImportRefused: the file is no such CSV; the message names the line.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        known = set(OrderPosted.model_fields)
        if unknown := set(reader.fieldnames or ()) - known:
            raise ImportRefused(f"{path}:1: there is no column {', '.join(sorted(unknown))}")
        try:
            for row in reader:
                yield _order_of(path, reader.line_num, row)
        except csv.Error as error:
            raise ImportRefused(f"{path}:{reader.line_num}: {error}") from None


def in_chunks(orders: Iterable[OrderPosted], size: int = 500) -> Iterator[OrdersPosted]:
    """Orders in pieces small enough not to keep other writers waiting; of a repeated number the last one holds."""
    chunk: dict[str, OrderPosted] = {}
    for order in orders:
        chunk[order.number] = order
        if len(chunk) == size:
            yield OrdersPosted(list(chunk.values()))
            chunk = {}
    if chunk:
        yield OrdersPosted(list(chunk.values()))


def _order_of(path: Path, line: int, row: dict[str, str]) -> OrderPosted:
    if None in row or None in row.values():
        raise ImportRefused(f"{path}:{line}: as many cells as columns are needed")
    values: dict[str, object] = {key: cell for key, cell in row.items() if cell != ""}
    try:
        if "identities" in values:
            values["identities"] = str(values["identities"]).split()
        if "items" in values:
            values["items"] = json.loads(str(values["items"]))
        if "total" in values:
            values["total"] = int(str(values["total"]))
        return OrderPosted.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ImportRefused(f"{path}:{line}: {place}: {first['msg']}") from None
    except ValueError as error:
        raise ImportRefused(f"{path}:{line}: {error}") from None
