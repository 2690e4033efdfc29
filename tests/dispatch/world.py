"""Dispatch on a real database, driven as its wire drives it, without the wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import text

from services.dispatch.adapters.desk import SqlDesk
from services.dispatch.adapters.experience import Experience
from services.dispatch.adapters.proofs import Codes
from services.dispatch.adapters.views import Views
from services.dispatch.adapters.zones import KnownZones
from services.dispatch.application.planner import Epoch, PlannerPolicy, plan_next_zone
from services.dispatch.application.travelling import TravelMemory
from services.dispatch.domain.delivery import Delivery
from services.dispatch.entrypoints.service import DispatchService
from services.dispatch.settings import Settings
from shared.kernel.clock import to_wire
from shared.kernel.ids import UuidV7
from shared.messaging import inbox
from shared.messaging.envelope import Event
from shared.persistence import Database
from shared.testing.clock import StoppedClock
from tests.dispatch.builders import NOON, ZONE_ID, Position, place

OPERATOR = {"account_id": "operator-1", "role": "operator"}


def courier_actor(courier_id: str) -> dict[str, str]:
    return {"account_id": courier_id, "role": "courier"}


class World:
    """The service's own methods over a database and a clock that stands still."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.clock = StoppedClock(NOON)
        self.policy = PlannerPolicy(solve_seconds=5.0, debounce=timedelta(0), least_wall_seconds=0.001)
        self.service = DispatchService()
        self.service.database = database
        self.service.clock = self.clock
        self.service.settings = Settings(expiry_grace_seconds=10.0, policy=self.policy)
        self.service.known_zones = KnownZones()
        self.service.codes = Codes()
        self.service.experience = Experience(lambda: float("inf"))
        self.travel: TravelMemory | None = None
        self._events = 0

    def call(self, method: str, **arguments: Any) -> Any:
        return getattr(self.service, method)(**arguments)

    def open_zone(self, **settings: float) -> None:
        area = {"south": 30.0, "west": 120.0, "north": 30.5, "east": 120.5}
        self.call("open_zone", actor=OPERATOR, zone_id=ZONE_ID, name="Lake", area=area, settings=settings)

    def open_slot(self, slot_id: str = "slot-1", capacity: int = 2, starts_in: int = 120) -> None:
        starts = self.clock.now() + timedelta(minutes=starts_in)
        slot = {
            "slot_id": slot_id,
            "starts_at": to_wire(starts),
            "ends_at": to_wire(starts + timedelta(hours=1)),
            "cutoff_at": to_wire(starts - timedelta(minutes=30)),
            "capacity": capacity,
        }
        self.call("open_slots", actor=OPERATOR, zone_id=ZONE_ID, slots=[slot])

    def hold(self, order_id: str, **options: Any) -> Any:
        return self.call("hold", **self.hold_request(order_id, **options))

    def hold_request(
        self,
        order_id: str,
        slot_id: str = "asap",
        shops: Sequence[Position] = (),
        door: Position | None = None,
    ) -> dict[str, Any]:
        where = list(shops) or [place(500), place(700, 300)]
        return {
            "order_id": order_id,
            "slot_id": slot_id,
            "drop_off": (door or place(0, 900)).to_wire() | {"address": "Lakeside 7", "contact": "Mrs Lin"},
            "pickups": [
                {
                    "store_order_id": f"{order_id}.{number}",
                    "shop_id": f"shop-{number}",
                    "name": f"Shop {number}",
                    "position": position.to_wire(),
                    "preparation_minutes": 15,
                }
                for number, position in enumerate(where)
            ],
            "expires_at": to_wire(self.clock.now() + timedelta(minutes=15)),
        }

    def event(self, type: str, subject: str, data: Mapping[str, Any], source: str = "ordering") -> Event:
        self._events += 1
        return Event(
            id=f"event-{self._events}-{subject}",
            type=type,
            source=source,
            subject=subject,
            time=to_wire(self.clock.now()),
            version=1,
            sequence=1,
            data=data,
        )

    def paid(self, order_id: str) -> Event:
        data = {"order_id": order_id, "customer_id": "customer-1", "paid_at": to_wire(self.clock.now())}
        return self.event("OrderPaid", order_id, data)

    def accepted(self, order_id: str, number: int, ready_at: datetime) -> Event:
        data = {
            "order_id": order_id,
            "store_order_id": f"{order_id}.{number}",
            "shop_id": f"shop-{number}",
            "accepted_at": to_wire(self.clock.now()),
            "ready_at": to_wire(ready_at),
        }
        return self.event("StoreOrderAccepted", f"{order_id}.{number}", data)

    def rejected(self, order_id: str, number: int) -> Event:
        data = {"order_id": order_id, "store_order_id": f"{order_id}.{number}", "reason": "sold-out"}
        return self.event("StoreOrderRejected", f"{order_id}.{number}", data)

    def ready(self, order_id: str, number: int, ready_at: datetime) -> Event:
        data = {
            "order_id": order_id,
            "store_order_id": f"{order_id}.{number}",
            "ready_at": to_wire(ready_at),
        }
        return self.event("StoreOrderReady", f"{order_id}.{number}", data)

    def cancelled(self, order_id: str) -> Event:
        return self.event("OrderCancelled", order_id, {"order_id": order_id, "reason": "changed-my-mind"})

    def expired(self, order_id: str) -> Event:
        return self.event("OrderExpired", order_id, {"order_id": order_id})

    def consume(self, *events: Event) -> None:
        """Take events in as the subscription does; none may be put aside."""
        for source, method in (
            ("ordering", DispatchService.on_ordering),
            ("gateway", DispatchService.on_gateway),
        ):
            mine = [event for event in events if event.source == source]
            handle = method.handle  # type: ignore[attr-defined]
            if mine:
                inbox.consume(
                    self.database,
                    f"dispatch.from.{source}",
                    lambda tx, event, handle=handle: handle(self.service, tx, event),  # type: ignore[misc]
                    mine,
                )
        assert self.scalar("SELECT count(*) FROM inbox_retry") == 0

    def on_shift(self, courier_id: str, where: Position | None = None, hours: float = 4) -> None:
        self.call("approve_courier", actor=OPERATOR, courier_id=courier_id)
        self.call(
            "start_shift",
            actor=courier_actor(courier_id),
            shift_id=f"shift-{courier_id}-{self.clock.now().isoformat()}",
            zone_id=ZONE_ID,
            ends_at=to_wire(self.clock.now() + timedelta(hours=hours)),
            position=(where or place()).to_wire(),
        )

    def a_paid_order(self, order_id: str, ready_in: float = 5, **held: Any) -> None:
        request = self.hold_request(order_id, **held)
        self.call("hold", **request)
        ready_at = self.clock.now() + timedelta(minutes=ready_in)
        self.consume(
            self.paid(order_id),
            *(self.accepted(order_id, number, ready_at) for number in range(len(request["pickups"]))),
        )

    def plan(self) -> Epoch | None:
        """What a planner does next, a second later."""
        self.clock.advance(timedelta(seconds=1))
        return plan_next_zone(
            self.desk(), clock=self.clock, ids=UuidV7(), policy=self.policy, travel=self.travel
        )

    def desk(self, holder: str = "planner", lease_seconds: float = 30.0) -> SqlDesk:
        return SqlDesk(self.database, holder, lease_seconds)

    def advance(self, minutes: float) -> None:
        self.clock.advance(timedelta(minutes=minutes))

    def route(self, courier_id: str) -> Any:
        return self.call("route", actor=courier_actor(courier_id))

    def accept_all(self, courier_id: str) -> int:
        offers = self.route(courier_id)["offers"]
        for offer in offers:
            self.call("accept_offer", actor=courier_actor(courier_id), offer_id=offer["offer_id"])
        return len(offers)

    def delivery(self, order_id: str) -> Delivery:
        with self.database.read() as connection:
            found = Views(connection).delivery(order_id)
        assert found is not None
        return found

    def published(self, type: str | None = None) -> list[str]:
        with self.database.read() as connection:
            rows = connection.execute(text("SELECT type FROM outbox ORDER BY position")).scalars()
            return [name for name in rows if type in {None, name}]

    def scalar(self, sql: str, **values: Any) -> Any:
        with self.database.read() as connection:
            return connection.scalar(text(sql), values)
