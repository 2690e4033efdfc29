"""The tables that every service's database has for messaging, and the column types that all share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Index, Integer, MetaData, Table, Text, func
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """A moment in UTC. Naive datetimes are refused on the way in and never come out."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a moment without a time zone is not stored")
        return value

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)


def messaging_tables(metadata: MetaData) -> dict[str, Table]:
    """Declare outbox, inbox, retries, parked messages and the relay's state on ``metadata``."""
    written = func.clock_timestamp()
    outbox = Table(
        "outbox",
        metadata,
        Column("position", BigInteger, primary_key=True, autoincrement=True),
        Column("id", Text, nullable=False, unique=True),
        Column("type", Text, nullable=False),
        Column("subject", Text, nullable=False),
        Column("sequence", BigInteger, nullable=False),
        Column("partitionkey", Text, nullable=False),
        Column("version", Integer, nullable=False),
        Column("time", Text, nullable=False),
        Column("correlationid", Text, nullable=False),
        Column("causationid", Text),
        Column("traceparent", Text),
        Column("data", Text, nullable=False),
        Column("written_at", DateTime(timezone=True), nullable=False, server_default=written),
        Column("sent_at", DateTime(timezone=True)),
    )
    Index("outbox_unsent", outbox.c.position, postgresql_where=outbox.c.sent_at.is_(None))
    Index("outbox_sent_at", outbox.c.sent_at)
    sequence = Table(
        "outbox_sequence",
        metadata,
        Column("subject", Text, primary_key=True),
        Column("last", BigInteger, nullable=False),
    )
    inbox = Table(
        "inbox",
        metadata,
        Column("event_id", Text, primary_key=True),
        Column("subscription", Text, primary_key=True),
        Column("processed_at", DateTime(timezone=True), nullable=False, server_default=written),
    )
    Index("inbox_processed_at", inbox.c.processed_at)
    retry = Table(
        "inbox_retry",
        metadata,
        Column("event_id", Text, primary_key=True),
        Column("subscription", Text, primary_key=True),
        Column("attempt", Integer, nullable=False),
        Column("next_at", DateTime(timezone=True), nullable=False),
        Column("reason", Text, nullable=False),
        Column("body", Text, nullable=False),
    )
    Index("inbox_retry_due", retry.c.subscription, retry.c.next_at)
    parked = Table(
        "parked",
        metadata,
        Column("id", BigInteger, primary_key=True, autoincrement=True),
        Column("subscription", Text, nullable=False),
        Column("event_id", Text),
        Column("attempts", Integer, nullable=False),
        Column("reason", Text, nullable=False),
        Column("body", Text, nullable=False),
        Column("parked_at", DateTime(timezone=True), nullable=False, server_default=written),
    )
    relay = Table(
        "relay_state",
        metadata,
        Column("name", Text, primary_key=True),
        Column("consumed_until", DateTime(timezone=True), nullable=False),
    )
    return {
        "outbox": outbox,
        "outbox_sequence": sequence,
        "inbox": inbox,
        "inbox_retry": retry,
        "parked": parked,
        "relay_state": relay,
    }
