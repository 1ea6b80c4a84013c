"""``python -m bot.training``: ``rasa train`` without what costs time and gains nothing here.

Components are always trained, and Rasa's cache of them is left alone: it would give back a component whose own class and
data are as they were, although a module that the component calls has changed. Whether there is anything to train is for
``scripts/train.py`` to say.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from bot.without_tensorflow import leave_out_tensorflow


def command_line(data: Path, folder: Path, name: str) -> list[str]:
    """The arguments of ``rasa`` for a model ``name`` in ``folder``.

    The tests check the data; plain ``rasa train`` does so as well, in half a minute more.
    """
    return [
        *("train", "--force", "--skip-validation"),
        *("--data", str(data), "--out", str(folder), "--fixed-model-name", name),
    ]


def pack_quickly() -> None:
    """Rasa packs a model at the highest level of compression: ten times as long, and a model smaller by 5 %."""
    from rasa.engine.storage import local_model_storage

    class QuickTar(local_model_storage.TarSafe):  # type: ignore[misc]
        @classmethod
        def gzopen(cls, name: str, mode: str = "r", fileobj: Any = None, compresslevel: int = 1, **named: Any) -> Any:
            return super().gzopen(name, mode, fileobj, compresslevel, **named)

    local_model_storage.TarSafe = QuickTar


def cache_nothing() -> None:
    """Rasa takes fingerprints of all that goes into a component and comes out, to find it in its cache again."""
    from rasa.engine.graph import GraphNodeHook
    from rasa.engine.training import graph_trainer

    class NoHook(GraphNodeHook):  # type: ignore[misc]
        def __init__(self, **named: Any) -> None:
            """Takes what Rasa's own takes."""

        def on_before_node(self, **named: Any) -> dict[str, Any]:
            return {}

        def on_after_node(self, **named: Any) -> None:
            """Nothing is kept."""

    graph_trainer.TrainingHook = NoHook


def main(data: Path, folder: Path, name: str) -> None:
    """Trains; ends the process with Rasa's own status."""
    leave_out_tensorflow()
    # Not even an empty one is made.
    os.environ["RASA_MAX_CACHE_SIZE"] = "0"
    from rasa.__main__ import main as rasa

    cache_nothing()
    pack_quickly()
    sys.argv[1:] = command_line(data, folder, name)
    rasa()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:3]), sys.argv[3])
