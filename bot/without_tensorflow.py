"""Rasa without TensorFlow, which Rasa imports at every start and none of our components uses.

The import takes more than half of Rasa's start and half of its memory. Here a stand-in is imported instead, as long as
config.yml names nothing that could need the real one; with any other component all is as Rasa has it.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

from bot import ROOT

# The packages of TensorFlow that Rasa imports.
_LEFT_OUT = ("tensorflow", "tensorflow_addons", "tensorflow_hub", "tensorflow_text", "keras")
# What config.yml may name for TensorFlow to be left out, apart from what lives here.
_NEEDS_NONE = ("RulePolicy",)


class _StandIn(type):
    """The type of every name in TensorFlow: it can be named and derived from, and not be used."""

    def __getattr__(cls, name: str) -> Any:
        return _stand_in(name)

    def __call__(cls, *arguments: Any, **named: Any) -> Any:
        raise RuntimeError(f"TensorFlow's {cls.__name__} was left out: config.yml named nothing that needs it")


def _stand_in(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    return _StandIn(name, (), {})


class _Finder(MetaPathFinder, Loader):
    """Finds a stand-in for TensorFlow and whatever is in it."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> Any:
        if fullname.partition(".")[0] in _LEFT_OUT:
            return ModuleSpec(fullname, self, is_package=True)
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = ModuleType(spec.name)
        module.__getattr__ = _stand_in  # type: ignore[method-assign]
        return module

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing in it."""


def needs_tensorflow(config: Path) -> bool:
    """Whether a configuration of Rasa's names a component that may need TensorFlow: any that is not known not to."""
    content = yaml.safe_load(config.read_text(encoding="utf-8"))
    # Rasa itself chooses for a part that is missing or empty.
    parts = [content.get(part) or [{"name": "Rasa's choice"}] for part in ("pipeline", "policies")]
    return not all(each["name"].startswith("bot.") or each["name"] in _NEEDS_NONE for part in parts for each in part)


def leave_out_tensorflow(config: Path = ROOT / "config.yml") -> bool:
    """To be called before anything of Rasa is imported.

    Returns:
        Whether it is left out: False where ``config`` may need it.
    """
    if needs_tensorflow(config):
        return False
    sys.meta_path.insert(0, _Finder())
    return True
