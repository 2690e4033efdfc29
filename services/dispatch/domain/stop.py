"""A stop: one visit on a courier's route, at a shop, at the door, or at a shop that gets its goods back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.dispatch.domain.errors import WrongState
from services.dispatch.domain.facts import DropOff, Pickup
from services.dispatch.domain.places import Position
from services.dispatch.domain.proof import Proved
from services.dispatch.domain.vehicle import USUAL_LOAD, Load
from shared.kernel.ids import derived_id


class StopKind(StrEnum):
    PICKUP = "pickup"
    DROP_OFF = "drop_off"
    RETURN = "return"


class StopStatus(StrEnum):
    PENDING = "pending"
    ARRIVED = "arrived"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


MAY_BECOME: dict[StopStatus, frozenset[StopStatus]] = {
    StopStatus.PENDING: frozenset({StopStatus.ARRIVED, StopStatus.FAILED, StopStatus.SKIPPED}),
    StopStatus.ARRIVED: frozenset(
        {StopStatus.DONE, StopStatus.FAILED, StopStatus.SKIPPED, StopStatus.PENDING}
    ),
    StopStatus.DONE: frozenset(),
    StopStatus.FAILED: frozenset({StopStatus.PENDING}),
    StopStatus.SKIPPED: frozenset(),
}
OPEN = frozenset({StopStatus.PENDING, StopStatus.ARRIVED})


@dataclass(frozen=True, kw_only=True)
class Stop:
    """One visit and how far it has come. ``leg_m`` is what the courier rode to get here.

    ``proof`` is what the courier noted; ``proved`` what was checked. ``tries`` counts wrong codes.
    """

    stop_id: str
    kind: StopKind
    place: Position
    name: str = ""
    store_order_id: str | None = None
    shop_id: str | None = None
    preparation_minutes: int = 0
    load: Load = USUAL_LOAD
    status: StopStatus = StopStatus.PENDING
    arrived_at: datetime | None = None
    ended_at: datetime | None = None
    leg_m: int = 0
    proof: Mapping[str, str] | None = None
    proved: Proved | None = None
    photo_at: datetime | None = None
    tries: int = 0
    tried_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    def become(self, status: StopStatus) -> Stop:
        """The stop in its next state; raises :class:`WrongState` where the table does not allow it."""
        if status not in MAY_BECOME[self.status]:
            raise WrongState(f"This stop is {self.status} and cannot become {status}.")
        return replace(self, status=status)


def first_stops(order_id: str, pickups: Iterable[Pickup], drop_off: DropOff) -> list[Stop]:
    """The stops of an order before anything has happened: every pickup, then the door."""
    stops = [
        Stop(
            stop_id=derived_id("stop", order_id, pickup.store_order_id),
            kind=StopKind.PICKUP,
            place=pickup.place,
            name=pickup.name,
            store_order_id=pickup.store_order_id,
            shop_id=pickup.shop_id,
            preparation_minutes=pickup.preparation_minutes,
            load=pickup.load,
        )
        for pickup in pickups
    ]
    door = Stop(
        stop_id=derived_id("stop", order_id, "drop_off"), kind=StopKind.DROP_OFF, place=drop_off.place
    )
    return [*stops, door]
