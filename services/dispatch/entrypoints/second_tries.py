"""Second tries at the door, on the wire."""

from __future__ import annotations

from typing import Any

from services.dispatch.adapters.store import SqlStore
from services.dispatch.application import trying
from services.dispatch.contracts import answers, requests, slot_requests
from shared.kernel.clock import Clock
from shared.messaging.rpc import answer
from shared.persistence import Database

Wire = dict[str, Any]


class TriesAgain:
    """Part of dispatch: what becomes of a delivery that failed at the door."""

    database: Database
    clock: Clock

    @answer
    def second_try(self, **request: Any) -> Wire:
        """Come to the door once more, or bring the goods back; for the order's customer and operators."""
        command = requests.load(slot_requests.SECOND_TRY, request)
        delivery = self.database.run(
            lambda tx: trying.second_try(command, store=SqlStore(tx), clock=self.clock)
        )
        told = {"order_id": delivery.of_order, "delivery_id": delivery.delivery_id}
        return told | {
            "status": answers.status_of(delivery),
            "second_try": answers.second_try(delivery.second_try),
        }
