"""Slots of dispatch and hours of shops, asked over RPC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.ordering.adapters.peers_rpc import window_wire
from services.ordering.contracts.moments import moment_of
from services.ordering.domain.places import Position, Slot, Window
from services.ordering.domain.slot_choice import Obstacle, OfferedSlot
from shared.kernel.clock import from_wire
from shared.messaging.rpc import RpcClient

# Wall seconds that somebody waits at most for an answer.
DEADLINE = 3.0


class SlotDeskRpc:
    """:class:`services.ordering.application.ports.SlotDesk`."""

    def __init__(self, rpc: RpcClient) -> None:
        self._rpc = rpc

    def slot(self, slot_id: str) -> Window:
        return _window(self._rpc.call("dispatch", "slot", deadline=DEADLINE, slot_id=slot_id))

    def slots(self, place: Position) -> tuple[Sequence[OfferedSlot], bool]:
        told = self._rpc.call("dispatch", "slots_today", deadline=DEADLINE, lat=place.lat, lon=place.lon)
        return [_slot(item) for item in told["items"]], told["paused"]

    def obstacles(
        self, items: Mapping[str, int], windows: Sequence[Window]
    ) -> tuple[Sequence[Sequence[Obstacle]], Sequence[Obstacle]]:
        told = self._rpc.call(
            "storefront",
            "obstacles",
            deadline=DEADLINE,
            shops=_shops(items),
            windows=[window_wire(window) for window in windows],
        )
        return [[_obstacle(one) for one in found] for found in told["windows"]], [
            _obstacle(one) for one in told["soon"]
        ]

    def hold_move(self, order_id: str, number: int, items: Mapping[str, int], window: Window | None) -> None:
        self._rpc.call(
            "storefront",
            "hold_move",
            deadline=DEADLINE,
            order_id=order_id,
            number=number,
            preparation={"shops": _shops(items), "window": window and window_wire(window)},
        )

    def drop_move(self, order_id: str, number: int) -> None:
        self._rpc.call("storefront", "drop_move", deadline=DEADLINE, order_id=order_id, number=number)

    def move(self, order_id: str, number: int, slot_id: str | None) -> Slot:
        moved = self._rpc.call(
            "dispatch", "rebook", deadline=DEADLINE, order_id=order_id, number=number, slot_id=slot_id
        )
        slot = moved.get("slot") or {}
        return Slot(
            slot_id=slot.get("slot_id"),
            starts_at=moment_of(slot.get("starts_at")),
            ends_at=moment_of(slot.get("ends_at")),
            promised_at=moment_of(moved.get("promised_at")),
        )


def _shops(items: Mapping[str, int]) -> list[dict[str, Any]]:
    return [{"shop_id": shop_id, "items": count} for shop_id, count in items.items()]


def _window(wire: Mapping[str, Any]) -> Window:
    return Window(starts_at=from_wire(wire["starts_at"]), ends_at=from_wire(wire["ends_at"]))


def _slot(wire: Mapping[str, Any]) -> OfferedSlot:
    return OfferedSlot(
        slot_id=wire["slot_id"],
        zone_id=wire["zone_id"],
        window=_window(wire),
        cutoff_at=from_wire(wire["cutoff_at"]),
        capacity=wire["capacity"],
        left=wire["left"],
        state=wire["state"],
    )


def _obstacle(wire: Mapping[str, Any]) -> Obstacle:
    return Obstacle(
        shop_id=wire["shop_id"],
        name=wire["name"],
        reason=wire["reason"],
        opens_at=moment_of(wire["opens_at"]),
    )
