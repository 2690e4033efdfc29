"""Slots of baskets and orders, on the wire."""

from __future__ import annotations

from typing import Any

from services.ordering.adapters.slot_desk_rpc import SlotDeskRpc
from services.ordering.adapters.unit_of_work import TransactionsSql
from services.ordering.application import choosing, rebooking
from services.ordering.contracts import requests, slot_requests, views
from shared.kernel.clock import Clock
from shared.messaging.rpc import RpcClient, answer
from shared.messaging.timer import every
from shared.persistence import Database

Wire = dict[str, Any]


class ChoosesSlots:
    """Part of ordering: when a basket can come, and when a paid order comes instead."""

    database: Database
    clock: Clock
    rpc: RpcClient

    @answer
    def slots(self, **request: Any) -> Wire:
        """The slots of a quote, or of a place and shops, each with what stands in its way."""
        command = requests.load(slot_requests.ASK_SLOTS, request)
        found = choosing.slots_of_basket(
            command, transactions=TransactionsSql(self.database), desk=SlotDeskRpc(self.rpc)
        )
        return slot_requests.choices(found.slots, found.soon)

    @answer
    def rebook(self, **request: Any) -> Wire:
        """Move a paid order to another slot, for its customer or an operator."""
        command = requests.load(slot_requests.REBOOK, request)
        done = rebooking.rebook_order(
            command,
            transactions=TransactionsSql(self.database),
            desk=SlotDeskRpc(self.rpc),
            clock=self.clock,
        )
        return slot_requests.rebooking(done.rebooking) | {"order": views.order(done.order)}

    @answer
    def rebookings(self, **request: Any) -> Wire:
        asked = requests.load(requests.ORDER, request)
        found = rebooking.rebookings(
            asked["order_id"], asked["actor"], transactions=TransactionsSql(self.database)
        )
        return {"items": [slot_requests.rebooking(one) for one in found], "next_cursor": None}

    @every(seconds=5.0)
    def finish_rebookings(self) -> None:
        rebooking.finish_rebookings(
            transactions=TransactionsSql(self.database), desk=SlotDeskRpc(self.rpc), clock=self.clock
        )
