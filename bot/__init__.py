"""What runs inside Rasa; here is what all of it shares, which needs nothing."""

from pathlib import Path

# The folder of the project.
ROOT = Path(__file__).resolve().parent.parent
# Longer texts are cut here; the desk cuts at the same length.
LONGEST_TEXT = 4000
