"""The gateway's accounts and idempotency keys, in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from services.gateway.contracts.published import account_registered
from services.gateway.domain.accounts import Account
from services.gateway.domain.idempotency import ABANDONED_AFTER, KeptAnswer, KeyRecord, KeyUse
from shared.persistence import Transaction
from tests.simulation.database import MemoryConnection, MemoryDatabase


@dataclass(frozen=True, kw_only=True)
class KeptKey:
    attempt: str | None
    claimed_at: float
    fingerprint: bytes
    answer: KeptAnswer | None = None


class MemoryKeyRecords:
    """:class:`services.gateway.application.ports.KeyRecords`."""

    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    def claim(self, use: KeyUse, attempt: str) -> KeyRecord | None:
        with self._database.relaxed() as connection:
            now = self._database.world.seconds
            kept = connection.rows("key").get(_of(use))
            if kept is not None and not self._is_free(kept, use, now):
                return KeyRecord(fingerprint=kept.fingerprint, answer=kept.answer)
            taken = KeptKey(attempt=attempt, claimed_at=now, fingerprint=use.fingerprint)
            connection.put("key", _of(use), taken)
            return None

    def _is_free(self, kept: KeptKey, use: KeyUse, now: float) -> bool:
        if kept.answer is not None or kept.fingerprint != use.fingerprint:
            return False
        return kept.attempt is None or kept.claimed_at < now - ABANDONED_AFTER.total_seconds()

    def keep(self, use: KeyUse, attempt: str, answer: KeptAnswer) -> None:
        self._end(use, attempt, answer)

    def give_up(self, use: KeyUse, attempt: str) -> None:
        self._end(use, attempt, None)

    def _end(self, use: KeyUse, attempt: str, answer: KeptAnswer | None) -> None:
        with self._database.relaxed() as connection:
            kept = connection.rows("key").get(_of(use))
            if kept is not None and kept.attempt == attempt:
                ended = KeptKey(
                    attempt=None, claimed_at=kept.claimed_at, fingerprint=kept.fingerprint, answer=answer
                )
                connection.put("key", _of(use), ended)

    def purge(self) -> int:
        return 0


def _of(use: KeyUse) -> tuple[str, str, str]:
    return use.account_id, use.operation, use.key


class MemoryAccounts:
    """What opening an account needs of :class:`services.gateway.application.ports.Accounts`."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._connection: MemoryConnection = transaction.connection  # type: ignore[assignment]

    def add(self, account: Account) -> bool:
        if account.account_id in self._connection.rows("account") or self.by_identity(
            account.email, account.phone
        ):
            return False
        self._connection.put("account", account.account_id, account)
        self._transaction.publish("AccountRegistered", account.account_id, account_registered(account))
        return True

    def by_identity(self, email: str | None, phone: str | None) -> Account | None:
        for account in self._connection.rows("account").values():
            if (email and account.email == email) or (phone and account.phone == phone):
                return account  # type: ignore[no-any-return]
        return None


class MemoryAccountStore:
    def __init__(self, database: MemoryDatabase) -> None:
        self._database = database

    @contextmanager
    def begin(self) -> Iterator[MemoryAccounts]:
        with self._database.transaction() as transaction:
            yield MemoryAccounts(transaction)
