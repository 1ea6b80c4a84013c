"""Run a command that must not outlive the process that started it: ``python end_with_parent.py SIGKILL command …``.

Should the parent be killed outright, the kernel sends the signal (Linux; elsewhere the command just runs). Otherwise
what it left behind would go on holding the ports, and serve beside the next start.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(name: str, *command: str) -> None:
    if sys.platform == "linux":
        # The kernel keeps this across the start of another program.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.Signals[name])
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
