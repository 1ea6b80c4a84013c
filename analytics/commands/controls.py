"""``python -m analytics controls``: what feed-forward, concurrent and feedback control see now."""

from analytics.commands.asking import Commands, add_question
from analytics.questions.controls import ControlsQuestion

_HELP = "what feed-forward, concurrent and feedback control see now"


def add(commands: Commands) -> None:
    """Add the command to the command line."""
    add_question(commands, "controls", ControlsQuestion, _HELP)
