"""JSON logs, one line a call: who, what, how it ended; never what was in it."""

from __future__ import annotations

import sys

import structlog

__all__ = ["log_json"]


def log_json() -> None:
    """Write every log line as JSON to standard error, with the time in UTC."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
