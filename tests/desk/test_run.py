"""What supervisor is told to run."""

import configparser
from pathlib import Path

from desk.run import _write_configuration
from store.settings import Settings


def test_the_desk_stops_before_those_who_answer_what_it_has_under_way(settings: Settings) -> None:
    settings.var.mkdir()
    written = configparser.ConfigParser(interpolation=None)
    written.read(_write_configuration(settings, Path("model.tar.gz")))
    # Supervisor stops groups in the opposite order of priorities, and all of a group at once.
    desk, answering = written["group:desk"], written["group:answering"]
    assert desk["programs"] == "desk" and set(answering["programs"].split(",")) == {"rasa", "actions"}
    assert desk.getint("priority") > answering.getint("priority")
