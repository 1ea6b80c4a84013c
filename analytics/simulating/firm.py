"""What a made-up history takes from the firm's own files."""

from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from analytics.firm_zone import firm_zone
from store.blueprint import Blueprint, read_blueprint
from store.firm_files import read_yaml


class _Firm(BaseModel):
    currency: str


class _Department(BaseModel):
    key: str
    categories: list[str] = []


class _Departments(BaseModel):
    departments: list[_Department]


@dataclass(frozen=True, slots=True)
class SimulatedFirm:
    """The firm whose history is made up.

    Attributes:
        folder: of its files.
        departments: which one takes a category; what none takes goes to ``front_door``.
    """

    folder: Path
    zone: ZoneInfo
    currency: str
    blueprint: Blueprint
    departments: dict[str, str]
    front_door: str

    def department_of(self, category: str) -> str:
        return self.departments.get(category, self.front_door)


def read_simulated_firm(folder: Path) -> SimulatedFirm:
    """Read what is needed.

    Raises:
        FirmDataError: a file is missing or wrong.
    """
    departments = read_yaml(folder / "departments.yml", _Departments).departments
    return SimulatedFirm(
        folder,
        firm_zone(folder),
        read_yaml(folder / "firm.yml", _Firm).currency,
        read_blueprint(folder),
        {category: one.key for one in departments for category in one.categories},
        departments[0].key,
    )
