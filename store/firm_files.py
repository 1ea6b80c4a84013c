"""Read one of the firm's YAML files into a model; a mistake is told with its file and line.

It lives in the store's house because both those who act and those who count read such files.
"""

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

Model = TypeVar("Model", bound=BaseModel)


class FirmDataError(Exception):
    """Something is wrong in the firm's data; the message starts with ``file:line:``."""


def read_yaml(path: Path, model: type[Model], context: dict[str, Any] | None = None) -> Model:
    """The content of ``path`` as ``model``.

    Args:
        context: what the model's validators must know of the firm's other files.

    Raises:
        FirmDataError: the file is missing, is no YAML, names a key twice, or does not fit the model.
    """
    try:
        source = path.read_text(encoding="utf-8")
        # The loader in C reads the same some ten times faster.
        node = yaml.compose(source, Loader=yaml.CSafeLoader)
        content = yaml.load(source, Loader=yaml.CSafeLoader)
    except OSError as error:
        raise FirmDataError(f"{path}:1: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise FirmDataError(f"{path}:1: is not UTF-8") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise FirmDataError(f"{path}:{line}: no valid YAML: {error.problem}") from None
    if node is not None:
        _refuse_repeated_keys(path, node)
    try:
        return model.model_validate(content, context=context)
    except ValidationError as error:
        lines = []
        for problem in error.errors(include_url=False, include_input=False):
            # A model that compares entries with each other says by ``place`` which one is wrong.
            where = problem["loc"] + tuple(problem.get("ctx", {}).get("place", ()))
            place = ".".join(str(part) for part in where)
            lines.append(f"{path}:{_line_of(node, where)}: {place or 'the file'}: {problem['msg']}")
        raise FirmDataError("\n".join(lines)) from None


def _refuse_repeated_keys(path: Path, node: yaml.Node) -> None:
    """YAML's loader would silently keep the last of two equal keys."""
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                raise FirmDataError(f"{path}:{key.start_mark.line + 1}: the key {key.value!r} stands here twice")
            seen.add(key.value)
            _refuse_repeated_keys(path, value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _refuse_repeated_keys(path, value)


def _line_of(node: yaml.Node | None, place: tuple[int | str, ...]) -> int:
    """The line of the deepest node on the way to ``place`` that the file really has."""
    line = 1 if node is None else node.start_mark.line + 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            found = next(((k, v) for k, v in node.value if k.value == str(part)), None)
            if found is None:
                break
            node, line = found[1], found[0].start_mark.line + 1
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line
