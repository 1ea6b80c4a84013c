"""``python -m analytics sigma``: defects, yields and sigma levels of a process."""

from analytics.commands.asking import Commands, add_question
from analytics.questions.sigma import SigmaQuestion


def add(commands: Commands) -> None:
    """Add the command to the command line."""
    add_question(commands, "sigma", SigmaQuestion, "defects, yields and sigma levels of a process")
