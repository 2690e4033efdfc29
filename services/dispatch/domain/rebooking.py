"""An order that its customer moves to another slot, or to "soon", as long as nothing of it is on board.

Each move of an order has a number, and dispatch remembers what became of the last one: so the same move asked
again gets the same answer, however often, and one that arrives late changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from services.dispatch.domain.errors import GoodsOnBoard, MovedOn, WrongState
from services.dispatch.domain.lifecycle import RIDING, UNASSIGNED, Status
from services.dispatch.domain.promise import NOTHING_TOLD
from services.dispatch.domain.zone import SlotWindow

if TYPE_CHECKING:
    from services.dispatch.domain.delivery import Delivery

REBOOKED = "rebooked"


@dataclass(frozen=True, kw_only=True)
class Rebooking:
    """The last move that was asked for, refused or done; ``at`` is when one was done last."""

    number: int = 0
    at: datetime | None = None
    refusal: Mapping[str, Any] | None = None


NEVER_REBOOKED = Rebooking()


def is_decided(delivery: Delivery, number: int) -> bool:
    """Whether this move was decided before; raises :class:`MovedOn` when a later one was."""
    if number < delivery.rebooking.number:
        raise MovedOn
    return number == delivery.rebooking.number


def must_be_movable(delivery: Delivery) -> None:
    """Raises unless the delivery is still to be begun: nothing on board, not ended, not given back."""
    if delivery.trip is not None:
        raise WrongState("Two couriers bring this order; it cannot be moved any more.")
    if delivery.on_board:
        raise GoodsOnBoard("Goods of this order are on board already; it cannot be moved any more.")
    if delivery.status not in UNASSIGNED | RIDING | {Status.HELD}:
        raise WrongState(f"This delivery is {delivery.status}; it cannot be moved any more.")


def move(
    delivery: Delivery, *, slot: SlotWindow | None, promised_at: datetime, number: int, at: datetime
) -> None:
    """Bring it in another slot, as if it had been ordered so: what was foreseen and declined is over.

    No courier has it any more and none is being asked: whoever calls this has seen to that.
    """
    delivery.slot, delivery.promised_at = slot, promised_at
    delivery.eta = delivery.foreseen = None
    delivery.told, delivery.barred = NOTHING_TOLD, {}
    delivery.rebooking = Rebooking(number=number, at=at)
    delivery.wait_anew()


def refuse(delivery: Delivery, number: int, refusal: Mapping[str, Any]) -> None:
    """Remember that this move was refused."""
    delivery.rebooking = Rebooking(number=number, at=delivery.rebooking.at, refusal=refusal)
