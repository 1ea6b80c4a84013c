"""``python -m analytics signals``: what the numbers said by themselves, and what became of it."""

from analytics.commands.asking import Commands, add_question
from analytics.questions.signals import SignalsQuestion

_HELP = "what the numbers said by themselves, and what became of it"


def add(commands: Commands) -> None:
    """Add the command to the command line."""
    add_question(commands, "signals", SignalsQuestion, _HELP, with_csv=True)
