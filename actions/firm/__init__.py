"""The firm's own facts, read from ``data/firm`` and checked at start."""

from actions.firm.loader import Firm, load_firm
from actions.firm.yaml_file import FirmDataError

__all__ = ["Firm", "FirmDataError", "load_firm"]
