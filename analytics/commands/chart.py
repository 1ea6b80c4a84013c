"""``python -m analytics chart``: has a process changed? its control chart, every rule broken in words."""

from analytics.commands.asking import Commands, add_question
from analytics.questions.chart import ChartQuestion

_HELP = "has a process changed? its control chart, every rule broken in words"


def add(commands: Commands) -> None:
    """Add the command to the command line."""
    add_question(commands, "chart", ChartQuestion, _HELP, with_csv=True)
