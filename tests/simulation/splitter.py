"""An operator who has orders brought by two couriers, whenever that is possible."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.splitting import is_splittable
from services.dispatch.domain.stop import StopKind, StopStatus
from tests.simulation.town import OPERATOR

if TYPE_CHECKING:
    from tests.simulation.actors import People

# In so many worlds, by a chance of its own: all others are lived as they would be without.
_WORLDS = 0.2


class Splitter:
    """Looks at what is on its way, and now and then has a second courier bring a part of it."""

    def __init__(self, people: People) -> None:
        self._people = people
        # Drawn from what the world has been so far, and without taking anything from its own chance.
        self._chance = Random(repr(people.chance.getstate()))
        self._count = 0

    @property
    def is_at_work(self) -> bool:
        return self._chance.random() < _WORLDS

    def look(self) -> None:
        """Split the first order that can be, with one of the parts that are still to be collected."""
        rows = self._people.platform.databases["dispatch"].tables.get("delivery", {})
        for order_id in sorted(rows):
            moved = self._to_move(rows[order_id])
            if moved is not None and self._chance.random() < 0.7:
                self._count += 1
                self._people.ask(
                    OPERATOR,
                    "dispatch",
                    "override",
                    override_id=f"split-{self._count}",
                    kind="split",
                    order_id=order_id,
                    store_order_ids=[moved],
                    reason="by hand",
                )
                return

    def _to_move(self, delivery: Delivery) -> str | None:
        pickups = [stop for stop in delivery.stops if stop.kind is StopKind.PICKUP]
        left = [stop.store_order_id for stop in pickups if stop.is_open]
        kept = [stop for stop in pickups if stop.is_open or stop.status is StopStatus.DONE]
        if not is_splittable(delivery) or not left or len(kept) < 2:
            return None
        return self._chance.choice(left)
