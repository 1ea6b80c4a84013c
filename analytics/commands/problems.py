"""``python -m analytics problems``: types of complaints, what may be behind them, what helps and what that brings."""

from analytics.commands.asking import Commands, add_question
from analytics.questions.problems import ProblemsQuestion

_HELP = "types of complaints, what may be behind them, what helps and what that brings"


def add(commands: Commands) -> None:
    """Add the command to the command line."""
    add_question(commands, "problems", ProblemsQuestion, _HELP, with_csv=True)
