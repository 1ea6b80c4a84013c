"""Orders and volumes into the store, from the API and from the command line alike."""

import csv
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, ValidationError
from sqlalchemy.dialects import postgresql, sqlite

from actions.connectors.orders import upsert_order
from actions.firm import Firm
from analytics.adjusting import slices
from analytics.service_steps import SERVICE
from desk.api.models import OrderPosted, OrdersPosted, VolumePosted, VolumesPosted
from store.database import UnitOfWork
from store.tables import Volume


class ImportRefused(Exception):
    """A file cannot be imported; the message names the line."""


class UnknownStep(Exception):
    """A volume is of a step that the firm's blueprint does not have.

    Attributes:
        place: of the volume in the list, from 0.
    """

    def __init__(self, place: int, message: str) -> None:
        super().__init__(message)
        self.place = place


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


def refuse_unknown_steps(volumes: Iterable[VolumePosted], firm: Firm) -> None:
    """See that each volume of the service is one of a step that the firm's blueprint has, or of the whole.

    A volume of a step that is misspelt would never be divided by, and nobody would know.

    Raises:
        UnknownStep: one is not; it says which, counted from 0.
    """
    steps = firm.blueprint.names
    for place, volume in enumerate(volumes):
        if volume.process == SERVICE and volume.step and volume.step not in steps:
            raise UnknownStep(place, f"the service has no step {volume.step!r}; it has {', '.join(steps)}")


def read_orders_csv(path: Path) -> Iterator[OrderPosted]:
    """Orders from a CSV file with the columns of the API's fields.

    ``identities`` are separated by blanks; ``items`` is JSON; empty cells mean nothing is known.

    Raises:
        ImportRefused: the file is no such CSV; the message names the line.
    """
    for line, cells in _rows(path, OrderPosted):
        with _placed(path, line):
            values: dict[str, object] = dict(cells)
            if "identities" in cells:
                values["identities"] = cells["identities"].split()
            if "items" in cells:
                values["items"] = json.loads(cells["items"])
            if "total" in cells:
                values["total"] = int(cells["total"])
            order = OrderPosted.model_validate(values)
        yield order


def read_volumes_csv(path: Path, firm: Firm) -> Iterator[VolumePosted]:
    """Volumes from a CSV file with the columns of the API's fields; without a process they are of the service.

    Raises:
        ImportRefused: the file is no such CSV, names a step that the service has not, or a day's step stands in it
            twice; the message names the line.
    """
    seen: dict[tuple[object, ...], int] = {}
    for line, cells in _rows(path, VolumePosted):
        with _placed(path, line):
            values: dict[str, object] = {"process": SERVICE, **cells}
            if "opportunities" in cells:
                values["opportunities"] = int(cells["opportunities"])
            volume = VolumePosted.model_validate(values)
            refuse_unknown_steps([volume], firm)
        key = (volume.day, volume.process, volume.step, volume.category, volume.department)
        if key in seen:
            raise ImportRefused(
                f"{path}:{line}: has the day, process, step, category and department of line {seen[key]}"
            )
        seen[key] = line
        yield volume


def volumes_in_chunks(volumes: Iterable[VolumePosted], size: int = 500) -> Iterator[VolumesPosted]:
    """Volumes in pieces small enough not to keep other writers waiting."""
    for part in slices(volumes, size):
        yield VolumesPosted(part)


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


def _rows(path: Path, model: type[BaseModel]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line and filled cells of each row; the columns are fields of ``model``."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        try:
            if unknown := set(reader.fieldnames or ()) - set(model.model_fields):
                raise ImportRefused(f"{path}:1: there is no column {', '.join(sorted(unknown))}")
            for row in reader:
                if None in row or None in row.values():
                    raise ImportRefused(f"{path}:{reader.line_num}: as many cells as columns are needed")
                yield reader.line_num, {key: cell for key, cell in row.items() if cell != ""}
        except csv.Error as error:
            raise ImportRefused(f"{path}:{reader.line_num}: {error}") from None
        except UnicodeDecodeError:
            raise ImportRefused(f"{path}: is not written in UTF-8") from None


@contextmanager
def _placed(path: Path, line: int) -> Iterator[None]:
    """Say of a mistake in which line it is."""
    try:
        yield
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ImportRefused(f"{path}:{line}: {place}: {first['msg']}") from None
    except UnknownStep as error:
        raise ImportRefused(f"{path}:{line}: step: {error}") from None
    except ValueError as error:
        raise ImportRefused(f"{path}:{line}: {error}") from None
