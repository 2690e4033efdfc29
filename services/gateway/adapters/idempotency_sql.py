"""Idempotency keys in PostgreSQL: a key is claimed by one statement and its answer kept by another.

Requests that claim or keep at the same moment share their statement.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
from psycopg2 import Binary
from sqlalchemy.exc import DBAPIError

from services.gateway.adapters.together import Together
from services.gateway.domain.idempotency import ABANDONED_AFTER, KEPT, KeptAnswer, KeyRecord, KeyUse
from shared.persistence import Database
from shared.persistence.database import is_disconnect

# A claim or an answer that a dead database forgets is made again by the next request with the key: what
# it makes has ids derived from the key, so it is the same. No commit here waits for the disk.
#
# Claims are rows without a status, answers rows with one. A claim takes a key that is new, that was
# abandoned, or that it holds already; an answer takes the key that its attempt holds. The rows come in the
# order of their keys, so two statements never wait for each other crosswise.
_WRITE = f"""
INSERT INTO idempotency_keys AS k
    (account_id, operation, key, fingerprint, attempt, abandoned_at, status, headers, body)
SELECT account_id, operation, key, fingerprint, attempt,
       clock_timestamp() + interval '{ABANDONED_AFTER.total_seconds()} seconds', status, headers, body
FROM unnest(%(account_id)s::text[], %(operation)s::text[], %(key)s::text[], %(fingerprint)s::bytea[],
            %(attempt)s::text[], %(status)s::smallint[], %(headers)s::jsonb[], %(body)s::bytea[])
     AS given(account_id, operation, key, fingerprint, attempt, status, headers, body)
ON CONFLICT (account_id, operation, key) DO UPDATE
SET attempt = excluded.attempt, status = excluded.status, headers = excluded.headers, body = excluded.body,
    claimed_at = CASE WHEN excluded.status IS NULL THEN excluded.claimed_at ELSE k.claimed_at END,
    abandoned_at = CASE WHEN excluded.status IS NULL THEN excluded.abandoned_at ELSE k.abandoned_at END
WHERE k.attempt = excluded.attempt
   OR excluded.status IS NULL AND k.status IS NULL AND k.abandoned_at <= clock_timestamp()
      AND k.fingerprint = excluded.fingerprint
RETURNING attempt
"""
_READ = """
SELECT fingerprint, status, headers, body FROM idempotency_keys
WHERE account_id = %(account_id)s AND operation = %(operation)s AND key = %(key)s
"""
_GIVE_UP = """
UPDATE idempotency_keys SET abandoned_at = clock_timestamp()
WHERE account_id = %(account_id)s AND operation = %(operation)s AND key = %(key)s AND attempt = %(attempt)s
  AND status IS NULL
"""
_PURGE = f"""
DELETE FROM idempotency_keys WHERE (account_id, operation, key) IN (
    SELECT account_id, operation, key FROM idempotency_keys
    WHERE claimed_at < clock_timestamp() - interval '{KEPT.total_seconds()} seconds' LIMIT 2000
)
"""


@dataclass(frozen=True, slots=True)
class _Write:
    """A claim, or with an answer what it came to."""

    use: KeyUse
    attempt: str
    answer: KeptAnswer | None = None


class KeyRecordsSql:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._writes: Together[_Write, bool] = Together(self._write_all, _is_away)

    def claim(self, use: KeyUse, attempt: str) -> KeyRecord | None:
        if self._write(_Write(use, attempt)):
            return None
        with self._database.relaxed() as connection:
            row = connection.exec_driver_sql(_READ, _key(use)).first()
        if row is None:
            return self.claim(use, attempt)  # Purged between the two statements.
        answer = None
        if row.status is not None:
            answer = KeptAnswer(status=row.status, body=bytes(row.body), headers=row.headers or {})
        return KeyRecord(fingerprint=bytes(row.fingerprint), answer=answer)

    def keep(self, use: KeyUse, attempt: str, answer: KeptAnswer) -> None:
        self._write(_Write(use, attempt, answer))

    def give_up(self, use: KeyUse, attempt: str) -> None:
        with self._database.relaxed() as connection:
            connection.exec_driver_sql(_GIVE_UP, {**_key(use), "attempt": attempt})

    def purge(self) -> int:
        with self._database.relaxed() as connection:
            return connection.exec_driver_sql(_PURGE).rowcount

    def _write(self, write: _Write) -> bool:
        """Whether the key was free for it, or its own."""
        use = write.use
        return self._writes.ask((use.account_id, use.operation, use.key), write)

    def _write_all(self, writes: list[_Write]) -> list[bool]:
        with self._database.relaxed() as connection:
            written = {row[0] for row in connection.exec_driver_sql(_WRITE, _columns(writes))}
        return [write.attempt in written for write in writes]


def _columns(writes: list[_Write]) -> dict[str, Any]:
    rows = sorted(writes, key=lambda write: (write.use.account_id, write.use.operation, write.use.key))
    answers = [row.answer for row in rows]
    return {
        "account_id": [row.use.account_id for row in rows],
        "operation": [row.use.operation for row in rows],
        "key": [row.use.key for row in rows],
        "fingerprint": [Binary(row.use.fingerprint) for row in rows],
        "attempt": [row.attempt for row in rows],
        "status": [answer and answer.status for answer in answers],
        "headers": [
            orjson.dumps(answer.headers).decode() if answer and answer.headers else None for answer in answers
        ],
        "body": [answer and Binary(answer.body) for answer in answers],
    }


def _key(use: KeyUse) -> dict[str, Any]:
    return {"account_id": use.account_id, "operation": use.operation, "key": use.key}


def _is_away(error: Exception) -> bool:
    return isinstance(error, DBAPIError) and is_disconnect(error)
