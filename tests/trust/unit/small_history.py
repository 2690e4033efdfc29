"""A small history of dispatch in which everything is as it must be.

Two planners: the first loses the zone before it has a plan, the second asks a courier, who says yes. Then the
zone is paused for a while, another courier is lent and comes back, and a slot takes two orders, one of
which leaves.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.trust.history import Change

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
ZONE, NEXT_DOOR = "zone-1", "zone-2"


class Notes:
    """Notes changes of rows, as the database does."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self._rows: dict[tuple[str, str], Mapping[str, Any]] = {}

    def row(self, table: str, key: str, *, tx: int, backend: int = 1, **values: object) -> None:
        before = self._rows.get((table, key))
        after = {**(before or {}), **values}
        self._rows[table, key] = after
        self.changes.append(
            Change(
                number=len(self.changes) + 1,
                tx=tx,
                began=NOON + timedelta(seconds=tx),
                backend=backend,
                table=table,
                before=before,
                after=after,
            )
        )


def small_history(order_id: str, courier_id: str) -> list[Change]:
    notes = Notes()

    def plan(tx: int, **values: Any) -> None:
        notes.row("zone_plan", ZONE, tx=tx, **values)

    def until(second: int) -> str:
        return (NOON + timedelta(seconds=second)).isoformat()

    nobody: dict[str, Any] = {"holder": None, "leased_until": None}
    plan(1, zone_id=ZONE, token=0, plan_version=0, planned_at=None, **nobody)
    plan(2, token=1, holder="first", leased_until=until(7), backend=1)
    plan(8, token=2, holder="second", leased_until=until(13), backend=2)
    asked: dict[str, Any] = {
        "offer_id": "offer-1",
        "zone_id": ZONE,
        "courier_id": courier_id,
        "order_ids": [order_id],
        "plan_version": 1,
        "status": "open",
    }
    notes.row("offer", "offer-1", tx=9, backend=2, **asked)
    plan(9, plan_version=1, planned_at=until(8), **nobody, backend=2)
    notes.row("offer", "offer-1", tx=10, status="accepted")
    plan(11, token=3, **nobody)
    notes.row("zone_pause", ZONE, tx=11, zone_id=ZONE, resumed_at=None)
    notes.row("zone_pause", ZONE, tx=12, resumed_at=until(12))
    who: dict[str, Any] = {"courier_id": "courier-2", "from_zone_id": ZONE, "to_zone_id": NEXT_DOOR}
    notes.row("courier", "courier-2", tx=13, courier_id="courier-2", zone_id=ZONE)
    notes.row("courier", "courier-2", tx=14, zone_id=NEXT_DOOR)
    notes.row("loan", "loan-1", tx=14, loan_id="loan-1", status="lent", **who)
    notes.row("courier", "courier-2", tx=15, zone_id=ZONE)
    notes.row("loan", "loan-1", tx=15, status="returned")
    notes.row("slot", "slot-1", tx=16, slot_id="slot-1", capacity=2, taken=0, version=1)
    for tx, taken in ((17, 1), (18, 2), (19, 1)):
        notes.row("slot", "slot-1", tx=tx, taken=taken)
    return notes.changes
