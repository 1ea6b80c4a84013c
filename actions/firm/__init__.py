"""The firm's own facts, read from ``data/firm`` and checked at start."""

from actions.firm.loader import Firm, load_firm
from store.firm_files import FirmDataError

__all__ = ["Firm", "FirmDataError", "load_firm"]
