"""``python -m bot.serve``: ``rasa run`` on loopback, with its token from the environment.

On Rasa's own command line the token would stand in the list of processes for everybody on the machine.
"""

from __future__ import annotations

import os
import sys

from rasa.__main__ import main

if __name__ == "__main__":
    sys.argv[1:1] = ["run", "--enable-api", "-i", "127.0.0.1", "--auth-token", os.environ["AMENDS_RASA_TOKEN"]]
    main()
