"""Moves of orders to other slots, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from services.ordering.domain.rebooking import Rebooking, RebookingState
from tests.simulation.database import MemoryConnection


class MemoryRebookings:
    def __init__(self, connection: MemoryConnection) -> None:
        self._connection = connection

    def add(self, rebooking: Rebooking) -> None:
        if any(one.state is RebookingState.MOVING for one in self.of(rebooking.order_id)):
            raise ValueError("an order is moved once at a time")
        self._keep(rebooking)

    def find(self, rebooking_id: str) -> Rebooking | None:
        kept = self._connection.rows("rebooking").get(rebooking_id)
        return None if kept is None else kept[0]

    def lock(self, rebooking_id: str) -> Rebooking | None:
        return self.find(rebooking_id)

    def of(self, order_id: str) -> Sequence[Rebooking]:
        kept = (one for one, _ in self._connection.rows("rebooking").values())
        return sorted((one for one in kept if one.order_id == order_id), key=lambda one: one.number)

    def settle(self, rebooking: Rebooking) -> None:
        self._keep(rebooking)

    def released(self, rebooking_id: str) -> None:
        known = self.find(rebooking_id)
        if known is not None and known.state is RebookingState.REFUSED:
            self._keep(replace(known, state=RebookingState.RELEASED))

    def abandoned(self, patience: timedelta, limit: int) -> Sequence[Rebooking]:
        now = self._connection.database.world.seconds
        unfinished = {RebookingState.MOVING, RebookingState.REFUSED}
        due = [
            one
            for one, touched in self._connection.rows("rebooking").values()
            if one.state in unfinished and touched < now - patience.total_seconds()
        ][:limit]
        for one in due:
            self._keep(one)
        return due

    def _keep(self, rebooking: Rebooking) -> None:
        now = self._connection.database.world.seconds
        self._connection.put("rebooking", rebooking.rebooking_id, (rebooking, now))
