"""What moving orders between slots needs of the outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Protocol

from services.ordering.domain.places import Position, Slot, Window
from services.ordering.domain.rebooking import Rebooking
from services.ordering.domain.slot_choice import Obstacle, OfferedSlot


class Rebookings(Protocol):
    """Moves of orders to other slots: each is decided once, and what it holds is given back once."""

    def add(self, rebooking: Rebooking) -> None: ...

    def find(self, rebooking_id: str) -> Rebooking | None: ...

    def lock(self, rebooking_id: str) -> Rebooking | None:
        """The move, which nobody else decides until the transaction ends."""

    def of(self, order_id: str) -> Sequence[Rebooking]:
        """All moves of an order, the first one first."""

    def settle(self, rebooking: Rebooking) -> None:
        """Write down what became of a move; the order's slot follows one that was made."""

    def released(self, rebooking_id: str) -> None:
        """Nothing is held any more for a move that was refused."""

    def abandoned(self, patience: timedelta, limit: int) -> Sequence[Rebooking]:
        """Moves that nobody has finished for so long, of wall time; each is looked at again after that."""


class SlotDesk(Protocol):
    """Slots of couriers at dispatch, and hours of shops at the storefront. Each may refuse."""

    def slot(self, slot_id: str) -> Window:
        """When a slot that takes another order begins and ends."""

    def slots(self, place: Position) -> tuple[Sequence[OfferedSlot], bool]:
        """The slots of a place that are not over, and whether its zone is paused."""

    def obstacles(
        self, items: Mapping[str, int], windows: Sequence[Window]
    ) -> tuple[Sequence[Sequence[Obstacle]], Sequence[Obstacle]]:
        """What keeps these shops from each window, and from "as soon as possible"."""

    def hold_move(self, order_id: str, number: int, items: Mapping[str, int], window: Window | None) -> None:
        """Hold shops' hours for a move beside those that the order has; idempotent by number."""

    def drop_move(self, order_id: str, number: int) -> None: ...

    def move(self, order_id: str, number: int, slot_id: str | None) -> Slot:
        """Give the delivery another slot; idempotent by number, and what was refused stays refused."""
