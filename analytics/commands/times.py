"""``python -m analytics times``: how long answers and resolutions take, open cases included."""

from analytics.commands.asking import Commands, add_question
from analytics.questions.times import TimesQuestion


def add(commands: Commands) -> None:
    """Add the command to the command line."""
    add_question(commands, "times", TimesQuestion, "how long answers and resolutions take, open cases included")
