"""A world at rest, as the checks look at it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import orjson

from services.dispatch.domain.delivery import Delivery
from services.ordering.domain.order import Order
from tests.simulation.database import MemoryConnection

if TYPE_CHECKING:
    from tests.simulation.world import World


class Case:
    """A world at rest, as the checks look at it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.platform = world.platform
        self.provider = world.platform.provider
        self.orders: dict[str, Order] = self.rows("ordering", "orders")

    def rows(self, service: str, table: str) -> dict[Any, Any]:
        return self.platform.databases[service].tables.get(table, {})

    def connection(self, service: str) -> MemoryConnection:
        return MemoryConnection(self.platform.databases[service], None)

    def events(self, service: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for row in self.rows(service, "outbox").values():
            yield row["type"], orjson.loads(row["data"])

    def trips(self) -> dict[str, list[Delivery]]:
        """What dispatch has of each order: one delivery, or two where it was split."""
        found: dict[str, list[Delivery]] = {}
        for delivery in self.rows("dispatch", "delivery").values():
            found.setdefault(delivery.of_order, []).append(delivery)
        return found

    def refunded(self, order_id: str) -> int:
        refunds = self.rows("ordering", "refund").values()
        return sum(refund.amount for refund in refunds if refund.order_id == order_id)
