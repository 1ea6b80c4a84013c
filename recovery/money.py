"""Money: integer minor units with a currency, never float."""

from dataclasses import dataclass

# Currencies without a minor unit in use (ISO 4217).
WHOLE = frozenset({"JPY", "KRW", "VND"})


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in the minor unit of its currency (fen, cents).

    Raises:
        ValueError: a negative amount, or a currency that is no three-letter code.
    """

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if self.minor < 0:
            raise ValueError("an amount cannot be negative")
        if len(self.currency) != 3 or not self.currency.isascii() or not self.currency.isupper():
            raise ValueError(f"no currency code: {self.currency!r}")
