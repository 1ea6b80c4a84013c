"""``python -m bot.serve``: ``rasa run`` on loopback, with its token from the environment.

On Rasa's own command line the token would stand in the list of processes for everybody on the machine.
"""

from __future__ import annotations

import os
import sys

from bot.without_tensorflow import leave_out_tensorflow


def command_line(token: str) -> list[str]:
    """The arguments of ``rasa`` that precede whatever else is asked for.

    The token is joined to its option: one in 64 begins with a hyphen and would be taken for an option itself.
    """
    return ["run", "--enable-api", "-i", "127.0.0.1", f"--auth-token={token}"]


if __name__ == "__main__":
    leave_out_tensorflow()
    # Not before: it imports TensorFlow.
    from rasa.__main__ import main

    sys.argv[1:1] = command_line(os.environ["AMENDS_RASA_TOKEN"])
    main()
