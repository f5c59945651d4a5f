"""What the web processes tell on stderr: a line of JSON an event, and one a second about what was refused."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections import Counter
from typing import TextIO

import structlog
from structlog.typing import FilteringBoundLogger, Processor

_ABOUT: list[Processor] = [
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    # Without the local variables, which hold phone numbers and texts.
    structlog.processors.format_exc_info,
]
_AS_JSON = structlog.processors.JSONRenderer()
_REFUSALS_EVERY = 1.0


class _Lines:
    """A log that cannot be written, on a full disk or to a closed pipe, must not fail a request."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def msg(self, line: str) -> None:
        try:
            # One write a line, so that those of several threads and processes do not mix.
            self._stream.write(line + "\n")
            self._stream.flush()
        except (OSError, ValueError):
            return

    info = warning = error = msg


def logger(stream: TextIO | None = None) -> FilteringBoundLogger:
    """Return a logger that writes JSON lines; control characters of what it is told come out escaped."""
    bound: FilteringBoundLogger = structlog.wrap_logger(
        _Lines(sys.stderr if stream is None else stream),
        processors=[*_ABOUT, _AS_JSON],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    ).bind()
    return bound


def gather() -> None:
    """Write in the same form what libraries and the store log, unless somebody has seen to that already."""
    root = logging.getLogger()
    if root.handlers:
        return
    handler = logging.StreamHandler()
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=_ABOUT, processor=_AS_JSON))
    root.addHandler(handler)
    root.setLevel(logging.WARNING)


class Refusals:
    """Counts refused requests and tells of them once a second at most: anybody can send as many as they like."""

    def __init__(self, log: FilteringBoundLogger, *, told_as: str = "refused") -> None:
        self._log = log
        self._told_as = told_as
        self._counts: Counter[str] = Counter()
        self._told_at = -_REFUSALS_EVERY
        self._lock = threading.Lock()

    def note(self, reason: str) -> None:
        """Count one; ``reason`` is a text of ours, never the sender's."""
        with self._lock:
            self._counts[reason] += 1
            now = time.monotonic()
            if now - self._told_at < _REFUSALS_EVERY:
                return
            self._told_at = now
            counts, self._counts = self._counts, Counter()
        self._log.warning(self._told_as, requests=counts.total(), reasons=dict(counts))
