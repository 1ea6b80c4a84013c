"""What a call to Tencent comes to when it was not taken."""

from datetime import timedelta

from desk.channels.tencent.error_codes import Disposition


class Refused(Exception):
    """A call that Tencent did not take, or of which nobody knows.

    The words name the call's path and the code and nothing else: addresses hold tokens, and Tencent's own words may
    hold what the customer is called there.

    Attributes:
        code: Tencent's ``errcode``; None where no answer came that could be read.
        disposition: what to do about it.
        not_taken: surely nothing was done; False where it may have been, such as when the answer did not come in time.
        retry_after: how long to leave it alone, where that is known.
    """

    def __init__(
        self,
        code: int | None,
        disposition: Disposition,
        path: str = "",
        *,
        not_taken: bool = True,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(f"{path}: {'no answer' if code is None else f'errcode {code}'}".removeprefix(": "))
        self.path = path
        self.code = code
        self.disposition = disposition
        self.not_taken = not_taken
        self.retry_after = retry_after


class TooLarge(Refused):
    """A file that is larger than we take; it was not read to its end."""

    def __init__(self, path: str) -> None:
        super().__init__(None, Disposition.OTHER, path)
