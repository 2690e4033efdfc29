"""Verifying the chain over the ledger: all that was sealed is still there, unchanged and in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from services.commission.domain.chain import FORM, GENESIS, Head, Seal, Written, hash_after

PAGE = 500
# Strangers beyond these are not listed.
LISTED = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """A seal with what it seals, as far as that is still there."""

    seal: Seal
    written: Written | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Unsealed:
    transactions: int
    entries: int


class Chain(Protocol):
    """The ledger and its seals, all as they were at one moment."""

    def links(self, after: int, limit: int) -> list[Link]:
        """The seals behind position ``after``, by position, each with its transaction as it is now."""

    def unsealed(self) -> Unsealed:
        """What waits to be sealed, as it was noted when it was posted."""

    def written(self) -> Unsealed:
        """All that stands in the ledger."""

    def strangers(self, limit: int) -> list[tuple[str, str]]:
        """(transaction, problem): what is neither sealed nor waits for it, or waits and is not whole."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Broken:
    """The first link that does not hold."""

    position: int
    transaction_id: str | None
    problem: str


@dataclass(slots=True)
class Verification:
    """``sealed`` links hold, up to ``head``; ``unsealed`` transactions wait; ``anchors`` were compared."""

    sealed: int = 0
    entries: int = 0
    head: Head = field(default_factory=lambda: Head(position=0, hash=GENESIS))
    unsealed: int = 0
    anchors: int = 0
    broken: Broken | None = None
    strangers: list[tuple[str, str]] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        return self.broken is None and not self.strangers


def verify(
    chain: Chain, anchors: Iterable[Head] = (), progress: Callable[[int], None] = lambda _: None
) -> Verification:
    """Recompute every link from the first on, and stop at the first that does not hold.

    ``anchors`` are heads that were written down elsewhere: only they can tell that the end of the chain was
    cut off, or that everything was sealed anew.
    """
    found = Verification()
    wanted = sorted((each for each in anchors if each.position), key=lambda each: each.position)
    while found.broken is None and (links := chain.links(found.head.position, PAGE)):
        for link in links:
            _follow(link, found, wanted)
            if found.broken is not None:
                break
        progress(found.sealed)
    if found.broken is None and wanted:
        found.broken = Broken(
            position=found.head.position + 1,
            transaction_id=None,
            problem=f"the end is missing: the chain ends at {found.head.position},"
            f" an anchor was taken at {wanted[-1].position}",
        )
    _look_beside(chain, found)
    return found


def _follow(link: Link, found: Verification, anchors: list[Head]) -> None:
    position = found.head.position + 1
    problem = _problem(link, position, found.head.hash)
    while problem is None and anchors and anchors[0].position <= position:
        anchor = anchors.pop(0)
        found.anchors += 1
        if anchor.hash != link.seal.hash:
            problem = f"the anchor taken here was {anchor.hash.hex()}: everything up to here was sealed anew"
    if problem is not None:
        there = link.seal.transaction_id if link.seal.position == position else None
        found.broken = Broken(position=position, transaction_id=there, problem=problem)
        return
    found.sealed += 1
    found.entries += link.seal.entries
    found.head = Head(position=position, hash=link.seal.hash)


def _problem(link: Link, position: int, previous: bytes) -> str | None:
    seal, written = link.seal, link.written
    if seal.position != position:
        return f"the seal is gone; the next one is {seal.position}"
    if seal.form != FORM:
        return f"its content is written down in a form that is not known here: {seal.form}"
    if written is None:
        return "the transaction is gone"
    if len(written.entries) != seal.entries:
        return f"{len(written.entries)} of its {seal.entries} entries are there"
    if hash_after(previous, written) != seal.hash:
        return "it does not say what was sealed"
    return None


def _look_beside(chain: Chain, found: Verification) -> None:
    """What is not in the chain has to wait for it; anything else was smuggled in."""
    waiting, there = chain.unsealed(), chain.written()
    found.unsealed = waiting.transactions
    if found.broken is not None:
        return
    counted = Unsealed(
        transactions=found.sealed + waiting.transactions, entries=found.entries + waiting.entries
    )
    if counted != there or waiting.transactions:
        found.strangers = chain.strangers(LISTED)
