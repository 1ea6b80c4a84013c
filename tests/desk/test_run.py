"""What supervisor is told to run."""

import configparser
from pathlib import Path

from desk.run import _write_configuration
from store.settings import Settings


def test_the_desk_stops_before_those_who_answer_what_it_has_under_way(settings: Settings) -> None:
    settings.var.mkdir()
    written = configparser.ConfigParser(interpolation=None)
    written.read(_write_configuration(settings, Path("model.tar.gz")))
    # Supervisor stops in the opposite order of priorities.
    priorities = {name: written.getint(f"program:{name}", "priority") for name in ("desk", "rasa", "actions")}
    assert priorities["desk"] > max(priorities["rasa"], priorities["actions"])
