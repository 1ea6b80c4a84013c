"""``python -m analytics compare``: did it change from one period to another? the test is named."""

from analytics.commands.asking import Commands, add_question
from analytics.questions.compare import CompareQuestion

_HELP = "did it change from one period to another? the test is named"


def add(commands: Commands) -> None:
    """Add the command to the command line."""
    add_question(commands, "compare", CompareQuestion, _HELP)
