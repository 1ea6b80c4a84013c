"""Structured logs: one JSON object a line, free of personal data and secrets.

What is logged are ids, names of commands and kinds of errors; never what was said, never who said it.
"""

import logging
import sys

import structlog
from structlog.typing import Processor


class WithoutWhatTheySent(logging.Filter):
    """Tells in one line that a request was none: aiohttp would add a traceback with the bytes at which it gave up.

    Whatever a handler raises is told by our own middleware, so this alone is left to aiohttp's server.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record; take out of these what the caller sent, and the caller's address."""
        if record.name == "aiohttp.server" and record.exc_info and record.exc_info[0] is not None:
            record.msg, record.args = "request cannot be read: %s", (record.exc_info[0].__name__,)
            record.exc_info = record.exc_text = None
        return True


def set_up_logging(process: str) -> None:
    """Send this process's logs to standard error as JSON lines.

    Args:
        process: name that every line carries.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, structlog.processors.JSONRenderer()],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
    structlog.contextvars.bind_contextvars(process=process)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    handler.addFilter(WithoutWhatTheySent())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
