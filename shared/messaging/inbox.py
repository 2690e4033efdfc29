"""Taking events in: each takes effect exactly once, a failing one is tried again later, then parked."""

from __future__ import annotations

import base64
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from prometheus_client import Counter, Histogram
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.kernel.errors import InvalidInput
from shared.messaging.context import WorkContext, working_on
from shared.messaging.envelope import Event
from shared.persistence.database import Database, Transaction, is_disconnect, sqlstate

Handler = Callable[[Transaction, Event], None]

log = logging.getLogger(__name__)

# Wall seconds before attempt 2, 3, …; after the last an event is parked.
RETRY_AFTER = (0.2, 0.5, 1, 2, 5, 10, 30, 60)

_HANDLED = Histogram("linli_handler_seconds", "Time to take in one event", ["subscription", "type"])
_DUPLICATES = Counter("linli_inbox_duplicates_total", "Events that had taken effect before", ["subscription"])
_RETRIED = Counter("linli_inbox_retries_total", "Events put aside for a later attempt", ["subscription"])
_PARKED = Counter("linli_parked_messages_total", "Events given up on", ["subscription"])

_INSERT = (
    "INSERT INTO inbox (event_id, subscription)"
    " SELECT id, %(subscription)s FROM unnest(%(ids)s::text[]) AS id ORDER BY id"
    " ON CONFLICT DO NOTHING RETURNING event_id"
)
_PUT_ASIDE = text(
    "INSERT INTO inbox_retry (event_id, subscription, attempt, next_at, reason, body)"
    " VALUES (:event_id, :subscription, 1, clock_timestamp() + make_interval(secs => :delay), :reason, :body)"
    " ON CONFLICT (event_id, subscription) DO NOTHING"
)
_NEXT_ATTEMPT = text(
    "UPDATE inbox_retry SET attempt = attempt + 1, reason = :reason,"
    " next_at = clock_timestamp() + make_interval(secs => :delay)"
    " WHERE event_id = :event_id AND subscription = :subscription"
)
_FORGET = text("DELETE FROM inbox_retry WHERE event_id = :event_id AND subscription = :subscription")
_DUE = text(
    "SELECT event_id, attempt, body FROM inbox_retry"
    " WHERE subscription = :subscription AND next_at <= clock_timestamp() ORDER BY next_at LIMIT 50"
)
_LOCK_DUE = text(
    "SELECT attempt FROM inbox_retry WHERE event_id = :event_id AND subscription = :subscription"
    " FOR UPDATE SKIP LOCKED"
)
_PARK = text(
    "INSERT INTO parked (subscription, event_id, attempts, reason, body)"
    " VALUES (:subscription, :event_id, :attempts, :reason, :body)"
)


def consume(database: Database, subscription: str, handler: Handler, events: Sequence[Event]) -> None:
    """Take ``events`` in: inbox rows and effects commit together, an event seen before has no effect.

    All events share one transaction. If one fails, everything is undone and each is taken in by
    itself; the failing ones are put aside and tried again later. Raises
    :class:`sqlalchemy.exc.DBAPIError` only when the database cannot be reached, and then nothing was
    taken in that cannot safely be taken in again.
    """
    try:
        _take_in(database, subscription, handler, events)
    except DBAPIError as error:
        if is_disconnect(error):
            raise
        _one_by_one(database, subscription, handler, events)
    except Exception:
        _one_by_one(database, subscription, handler, events)


def retry_due(database: Database, subscription: str, handler: Handler) -> int:
    """Try again what was put aside and is due now; answers how many were tried."""
    with database.read() as connection:
        due = connection.execute(_DUE, {"subscription": subscription}).all()
    for row in due:
        _try_again(database, subscription, handler, row)
    return len(due)


def park_undecodable(database: Database, subscription: str, body: bytes | str, reason: str) -> None:
    """Keep a message that is no event, as it came, with the reason."""
    raw = body.encode() if isinstance(body, str) else body
    try:
        kept = raw.decode()
    except UnicodeDecodeError:
        kept = "base64:" + base64.b64encode(raw).decode()
    with database.transaction() as transaction:
        transaction.connection.execute(
            _PARK,
            {
                "subscription": subscription,
                "event_id": None,
                "attempts": 1,
                "reason": reason,
                "body": kept.replace("\x00", "\\u0000"),
            },
        )
    _PARKED.labels(subscription).inc()


