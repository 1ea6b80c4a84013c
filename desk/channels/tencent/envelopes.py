"""What goes wrong with what claims to come from Tencent."""


class EnvelopeRefused(Exception):
    """A callback that is not what it claims to be, or cannot be read; the one error of everything that opens them.

    Attributes:
        why: a key for the log; never told to the caller.
    """

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why
