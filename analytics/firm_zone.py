"""What counting needs of ``firm.yml``."""

from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, field_validator

from store.firm_files import read_yaml


class _FirmZone(BaseModel):
    """The part of ``firm.yml`` that counting needs; the rest is checked where it is used."""

    zone: str

    @field_validator("zone")
    @classmethod
    def _known(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("is no time zone, such as Asia/Shanghai") from None
        return value


def firm_zone(folder: Path) -> ZoneInfo:
    """The zone in which the firm's days are counted, from ``firm.yml``.

    Raises:
        FirmDataError: the file is missing, or names no zone.
    """
    return ZoneInfo(read_yaml(folder / "firm.yml", _FirmZone).zone)
