"""The gateway's parts, in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from datetime import datetime
from typing import Any

from services.gateway.domain.accounts import Account
from services.gateway.domain.events import ArchivedEvent, AskEvents, EventPage
from services.gateway.domain.idempotency import KeptAnswer, KeyRecord, KeyUse
from shared.kernel.errors import Refusal
from shared.messaging.outbox import OutboxRow


class FakeRpc:
    """Answers what it was told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[tuple[str, str], Any] = {}
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        self.otherwise: Any = None

    def call(self, service: str, method: str, /, *, deadline: float = 5.0, **arguments: Any) -> Any:
        self.asked.append((service, method, arguments))
        found = self.answers.get((service, method), self.otherwise)
        if callable(found):
            found = found(**arguments)
        if isinstance(found, Exception):
            raise found
        return deepcopy(found)

    def gather(self, requests: Any, *, deadline: float = 5.0) -> list[Any]:
        answers = []
        for service, method, arguments in requests:
            try:
                answers.append(self.call(service, method, **arguments))
            except Refusal as refusal:
                answers.append(refusal)
        return answers


class AccountsInMemory:
    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.sessions: dict[str, tuple[str, bool]] = {}
        self.tokens: dict[bytes, tuple[str, datetime, bool]] = {}
        self.published: list[str] = []

    @contextmanager
    def begin(self) -> Iterator[AccountsInMemory]:
        yield self

    def add(self, account: Account) -> bool:
        taken = self.by_identity(account.email, account.phone) or self.by_id(account.account_id)
        if taken:
            return False
        self.accounts[account.account_id] = account
        self.published.append(account.account_id)
        return True

    def by_id(self, account_id: str) -> Account | None:
        return self.accounts.get(account_id)

    def by_identity(self, email: str | None, phone: str | None) -> Account | None:
        for account in self.accounts.values():
            if (email and account.email == email) or (phone and account.phone == phone):
                return account
        return None

    def open_session(self, session_id: str, account_id: str, token_hash: bytes, until: datetime) -> None:
        self.sessions[session_id] = (account_id, True)
        self.tokens[token_hash] = (session_id, until, False)

    def use_refresh_token(
        self, token_hash: bytes, next_hash: bytes, now: datetime, until: datetime
    ) -> tuple[str, Account] | None:
        session_id, expires, used = self.tokens.get(token_hash, ("", now, True))
        account_id, is_open = self.sessions.get(session_id, ("", False))
        if used or expires <= now or not is_open:
            return None
        self.tokens[token_hash] = (session_id, expires, True)
        self.tokens[next_hash] = (session_id, until, False)
        return session_id, self.accounts[account_id]

    def close_session_of_used_token(self, token_hash: bytes, now: datetime) -> str | None:
        session_id, _, used = self.tokens.get(token_hash, ("", now, False))
        if not used:
            return None
        self.close_session(session_id, now)
        return session_id

    def close_session(self, session_id: str, now: datetime) -> None:
        self.sessions[session_id] = (self.sessions.get(session_id, ("", False))[0], False)


class KeyRecordsInMemory:
    def __init__(self) -> None:
        self.records: dict[tuple[str, str, str], tuple[str | None, bytes, KeptAnswer | None]] = {}

    def claim(self, use: KeyUse, attempt: str) -> KeyRecord | None:
        holder, fingerprint, answer = self.records.get(_of(use), (None, use.fingerprint, None))
        if holder is None and answer is None and fingerprint == use.fingerprint:
            self.records[_of(use)] = (attempt, use.fingerprint, None)
            return None
        return KeyRecord(fingerprint=fingerprint, answer=answer)

    def keep(self, use: KeyUse, attempt: str, answer: KeptAnswer) -> None:
        if self.records[_of(use)][0] == attempt:
            self.records[_of(use)] = (attempt, use.fingerprint, answer)

    def give_up(self, use: KeyUse, attempt: str) -> None:
        if self.records[_of(use)][0] == attempt:
            self.records[_of(use)] = (None, use.fingerprint, None)

    def purge(self) -> int:
        return 0


class PlainPasswords:
    """No hash at all: hashing is tested on its own."""

    def hash(self, password: str) -> str:
        return f"plain {password}"

    def verify(self, password: str, password_hash: str | None, identity: str) -> bool:
        return password_hash == f"plain {password}"


class FixedPulse:
    def __init__(self) -> None:
        self.up = {"storefront": True, "ordering": True}
        self.database = True

    def services(self) -> dict[str, bool]:
        return self.up

    def ready(self) -> dict[str, bool]:
        return {"database": self.database}


def _of(use: KeyUse) -> tuple[str, str, str]:
    return use.account_id, use.operation, use.key


class EventsInMemory:
    """The archive of events; ``happens`` is called when somebody waits."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, OutboxRow]] = []
        self.complete: set[str] = set()
        self.waited: list[float] = []
        self.happens: Callable[[], object] = lambda: None

    def keep(self, source: str, rows: Sequence[OutboxRow]) -> None:
        known = {(one, row.id) for one, row in self.kept}
        self.kept += [(source, row) for row in rows if (source, row.id) not in known]

    def is_complete(self, source: str) -> bool:
        return source in self.complete

    def set_complete(self, source: str) -> None:
        self.complete.add(source)

    def read(self, asked: AskEvents) -> EventPage:
        found = [
            ArchivedEvent(offset=offset, body=row.body.decode())
            for offset, (_, row) in enumerate(self.kept)
            if offset >= asked.offset
            and (not asked.types or row.type in asked.types)
            and (not asked.subjects or row.subject in asked.subjects)
        ][: asked.limit]
        is_full = len(found) == asked.limit
        return EventPage(
            events=found,
            next_offset=found[-1].offset + 1 if is_full else max(asked.offset, len(self.kept)),
            first_offset=0,
            last_offset=len(self.kept) - 1,
        )

    def wait_beyond(self, offset: int, seconds: float) -> bool:
        self.waited.append(seconds)
        self.happens()
        return len(self.kept) > offset

    def end(self) -> None:
        """Nobody waits in memory."""