def decode(body: bytes | str) -> Event:
    """The event in ``body``; raises :class:`InvalidInput` when it is none."""
    try:
        return Event.from_json(body)
    except InvalidInput:
        raise
    except Exception as error:
        raise InvalidInput(f"The message cannot be read: {error}.") from error


def _take_in(database: Database, subscription: str, handler: Handler, events: Sequence[Event]) -> None:
    by_id = {event.id: event for event in events}
    with database.transaction() as transaction:
        fresh = _remember(transaction, subscription, list(by_id))
        for event_id, event in by_id.items():
            if event_id in fresh:
                _handle(transaction, subscription, handler, event)
    if len(fresh) < len(events):
        _DUPLICATES.labels(subscription).inc(len(events) - len(fresh))


def _remember(transaction: Transaction, subscription: str, event_ids: list[str]) -> set[str]:
    """Write the inbox rows of ``event_ids``; answers those that had none."""
    rows = transaction.connection.exec_driver_sql(_INSERT, {"subscription": subscription, "ids": event_ids})
    return {row[0] for row in rows}


def _handle(transaction: Transaction, subscription: str, handler: Handler, event: Event) -> None:
    started = time.perf_counter()
    context = WorkContext(
        correlation_id=event.correlationid or event.id, causation_id=event.id, traceparent=event.traceparent
    )
    with working_on(context):
        handler(transaction, event)
    _HANDLED.labels(subscription, event.type).observe(time.perf_counter() - started)


def _one_by_one(database: Database, subscription: str, handler: Handler, events: Sequence[Event]) -> None:
    for event in events:
        try:
            _take_in_alone(database, subscription, handler, event)
        except Exception as error:
            if isinstance(error, DBAPIError) and is_disconnect(error):
                raise
            log.warning("put aside %s %s: %r", event.type, event.id, error, exc_info=True)
            with database.transaction() as transaction:
                transaction.connection.execute(
                    _PUT_ASIDE,
                    {
                        "event_id": event.id,
                        "subscription": subscription,
                        "delay": RETRY_AFTER[0],
                        "reason": repr(error)[:2000],
                        "body": event.to_json().decode(),
                    },
                )
            _RETRIED.labels(subscription).inc()


def _take_in_alone(database: Database, subscription: str, handler: Handler, event: Event) -> None:
    for attempt in range(3):
        try:
            _take_in(database, subscription, handler, [event])
            return
        except DBAPIError as error:
            if attempt == 2 or sqlstate(error) not in {"40001", "40P01"}:
                raise


def _try_again(database: Database, subscription: str, handler: Handler, row: Any) -> None:
    key = {"event_id": row.event_id, "subscription": subscription}
    event = Event.from_json(row.body)
    try:
        with database.transaction() as transaction:
            if transaction.connection.scalar(_LOCK_DUE, key) is None:
                return
            if _remember(transaction, subscription, [event.id]):
                _handle(transaction, subscription, handler, event)
            transaction.connection.execute(_FORGET, key)
    except Exception as error:
        if isinstance(error, DBAPIError) and is_disconnect(error):
            raise
        log.warning("attempt %d of %s %s failed: %r", row.attempt + 1, event.type, event.id, error)
        _after_failure(database, key, row, repr(error)[:2000])


def _after_failure(database: Database, key: dict[str, str], row: Any, reason: str) -> None:
    with database.transaction() as transaction:
        if row.attempt < len(RETRY_AFTER):
            delay = RETRY_AFTER[row.attempt]
            transaction.connection.execute(_NEXT_ATTEMPT, key | {"reason": reason, "delay": delay})
            return
        transaction.connection.execute(
            _PARK, key | {"attempts": row.attempt + 1, "reason": reason, "body": row.body}
        )
        transaction.connection.execute(_FORGET, key)
    _PARKED.labels(key["subscription"]).inc()
