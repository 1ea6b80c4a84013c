"""Days as the command line takes them."""

import argparse
from datetime import date


def read_day(text: str) -> date:
    """A day such as 2026-10-01.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no day such as 2026-10-01") from None
