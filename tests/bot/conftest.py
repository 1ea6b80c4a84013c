"""One trained understander for all tests of this folder."""

from __future__ import annotations

import os
import sys
import tarfile
from pathlib import Path

import pytest

os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bot.without_tensorflow import leave_out_tensorflow

# As in what is served; before anything of Rasa.
leave_out_tensorflow()

from bot.standalone import Understander, training_examples  # noqa: E402


@pytest.fixture(scope="session")
def understander(tmp_path_factory: pytest.TempPathFactory) -> Understander:
    """The model that ``make test`` has trained, else one trained here, which takes a minute and a half."""
    folder = tmp_path_factory.mktemp("models")
    model = os.environ.get("TEST_MODEL")
    if not model:
        return Understander.trained(training_examples(), folder)
    with tarfile.open(model) as archive:
        archive.extractall(folder / "rasa", filter="data")
    for trained in (folder / "rasa" / "components").iterdir():
        # Rasa numbers the components of its recipe: train_bot.nlu.….IntentClassifier1.
        trained.rename(folder / trained.name.rpartition(".")[2].rstrip("0123456789"))
    return Understander.loaded(folder)
