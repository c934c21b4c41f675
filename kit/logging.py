"""One line of JSON per event on standard error, with the service and the call it belongs to.

Callers give ids and numbers, never passwords, tokens, addresses or the text of mails.
"""

from __future__ import annotations

import contextvars
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

import orjson

call_id: contextvars.ContextVar[str] = contextvars.ContextVar("call_id", default="")
_service = "-"
_logger = logging.getLogger("tracker")


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": _service,
            "event": record.getMessage(),
        }
        if call_id.get():
            line["call_id"] = call_id.get()
        line.update(getattr(record, "fields", {}))
        if record.exc_info and record.exc_info[1] is not None:
            line["error"] = repr(record.exc_info[1])
            line["trace"] = "".join(traceback.format_exception(record.exc_info[1]))
        return orjson.dumps(line, default=str).decode()


class _NoLock:
    """Locks nothing: a line is one write, between which and the next there is nothing to keep others out of.

    It is asked for all that a lock is, by handlers of any version of Python, and again after a fork.
    """

    def acquire(self) -> None:
        """Go on."""

    def release(self) -> None:
        """Go on."""

    def __enter__(self) -> None:
        """Go on."""

    def __exit__(self, *_: object) -> None:
        """Go on."""

    def _at_fork_reinit(self) -> None:
        """Stay as it is."""


def configure(service: str, *, level: int = logging.INFO) -> None:
    """Send every log record of this process to standard error as JSON lines."""
    global _service
    _service = service
    handler = logging.StreamHandler(sys.stderr)
    handler.lock = _NoLock()  # type: ignore[assignment]  # all that a handler asks of its lock
    handler.setFormatter(_JsonLines())
    # No line says these, and finding them out costs as much as the line.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(logging.WARNING)
    _logger.setLevel(level)
    # A refusal is an answer, told in one line by whoever gives it; Nameko would add a trace to each.
    logging.getLogger("nameko.containers").setLevel(logging.ERROR)


def event(what: str, /, **fields: Any) -> None:
    """Log that ``what`` happened."""
    _log(logging.INFO, what, fields)


def warning(what: str, /, **fields: Any) -> None:
    """Log something an operator may have to look at."""
    _log(logging.WARNING, what, fields)


def failure(what: str, /, **fields: Any) -> None:
    """Log the exception being handled, with its trace."""
    _log(logging.ERROR, what, fields, sys.exc_info())


def _log(level: int, what: str, fields: dict[str, Any], fault: Any = None) -> None:
    if _logger.isEnabledFor(level):
        # As the logger does itself, but for looking up the stack where in our files that was.
        record = _logger.makeRecord(_logger.name, level, "", 0, what, (), fault, extra={"fields": fields})
        _logger.handle(record)
