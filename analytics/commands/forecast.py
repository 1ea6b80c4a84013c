"""``python -m analytics forecast``: how many complaints to expect, and how wrong that has been."""

from analytics.commands.asking import Commands, add_question
from analytics.questions.forecast import ForecastQuestion

_HELP = "how many complaints to expect, and how wrong that has been"


def add(commands: Commands) -> None:
    """Add the command to the command line."""
    add_question(commands, "forecast", ForecastQuestion, _HELP, with_csv=True)
