"""``python -m analytics export``: the daily counts, as CSV."""

from analytics.commands.asking import Commands, add_question
from analytics.questions.export import ExportQuestion


def add(commands: Commands) -> None:
    """Add the command to the command line."""
    add_question(commands, "export", ExportQuestion, "the daily counts, as CSV", with_csv=True)
