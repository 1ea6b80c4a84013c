"""``python -m analytics recovery``: what recoveries achieved and cost, who drifts away."""

from analytics.commands.asking import Commands, add_question
from analytics.questions.recovery import RecoveryQuestion

_HELP = "what recoveries achieved and cost, who drifts away"


def add(commands: Commands) -> None:
    """Add the command to the command line."""
    add_question(commands, "recovery", RecoveryQuestion, _HELP)
