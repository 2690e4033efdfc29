"""Idempotency keys in PostgreSQL: one statement to claim a key, one to keep its answer."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import CursorResult

from services.gateway.domain.idempotency import ABANDONED_AFTER, KEPT, KeptAnswer, KeyRecord, KeyUse
from shared.persistence import Database

# A claim or an answer that a dead database forgets is made again by the next request with the key: what
# it makes has ids derived from the key, so it is the same. No commit here waits for the disk.
_CLAIM = f"""
INSERT INTO idempotency_keys AS k (account_id, operation, key, fingerprint, attempt, abandoned_at)
VALUES (%(account_id)s, %(operation)s, %(key)s, %(fingerprint)s, %(attempt)s,
        clock_timestamp() + interval '{ABANDONED_AFTER.total_seconds()} seconds')
ON CONFLICT (account_id, operation, key) DO UPDATE
SET attempt = excluded.attempt, claimed_at = clock_timestamp(), abandoned_at = excluded.abandoned_at
WHERE k.status IS NULL AND k.abandoned_at <= clock_timestamp() AND k.fingerprint = excluded.fingerprint
RETURNING 1
"""
_READ = """
SELECT fingerprint, status, headers, body FROM idempotency_keys
WHERE account_id = %(account_id)s AND operation = %(operation)s AND key = %(key)s
"""
_KEEP = """
UPDATE idempotency_keys SET status = %(status)s, headers = %(headers)s, body = %(body)s
WHERE account_id = %(account_id)s AND operation = %(operation)s AND key = %(key)s AND attempt = %(attempt)s
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


class KeyRecordsSql:
    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, use: KeyUse, attempt: str) -> KeyRecord | None:
        if self._run(_CLAIM, use, attempt=attempt, fingerprint=use.fingerprint).rowcount:
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
        headers = orjson.dumps(answer.headers).decode() if answer.headers else None
        self._run(_KEEP, use, attempt=attempt, status=answer.status, headers=headers, body=answer.body)

    def give_up(self, use: KeyUse, attempt: str) -> None:
        self._run(_GIVE_UP, use, attempt=attempt)

    def purge(self) -> int:
        with self._database.relaxed() as connection:
            return connection.exec_driver_sql(_PURGE).rowcount

    def _run(self, statement: str, use: KeyUse, **values: Any) -> CursorResult[Any]:
        with self._database.relaxed() as connection:
            return connection.exec_driver_sql(statement, {**_key(use), **values})


def _key(use: KeyUse) -> dict[str, Any]:
    return {"account_id": use.account_id, "operation": use.operation, "key": use.key}
