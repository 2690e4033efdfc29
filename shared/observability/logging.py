"""JSON logs on standard error, each line with the ids of the work it belongs to."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Any

from pythonjsonlogger.orjson import OrjsonFormatter

from shared.messaging.context import current


class _Line(OrjsonFormatter):
    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        super().add_fields(log_data, record, message_dict)
        context = current()
        log_data["time"] = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        log_data["level"] = record.levelname.lower()
        log_data["logger"] = record.name
        if context.correlation_id:
            log_data["correlation_id"] = context.correlation_id
        if context.causation_id:
            log_data["causation_id"] = context.causation_id


def configure_logging(process: str, level: str = "INFO") -> None:
    """Log from ``level`` up as JSON lines that name ``process``."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Line("%(message)s", static_fields={"process": process}))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # nameko logs every refusal as an error of the worker; the entrypoints log what deserves it.
    for noisy in ("nameko", "amqp", "kombu", "pika", "alembic"):
        logging.getLogger(noisy).setLevel("ERROR" if noisy != "nameko" else "CRITICAL")
