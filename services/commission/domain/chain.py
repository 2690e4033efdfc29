"""The chain over the journal: each transaction is sealed by a hash over the one before and its own content.

Whoever changes, adds, moves or takes out what is sealed would have to seal everything after it anew; and then
the newest hash is no longer the one that was written down elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

# What the first seal is chained to.
GENESIS = bytes(32)
# How content is written down to be hashed; it stands in each seal, so that it can change one day.
FORM = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenEntry:
    """An entry as it stands in the ledger."""

    entry_id: int
    account: str
    amount: int
    currency: str
    kind: str
    order_id: str | None
    store_order_id: str | None
    promotion_link_id: str | None
    rate_bp: int | None
    base: int | None
    note: str | None
    reverses: str | None
    posted_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A transaction as it stands in the ledger, its entries in the order of their ids."""

    transaction_id: str
    natural_key: str
    event_type: str
    order_id: str | None
    currency: str
    rate_plan: int | None
    occurred_at: datetime
    posted_at: datetime
    entries: tuple[WrittenEntry, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """The newest seal; ``position`` is 0 where nothing is sealed. Kept elsewhere it is an anchor."""

    position: int
    hash: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Seal:
    """The place of a transaction in the chain, and which entries it has."""

    position: int
    transaction_id: str
    first_entry: int
    last_entry: int
    entries: int
    hash: bytes
    form: int = FORM


NOTHING_SEALED = Head(position=0, hash=GENESIS)


def canonical(written: Written) -> bytes:
    """Everything that ``written`` says, in one way only (form 1).

    A JSON array in UTF-8 without white space; times in UTC with microseconds; entries in the order of their
    ids.
    """
    posted_at = _time(written.posted_at)
    content = [
        FORM,
        written.transaction_id,
        written.natural_key,
        written.event_type,
        written.order_id,
        written.currency,
        written.rate_plan,
        _time(written.occurred_at),
        posted_at,
        [
            _entry(entry, posted_at if entry.posted_at == written.posted_at else _time(entry.posted_at))
            for entry in written.entries
        ],
    ]
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def hash_after(previous: bytes, written: Written) -> bytes:
    """The hash that seals ``written`` behind ``previous``."""
    return hashlib.sha256(previous + canonical(written)).digest()


def seals_after(head: Head, transactions: Iterable[Written]) -> list[Seal]:
    """Seal ``transactions`` in this order behind ``head``."""
    seals, position, last = [], head.position, head.hash
    for written in transactions:
        position, last = position + 1, hash_after(last, written)
        seals.append(
            Seal(
                position=position,
                transaction_id=written.transaction_id,
                first_entry=written.entries[0].entry_id,
                last_entry=written.entries[-1].entry_id,
                entries=len(written.entries),
                hash=last,
            )
        )
    return seals


def _entry(entry: WrittenEntry, posted_at: str) -> list[Any]:
    return [
        entry.entry_id,
        entry.account,
        entry.amount,
        entry.currency,
        entry.kind,
        entry.order_id,
        entry.store_order_id,
        entry.promotion_link_id,
        entry.rate_bp,
        entry.base,
        entry.note,
        entry.reverses,
        posted_at,
    ]


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
