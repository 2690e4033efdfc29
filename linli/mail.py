"""Dead letters and outboxes, read and mended where they lie: in each service's own database."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from linli.failures import Failure
from linli.stack import databases

_COLUMNS = "id, subscription, event_id, attempts, reason, body, parked_at"
_LAG = """
SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(written_at)), 0)
FROM outbox WHERE sent_at IS NULL
"""
_REQUEUE = """
WITH taken AS (DELETE FROM parked WHERE id = %s AND event_id IS NOT NULL RETURNING *)
INSERT INTO inbox_retry (event_id, subscription, attempt, next_at, reason, body)
SELECT event_id, subscription, 0, clock_timestamp(), reason, body FROM taken
ON CONFLICT (event_id, subscription) DO UPDATE SET attempt = 0, next_at = excluded.next_at
"""


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """An event that a subscription gave up on."""

    service: str
    number: int
    subscription: str
    event_id: str | None
    attempts: int
    reason: str
    body: str
    parked_at: datetime

    @property
    def ref(self) -> str:
        return f"{self.service}/{self.number}"

    @property
    def what(self) -> str:
        """The event's type and id, or that it is none."""
        if self.event_id is None:
            return "a message that is no event"
        try:
            type_ = json.loads(self.body).get("type", "event")
        except ValueError:
            type_ = "event"
        return f"{type_} {self.event_id}"


def dead_letters(urls: Mapping[str, str]) -> Iterator[DeadLetter]:
    """All of them, oldest first in each service."""
    for service, url in sorted(urls.items()):
        for row in _query(url, f"SELECT {_COLUMNS} FROM parked ORDER BY id"):
            yield _letter(service, row)


def dead_letter(urls: Mapping[str, str], ref: str) -> DeadLetter:
    """The one that ``ref`` (`ordering/17`) names; raises :class:`Failure` when there is none."""
    service, number = _parsed(urls, ref)
    rows = _query(urls[service], f"SELECT {_COLUMNS} FROM parked WHERE id = %s", number)
    if not rows:
        raise Failure(f"There is no dead letter {ref}.")
    return _letter(service, rows[0])


def requeue(urls: Mapping[str, str], ref: str) -> DeadLetter:
    """Give it back to its subscription, with all attempts before it."""
    letter = dead_letter(urls, ref)
    if letter.event_id is None:
        raise Failure(f"{ref} is no event: trying again cannot help. Look at it, then drop it.")
    _execute(urls[letter.service], _REQUEUE, letter.number)
    return letter


def drop(urls: Mapping[str, str], ref: str) -> None:
    letter = dead_letter(urls, ref)
    _execute(urls[letter.service], "DELETE FROM parked WHERE id = %s", letter.number)


def outbox_lag(urls: Mapping[str, str]) -> Iterator[tuple[str, int, float]]:
    """For each service: how many events wait to be sent, and the age of the oldest in seconds."""
    for service, url in sorted(urls.items()):
        count, seconds = _query(url, _LAG)[0]
        yield service, int(count), float(seconds)


def _letter(service: str, row: tuple[Any, ...]) -> DeadLetter:
    number, subscription, event_id, attempts, reason, body, parked_at = row
    return DeadLetter(
        service=service,
        number=number,
        subscription=subscription,
        event_id=event_id,
        attempts=attempts,
        reason=reason,
        body=body,
        parked_at=parked_at,
    )


def _parsed(urls: Mapping[str, str], ref: str) -> tuple[str, int]:
    service, _, number = ref.partition("/")
    if service not in urls or not number.isdigit():
        raise Failure(
            f"{ref!r} names no dead letter: write it as `list` shows it, like ordering/17.", exit_code=2
        )
    return service, int(number)


def _query(url: str, statement: str, *values: object) -> list[tuple[Any, ...]]:
    with closing(databases.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def _execute(url: str, statement: str, *values: object) -> None:
    with closing(databases.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(statement, values)
