"""``python -m analytics novelty``: words and groups of complaints that no category covers yet."""

from analytics.commands.asking import Commands, add_question
from analytics.questions.novelty import NoveltyQuestion

_HELP = "words that have become more frequent, and groups of complaints that no category fits"


def add(commands: Commands) -> None:
    """Add the command to the command line."""
    add_question(commands, "novelty", NoveltyQuestion, _HELP, with_csv=True)
