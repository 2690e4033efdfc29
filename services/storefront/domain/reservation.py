"""What is known about one order's units, and what that means for the stock.

A reservation is a set of facts that only grows: the lines, that it was paid, that it was given back, what
was refunded. Its status is derived from them, and the stock follows by the difference between two states.
Facts may arrive in any order and any number of times; the state they lead to is the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum

Lines = Mapping[str, int]


class Status(StrEnum):
    UNKNOWN = "unknown"
    HELD = "held"
    SOLD = "sold"
    RELEASED = "released"


class Release(IntEnum):
    """Why units were given back. Of several reasons the highest stands."""

    TIMED_OUT = 1
    ORDER_EXPIRED = 2
    ORDER_CANCELLED = 3
    RELEASED_BY_ORDERING = 4

    @property
    def reason(self) -> str:
        return self.name.lower().replace("_", "-")


@dataclass(frozen=True, kw_only=True)
class Move:
    """What a change of one reservation does to one listing's level."""

    owned: int = 0
    held: int = 0


@dataclass(frozen=True, kw_only=True)
class Reservation:
    """The facts about one order. Paid outranks given back: what ordering says is paid, is sold."""

    order_id: str
    lines: Lines | None = None
    paid: bool = False
    release: Release | None = None
    returns: Mapping[str, Lines] = field(default_factory=dict)

    @property
    def status(self) -> Status:
        if self.paid and self.lines is not None:
            return Status.SOLD
        if self.release is not None:
            return Status.RELEASED
        return Status.UNKNOWN if self.lines is None else Status.HELD

    def with_payment(self, lines: Lines | None) -> Reservation:
        """The order was paid; ``lines`` say for what, where the payment tells it."""
        return replace(self, paid=True, lines=self.lines if self.lines is not None else lines)

    def with_release(self, release: Release) -> Reservation:
        return replace(self, release=max(release, self.release or release))

    def with_return(self, return_id: str, lines: Lines) -> Reservation:
        """``lines`` came back to the shelf; the same ``return_id`` again changes nothing."""
        if return_id in self.returns:
            return self
        return replace(self, returns={**self.returns, return_id: dict(lines)})

    def moves_from(self, before: Reservation) -> dict[str, Move]:
        """What the step from ``before`` to this does to each listing that it touches."""
        owned, held = self._owned(), self._held()
        owned.subtract(before._owned())
        held.subtract(before._held())
        moves = {key: Move(owned=owned[key], held=held[key]) for key in sorted(owned.keys() | held.keys())}
        return {listing_id: move for listing_id, move in moves.items() if move != Move()}

    def _held(self) -> Counter[str]:
        return Counter(self.lines if self.status is Status.HELD else None)

    def _owned(self) -> Counter[str]:
        """Units that left the shop's hands, as negative numbers; never more come back than were sold."""
        if self.status is not Status.SOLD or self.lines is None:
            return Counter()
        returned: Counter[str] = Counter()
        for lines in self.returns.values():
            returned.update(lines)
        return Counter({key: min(returned[key], sold) - sold for key, sold in self.lines.items()})
