"""What the gateway's use cases need from outside."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.gateway.domain.accounts import Account, Principal
from services.gateway.domain.events import AskEvents, EventPage
from services.gateway.domain.idempotency import KeptAnswer, KeyRecord, KeyUse


class Accounts(Protocol):
    """One transaction over accounts and sessions."""

    def add(self, account: Account) -> bool:
        """Store it and publish AccountRegistered; false when its id, email or phone is taken."""

    def by_id(self, account_id: str) -> Account | None: ...

    def by_identity(self, email: str | None, phone: str | None) -> Account | None: ...

    def open_session(self, session_id: str, account_id: str, token_hash: bytes, until: datetime) -> None: ...

    def use_refresh_token(
        self, token_hash: bytes, next_hash: bytes, now: datetime, until: datetime
    ) -> tuple[str, Account] | None:
        """Trade the token for the next one: its session and account, or none when it cannot be used."""

    def close_session_of_used_token(self, token_hash: bytes, now: datetime) -> str | None:
        """Close the session whose token comes a second time; its id, or none when the token is unknown."""

    def close_session(self, session_id: str, now: datetime) -> None: ...


class AccountStore(Protocol):
    def begin(self) -> AbstractContextManager[Accounts]:
        """Commits at the end of the block, undoes when it raises."""


class Passwords(Protocol):
    def hash(self, password: str) -> str: ...

    def verify(self, password: str, password_hash: str | None, identity: str) -> bool:
        """Whether it is the password. Takes as long when there is no hash; counts failures per identity."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RefreshToken:
    text: str
    hash: bytes


class Tokens(Protocol):
    """Access tokens are signed, refresh tokens are random."""

    lifetime_seconds: int

    def access_token(self, principal: Principal) -> str: ...

    def refresh_token(self) -> RefreshToken: ...

    def hash_of(self, refresh_token: str) -> bytes: ...

    def forget_session(self, session_id: str) -> None:
        """Stop taking the session's access tokens in this process; elsewhere they end by their lifetime."""


class EventArchive(Protocol):
    """Every event of the platform at an offset; offsets follow each other from 0 without a gap, for good.

    Where there is none, reading raises a refusal that says where events are read instead.
    """

    def read(self, asked: AskEvents) -> EventPage:
        """What there is now. It may be a page without events that is not the end."""

    def wait_beyond(self, offset: int, seconds: float) -> bool:
        """Wait until there is an event at ``offset`` or after it; false when there was none in time."""

    def end(self) -> None:
        """Let nobody wait any more: the process is ending."""


class KeyRecords(Protocol):
    """Idempotency keys and their answers. Each call is one short transaction of its own."""

    def claim(self, use: KeyUse, attempt: str) -> KeyRecord | None:
        """None when the caller may run, as ``attempt``; else the record that another request holds."""

    def keep(self, use: KeyUse, attempt: str, answer: KeptAnswer) -> None:
        """Keep the answer of ``attempt``; does nothing when the claim has passed to another attempt."""

    def give_up(self, use: KeyUse, attempt: str) -> None:
        """End the claim without an answer: the next request with the key runs."""

    def purge(self) -> int:
        """Delete what is older than it is promised to be kept; how many."""
