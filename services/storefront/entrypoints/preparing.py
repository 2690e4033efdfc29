"""What shops prepare in an hour, on the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.storefront.adapters.store_sql import SqlStore
from services.storefront.application import preparing
from services.storefront.contracts import preparing as wire
from shared.kernel.clock import Clock
from shared.messaging.rpc import answer
from shared.persistence import Database

Wire = dict[str, Any]


class PreparesByTheHour:
    """Part of the storefront: which shops are open in time for a delivery, and have room in the hour."""

    database: Database
    clock: Clock

    @answer
    def obstacles(self, **request: Any) -> Wire:
        """What stands in the way of preparing a basket for each of some delivery windows, and soon."""
        command = wire.ask_windows(request)
        return self._prepare(
            lambda store: wire.obstacles(
                *preparing.obstacles(command, shops=store.shops, places=store.places, clock=self.clock)
            )
        )

    @answer
    def hold_move(self, **request: Any) -> Wire:
        command = wire.hold_move(request)
        self._prepare(lambda store: preparing.hold_move(command, store=store, clock=self.clock))
        return {"held": True}

    @answer
    def drop_move(self, **request: Any) -> Wire:
        command = wire.drop_move(request)
        self._prepare(lambda store: preparing.drop_move(command, store=store))
        return {"dropped": True}

    def _prepare(self, work: Callable[[SqlStore], Any]) -> Any:
        return self.database.run(lambda tx: work(SqlStore(tx)))
