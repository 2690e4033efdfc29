"""Operators do everything once however short the load is, and leave nothing behind."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

from linli.day.api import Api, ApiRefusal, Person
from linli.day.importing import Cast
from linli.day.timeline import Timeline
from linli.day.town import Habits, Town
from shared.testing.clock import StoppedClock
from tests.trust.neighbourhood import Size, neighbourhood
from tests.trust.operators import Operators

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
BOARD = {
    "deliveries": [
        {"order_id": "waits", "status": "waiting"},
        {
            "order_id": "large",
            "delivery_id": "delivery-of-large",
            "status": "collecting",
            "trip": None,
            "pickups": [
                {"shop_id": "shop-1", "status": "pending"},
                {"shop_id": "shop-2", "status": "pending"},
            ],
        },
        {"order_id": "rides", "status": "assigned"},
    ],
    "couriers": [{"courier_id": "courier-1"}],
}


class Desk:
    """Answers as the gateway does, and keeps what was asked."""

    def __init__(self, refuses: str = "") -> None:
        self.asked: list[str] = []
        self.loans: dict[str, str] = {}
        self._refuses = refuses

    async def get(self, path: str, person: Person, **query: object) -> Any:
        del person, query
        if path == "/v1/orders/large":
            parts = [{"store_order_id": name, "status": "placed"} for name in ("a", "b")]
            return {"store_orders": parts, "to_collect": {"amount": 0, "currency": "CNY"}}
        if path == "/v1/dispatch/loans":
            return {"items": [{"loan_id": name, "status": now} for name, now in self.loans.items()]}
        return BOARD

    async def post(self, path: str, person: Person, key: str, body: Mapping[str, Any]) -> Any:
        del person, key, body
        self.asked.append(f"POST {path}")
        if self._refuses and path.endswith(self._refuses):
            raise ApiRefusal("POST", path, 409, {"code": "wrong-state"})
        if path == "/v1/dispatch/loans":
            self.loans["loan-1"] = "lent"
            return {"loan_id": "loan-1"}
        if path.endswith("/recall"):
            self.loans["loan-1"] = "returned"
        if path.endswith("/slots"):
            return {"items": [{"slot_id": "slot-1"}]}
        return {}

    async def delete(self, path: str, person: Person) -> Any:
        del person
        self.asked.append(f"DELETE {path}")


def play(desk: Desk) -> Town:
    """Operators whose time is over when they begin."""
    cast_ = Cast(zone_id="zone-1", operator=Person("o", "p"), couriers={"c0": Person("c", "p", "courier-1")})
    town = Town(
        day=neighbourhood(1, Size(shops=3, customers=1, couriers=1), 60).day,
        cast=cast_,
        api=cast(Api, desk),
        time=Timeline(clock=StoppedClock(NOON), start=NOON),
        habits=Habits(),
        run="run",
        records={},
    )
    operators = Operators(town=town, next_door="zone-2", chance=random.Random(2))
    operators.over.set()
    asyncio.run(asyncio.wait_for(operators.meddle(), 10))
    return town


def test_every_kind_is_done_once_and_undone() -> None:
    desk = Desk()
    play(desk)
    assert {
        "POST /v1/zones/zone-1/pause",
        "POST /v1/dispatch/deliveries/waits/assign",
        "POST /v1/dispatch/deliveries/large/split",
        "POST /v1/dispatch/loans",
        "POST /v1/courier/break",
        "POST /v1/zones/zone-1/slots",
    } <= set(desk.asked)
    for act in ("take-back", "transfer"):
        assert {f"POST /v1/dispatch/deliveries/{one}/{act}" for one in ("rides", "large")} & set(desk.asked)
    assert desk.asked.index("POST /v1/zones/zone-1/pause") < desk.asked.index("POST /v1/zones/zone-1/resume")
    assert desk.loans == {"loan-1": "returned"}
    assert "DELETE /v1/courier/break" in desk.asked


def test_a_refusal_is_lived_with_and_what_stays_behind_is_put_right_in_the_end() -> None:
    desk = Desk(refuses="/take-back")
    desk.loans["loan-0"] = "lent"
    town = play(desk)
    assert town.surprises["an operator met wrong-state"] == 1
    assert "POST /v1/dispatch/loans/loan-0/recall" in desk.asked
    assert desk.asked.count("POST /v1/zones/zone-1/resume") == 2
