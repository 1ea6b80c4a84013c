"""What all tables share: names of constraints, column types, public ids."""

import secrets
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, MetaData
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment: kept in UTC, given back in UTC.

    Raises:
        ValueError: a naive datetime is written; nobody could say what moment it means.
    """

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime cannot be stored")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        # SQLite forgets the zone; what was written is UTC.
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# SQLite numbers rows by itself only for INTEGER; PostgreSQL wants room to grow.
BigId = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        datetime: UtcDateTime,
        dict[str, Any]: JSON,
        list[Any]: JSON,
        list[str]: JSON,
    }


def unguessable() -> str:
    """A public id of 128 random bits, as 32 hexadecimal digits."""
    return secrets.token_hex(16)


# Without the letters and digits that are misread for each other on the phone.
_READABLE = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def readable_number(prefix: str, groups: int) -> str:
    """A public number that can be read aloud, such as ``AM-7K3Q-9F2D``: about 20 random bits a group of four."""
    parts = ("".join(secrets.choice(_READABLE) for _ in range(4)) for _ in range(groups))
    return "-".join((prefix, *parts))


def case_number() -> str:
    """The public number of a case: about 40 random bits, so that none is guessed from another."""
    return readable_number("AM", 2)
