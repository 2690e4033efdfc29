"""JSON logs on standard error, each line with the ids of the work it belongs to."""

from __future__ import annotations

import json
import logging
import os
import sys
from datetime import UTC, datetime
from typing import Any

import orjson

from shared.messaging.context import current

# What every record has; whatever else it has was given as `extra`.
_OWN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}


class _Lines(logging.Handler):
    """Writes each record as one line, at once and in one call: there is nothing to lock or to flush."""

    def __init__(self, process: str, file: int) -> None:
        super().__init__()
        self._process = process
        self._file = file

    def createLock(self) -> None:
        self.lock = None

    def handle(self, record: logging.LogRecord) -> bool:
        # Python 3.13's own enters the lock, whether there is one or not.
        if not self.filter(record):
            return False
        self.emit(record)
        return True

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = _json(self._fields(record)) + b"\n"
            while line:
                line = line[os.write(self._file, line) :]
        except Exception:
            self.handleError(record)

    def _fields(self, record: logging.LogRecord) -> dict[str, Any]:
        fields: dict[str, Any] = {"message": record.getMessage(), "process": self._process}
        for name, value in record.__dict__.items():
            if name not in _OWN:
                fields[name] = value
        if record.exc_info:
            fields["exc_info"] = _TRACES.formatException(record.exc_info)
        if record.stack_info:
            fields["stack_info"] = record.stack_info
        fields["time"] = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        fields["level"] = record.levelname.lower()
        fields["logger"] = record.name
        context = current()
        if context.correlation_id:
            fields["correlation_id"] = context.correlation_id
        if context.causation_id:
            fields["causation_id"] = context.causation_id
        return fields


_TRACES = logging.Formatter()


def _json(fields: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(fields, default=str, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:
        # Text that is no Unicode, numbers of more than 64 bits: rare, and worth a line all the same.
        return json.dumps(fields, default=str, skipkeys=True).encode()


def configure_logging(process: str, level: str = "INFO") -> None:
    """Log from ``level`` up as JSON lines that name ``process``."""
    logging.basicConfig(level=level, handlers=[_Lines(process, sys.stderr.fileno())], force=True)
    # No line tells these, and finding them out for each costs more than writing it.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None
    # nameko logs every refusal as an error of the worker; the entrypoints log what deserves it.
    for noisy in ("nameko", "amqp", "kombu", "pika", "alembic"):
        logging.getLogger(noisy).setLevel("ERROR" if noisy != "nameko" else "CRITICAL")
