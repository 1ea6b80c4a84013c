"""``python -m analytics pareto``: which few make most of the trouble, and has the mix changed."""

from analytics.commands.asking import Commands, add_question
from analytics.questions.pareto import ParetoQuestion

_HELP = "which few make most of the trouble, and has the mix changed"


def add(commands: Commands) -> None:
    """Add the command to the command line."""
    add_question(commands, "pareto", ParetoQuestion, _HELP, with_csv=True)
