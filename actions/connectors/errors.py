"""How a connector says that it could not do it."""


class ConnectorError(Exception):
    """A call to another system failed.

    Attributes:
        permanent: trying again cannot help.
    """

    def __init__(self, message: str, *, permanent: bool) -> None:
        super().__init__(message)
        self.permanent = permanent
