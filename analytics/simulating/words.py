"""What made-up customers and the firm say: ``texts/zh.yml`` and ``texts/en.yml``."""

from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from store.firm_files import read_yaml


class Said(BaseModel):
    """What is said while a complaint is handled, in the order in which it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    acknowledged: str
    offered: str
    accepted: tuple[str, ...]
    declined: tuple[str, ...]
    person: str
    resolved: str
    asked: str


class Texts(BaseModel):
    """The texts of one language.

    Attributes:
        complaints: by category; ``new`` are those of something that has none.
        remedies: names of remedies, with room for an amount.
        items: what is bought.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    complaints: dict[str, tuple[str, ...]]
    said: Said
    remedies: dict[str, str]
    items: tuple[str, ...]


@cache
def texts(language: str) -> Texts:
    """The texts of a language.

    Raises:
        FirmDataError: the file does not have its form.
    """
    return read_yaml(Path(__file__).parent / "texts" / f"{language}.yml", Texts)
