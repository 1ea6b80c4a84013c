"""Read what analytics needs of the firm's YAML; a mistake is told with its file and line."""

from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BaseModel, ValidationError, field_validator

Model = TypeVar("Model", bound=BaseModel)


class FirmFileError(Exception):
    """Something is wrong in one of the firm's files; each line of the message starts with ``file:line:``."""


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
        FirmFileError: the file is missing, or names no zone.
    """
    return ZoneInfo(read_firm_file(folder / "firm.yml", _FirmZone).zone)


def read_firm_file(path: Path, model: type[Model]) -> Model:
    """The content of ``path`` as ``model``.

    Raises:
        FirmFileError: the file is missing, is no YAML, or does not fit the model.
    """
    try:
        source = path.read_text(encoding="utf-8")
        node = yaml.compose(source, Loader=yaml.SafeLoader)
        content = yaml.safe_load(source)
    except OSError as error:
        raise FirmFileError(f"{path}:1: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise FirmFileError(f"{path}:1: is not UTF-8") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise FirmFileError(f"{path}:{line}: no valid YAML: {error.problem}") from None
    try:
        return model.model_validate(content)
    except ValidationError as error:
        lines = []
        for problem in error.errors(include_url=False, include_input=False):
            # A model that compares entries with each other says by ``place`` which one is wrong.
            where = problem["loc"] + tuple(problem.get("ctx", {}).get("place", ()))
            place = ".".join(str(part) for part in where)
            lines.append(f"{path}:{_line_of(node, where)}: {place or 'the file'}: {problem['msg']}")
        raise FirmFileError("\n".join(lines)) from None


def _line_of(node: yaml.Node | None, place: tuple[int | str, ...]) -> int:
    """The line of the deepest node on the way to ``place`` that the file really has."""
    line = 1 if node is None else node.start_mark.line + 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if found is None:
                break
            node, line = found[1], found[0].start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line
