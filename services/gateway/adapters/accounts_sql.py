"""Accounts and sessions in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from services.gateway.contracts import published
from services.gateway.domain.accounts import Account, Role
from shared.persistence import Database, Transaction

_COLUMNS = "account_id, role, name, email, phone, password_hash, registered_at"

_ADD = text(f"""
INSERT INTO accounts ({_COLUMNS})
VALUES (:account_id, :role, :name, :email, :phone, :password_hash, :registered_at)
ON CONFLICT DO NOTHING
""")
_BY_ID = text(f"SELECT {_COLUMNS} FROM accounts WHERE account_id = :account_id")
_BY_IDENTITY = text(f"""
SELECT {_COLUMNS} FROM accounts WHERE email = :email OR phone = :phone
ORDER BY email IS NOT DISTINCT FROM :email DESC LIMIT 1
""")
_OPEN_SESSION = text("""
WITH opened AS (
    INSERT INTO sessions (session_id, account_id) VALUES (:session_id, :account_id) RETURNING session_id
)
INSERT INTO refresh_tokens (token_hash, session_id, expires_at)
SELECT :token_hash, session_id, :until FROM opened
""")
# The row of the token is locked by the update, so of two requests with one token only one trades it.
_USE_REFRESH_TOKEN = text("""
WITH used AS (
    UPDATE refresh_tokens AS t SET used_at = :now
    FROM sessions AS s
    WHERE t.token_hash = :token_hash AND t.used_at IS NULL AND t.expires_at > :now
      AND s.session_id = t.session_id AND s.closed_at IS NULL
    RETURNING s.session_id, s.account_id
), following AS (
    INSERT INTO refresh_tokens (token_hash, session_id, expires_at)
    SELECT :next_hash, session_id, :until FROM used
)
SELECT used.session_id, a.* FROM used JOIN accounts AS a USING (account_id)
""")
_CLOSE_SESSION_OF_USED_TOKEN = text("""
UPDATE sessions AS s SET closed_at = coalesce(s.closed_at, :now)
FROM refresh_tokens AS t
WHERE t.token_hash = :token_hash AND t.used_at IS NOT NULL AND s.session_id = t.session_id
RETURNING s.session_id
""")
_CLOSE_SESSION = text("""
UPDATE sessions SET closed_at = :now WHERE session_id = :session_id AND closed_at IS NULL
""")
_PURGE = text("""
WITH gone AS (DELETE FROM refresh_tokens WHERE expires_at < now() - interval '1 day' RETURNING session_id)
DELETE FROM sessions WHERE session_id IN (SELECT session_id FROM gone)
  AND NOT EXISTS (
      SELECT FROM refresh_tokens AS t
      WHERE t.session_id = sessions.session_id AND t.expires_at >= now() - interval '1 day'
  )
""")


class AccountsSql:
    """Accounts within one transaction."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._connection = transaction.connection

    def add(self, account: Account) -> bool:
        stored = self._connection.execute(
            _ADD,
            {
                "account_id": account.account_id,
                "role": account.role.value,
                "name": account.name,
                "email": account.email,
                "phone": account.phone,
                "password_hash": account.password_hash,
                "registered_at": account.registered_at,
            },
        )
        if stored.rowcount == 0:
            return False
        self._transaction.publish(
            "AccountRegistered", account.account_id, published.account_registered(account)
        )
        return True

    def by_id(self, account_id: str) -> Account | None:
        return _account(self._connection.execute(_BY_ID, {"account_id": account_id}).mappings().first())

    def by_identity(self, email: str | None, phone: str | None) -> Account | None:
        found = self._connection.execute(_BY_IDENTITY, {"email": email, "phone": phone})
        return _account(found.mappings().first())

    def open_session(self, session_id: str, account_id: str, token_hash: bytes, until: datetime) -> None:
        self._connection.execute(
            _OPEN_SESSION,
            {"session_id": session_id, "account_id": account_id, "token_hash": token_hash, "until": until},
        )

    def use_refresh_token(
        self, token_hash: bytes, next_hash: bytes, now: datetime, until: datetime
    ) -> tuple[str, Account] | None:
        row = (
            self._connection.execute(
                _USE_REFRESH_TOKEN,
                {"token_hash": token_hash, "next_hash": next_hash, "now": now, "until": until},
            )
            .mappings()
            .first()
        )
        account = _account(row)
        return (row["session_id"], account) if row is not None and account is not None else None

    def close_session_of_used_token(self, token_hash: bytes, now: datetime) -> str | None:
        closed = self._connection.execute(
            _CLOSE_SESSION_OF_USED_TOKEN, {"token_hash": token_hash, "now": now}
        ).scalar()
        return None if closed is None else str(closed)

    def close_session(self, session_id: str, now: datetime) -> None:
        self._connection.execute(_CLOSE_SESSION, {"session_id": session_id, "now": now})


class AccountStoreSql:
    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def begin(self) -> Iterator[AccountsSql]:
        with self._database.transaction() as transaction:
            yield AccountsSql(transaction)

    def purge(self) -> None:
        """Delete sessions whose last refresh token expired more than a day ago."""
        with self._database.transaction() as transaction:
            transaction.connection.execute(_PURGE)


def _account(row: Any | None) -> Account | None:
    if row is None:
        return None
    return Account(
        account_id=row["account_id"],
        role=Role(row["role"]),
        name=row["name"],
        email=row["email"],
        phone=row["phone"],
        password_hash=row["password_hash"],
        registered_at=row["registered_at"].astimezone(UTC),
    )
