"""One story for all tests of dispatch: a zone by the lake, shops in it, an order over two of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.dispatch.domain.courier import Courier, Shift
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.facts import DropOff, Pickup
from services.dispatch.domain.places import Area, Position
from services.dispatch.domain.zone import SlotWindow, Zone, ZoneSettings

NOON = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)
CENTRE = Position(lat=30.25, lon=120.15)
ZONE_ID = "zone-lake"


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def at(count: float) -> datetime:
    """So many minutes past noon."""
    return NOON + minutes(count)


def place(east_m: float = 0.0, north_m: float = 0.0) -> Position:
    """A point so many metres east and north of the zone's centre."""
    return Position(lat=CENTRE.lat + north_m / 111_195, lon=CENTRE.lon + east_m / 96_052)


def a_zone(**settings: float) -> Zone:
    return Zone(
        zone_id=ZONE_ID,
        name="Lake",
        area=Area(south=30.0, west=120.0, north=30.5, east=120.5),
        settings=ZoneSettings(**settings),  # type: ignore[arg-type]
    )


def a_pickup(store_order_id: str = "so-1", where: Position | None = None, prepares: int = 15) -> Pickup:
    return Pickup(
        store_order_id=store_order_id,
        shop_id=f"shop-of-{store_order_id}",
        name=f"Shop of {store_order_id}",
        place=where or place(500),
        preparation_minutes=prepares,
    )


def a_held_delivery(
    order_id: str = "order-1",
    pickups: tuple[Pickup, ...] | None = None,
    drop_off: Position | None = None,
    slot: SlotWindow | None = None,
    placed_at: datetime = NOON,
) -> Delivery:
    delivery = Delivery(order_id=order_id)
    delivery.hold(
        zone_id=ZONE_ID,
        slot=slot,
        drop_off=DropOff(place=drop_off or place(0, 900), address="Lakeside 7", contact="Mrs Lin"),
        pickups=pickups or (a_pickup("so-1"), a_pickup("so-2", place(700, 300))),
        placed_at=placed_at,
        promised_at=placed_at + minutes(40),
        expires_at=placed_at + minutes(15),
    )
    return delivery


def a_paid_delivery(order_id: str = "order-1", **held: object) -> Delivery:
    delivery = a_held_delivery(order_id, **held)  # type: ignore[arg-type]
    moment = delivery.placed_at or NOON
    delivery.paid("customer-1", moment, moment)
    return delivery


def an_assigned_delivery(
    order_id: str = "order-1", courier_id: str = "courier-1", **held: object
) -> Delivery:
    delivery = a_paid_delivery(order_id, **held)
    delivery.assign(courier_id, at(1), at(30), plan_version=1)
    return delivery


def a_courier(
    courier_id: str = "courier-1",
    where: Position | None = None,
    started_at: datetime = NOON,
    hours: float = 4,
    capacity: int = 12,
) -> Courier:
    courier = Courier(courier_id=courier_id)
    courier.register(started_at)
    courier.approve(started_at)
    courier.start_shift(
        Shift(
            shift_id=f"shift-of-{courier_id}",
            zone_id=ZONE_ID,
            started_at=started_at,
            ends_at=started_at + timedelta(hours=hours),
            capacity=capacity,
        ),
        where or CENTRE,
    )
    return courier
