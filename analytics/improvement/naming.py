"""What parts of a process are called, in the firm's own words, and the titles of what the machine opens by itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from pydantic import BaseModel

from analytics.improvement.part import Part
from analytics.questions.slices import names_of_steps
from analytics.surroundings import Surroundings
from analytics.words import words
from store.blueprint import StepName
from store.firm_files import read_yaml

_LONGEST_TITLE = 200


class _Named(BaseModel):
    """The part of a category or a department that is needed here; the rest is checked where it is used."""

    key: str
    name: StepName


class _Taxonomy(BaseModel):
    categories: tuple[_Named, ...]


class _Departments(BaseModel):
    departments: tuple[_Named, ...]


class _Firm(BaseModel):
    language: str = "zh"


@dataclass(frozen=True)
class Names:
    """The firm's words for what it counts by.

    Attributes:
        language: the one spoken where nobody's own is known.
    """

    around: Surroundings

    @cached_property
    def language(self) -> str:
        return read_yaml(self.around.folder / "firm.yml", _Firm).language

    @cached_property
    def categories(self) -> Mapping[str, Mapping[str, str]]:
        return _by_key(self.around.folder, "taxonomy.yml")

    @cached_property
    def departments(self) -> Mapping[str, Mapping[str, str]]:
        return _by_key(self.around.folder, "departments.yml")

    def of(self, dimension: str, key: str, process: str = "service") -> dict[str, str]:
        """The name of a key by language; the key itself where it has none."""
        known: Mapping[str, Mapping[str, str]]
        if dimension == "step":
            known = names_of_steps(process, self.around)
        else:
            known = {"category": self.categories, "department": self.departments}.get(dimension, {})
        return dict(known.get(key) or dict.fromkeys(("zh", "en"), key))

    def part(self, part: Part) -> dict[str, str]:
        """What a part is called, by language: ``Recovery · resolved in time``."""
        told = {language: [words(language).processes[part.process]] for language in ("zh", "en")}
        for dimension in ("step", "category", "department", "channel"):
            if key := getattr(part, dimension):
                for language, name in self.of(dimension, key, part.process).items():
                    told[language].append(name)
        return {language: " · ".join(names) for language, names in told.items()}

    def title(self, kind: str, part: Part, figures: Mapping[str, object], language: str = "") -> str:
        """The title of what a finding of this kind opens, in a language; the firm's where none is given."""
        language = language or self.language
        said = words(language).titles[kind].format(part=self.part(part)[language], **figures)
        return said if len(said) <= _LONGEST_TITLE else said[: _LONGEST_TITLE - 1] + "…"


@lru_cache(maxsize=16)
def _read(path: Path, changed: float) -> dict[str, dict[str, str]]:
    if path.name == "taxonomy.yml":
        named = read_yaml(path, _Taxonomy).categories
    else:
        named = read_yaml(path, _Departments).departments
    return {one.key: one.name.model_dump() for one in named}


def _by_key(folder: Path, file: str) -> dict[str, dict[str, str]]:
    path = folder / file
    if not path.exists():
        # A firm without names of its own has its keys.
        return {}
    return _read(path, path.stat().st_mtime)
