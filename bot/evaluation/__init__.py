"""Measures what the bot understands and what that costs: ``python -m bot.evaluation``."""

from __future__ import annotations

import os

# Read by Rasa's libraries when they are imported, so it has to be said before.
os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
