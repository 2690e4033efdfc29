"""Whatever is heard and done of a split order, in whatever order and how often: it ends once, as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.dispatch.application.orders import Fact, take_facts
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.events import DeliveryCompleted, DeliveryFailed, PickupFailed, TripCompleted
from services.dispatch.domain.lifecycle import ENDED, Status
from services.dispatch.domain.splitting import split
from services.dispatch.domain.stop import StopKind
from services.dispatch.domain.trips import WhySplit
from shared.testing.clock import StoppedClock
from tests.dispatch.builders import NOON, a_paid_delivery, a_pickup, at, place

PARTS = ("so-1", "so-2", "so-3", "so-4")


@dataclass
class Deliveries:
    """As much of a store as facts need; what was told of is kept."""

    first: Delivery
    told: list[Any] = field(default_factory=list)

    def deliveries_or_blank(self, order_ids: Collection[str]) -> dict[str, Delivery]:
        return {self.first.order_id: self.first}

    def tell(self, delivery: Delivery, cause: object) -> None:
        self.told += delivery.events
        delivery.events.clear()

    def save(self, deliveries: Iterable[Delivery] = (), **_: Any) -> None:
        for delivery in deliveries:
            self.tell(delivery, None)

    def keep_prepared(self, parts: Any) -> None:
        """Nobody learns from it."""


def fact(type: str, part: str | None = None) -> Fact:
    moments: dict[str, datetime] = {"accepted_at": at(1), "ready_at": at(50), "paid_at": at(0)}
    named = {"order_id": "order-1", "customer_id": "customer-1", "reason": "late", "method": None}
    return Fact(type=type, data={**moments, **named, "store_order_id": part})


FACTS = st.one_of(
    st.builds(
        fact,
        st.sampled_from(["StoreOrderAccepted", "StoreOrderReady", "StoreOrderRejected"]),
        st.sampled_from(PARTS),
    ),
    st.just(fact("OrderPaid")),
    st.just(fact("OrderExpired")),
)
DEEDS = st.tuples(st.sampled_from([0, 1]), st.sampled_from(["assign", "ride", "shop-closed", "lost"]))


def ride(trip: Delivery, how: str, minute: float) -> None:
    """The next thing that happens to a trip, if it may happen now."""
    if how == "assign" and trip.status is Status.WAITING:
        trip.assign(f"courier-{trip.order_id}", at(minute), at(minute + 20), plan_version=1)
    if trip.courier_id is None or trip.status in ENDED:
        return
    stop = trip.open_stops()[0]
    if how == "lost":
        trip.fail("courier-lost", at(minute))
    elif how == "shop-closed" and stop.kind is StopKind.PICKUP:
        trip.fail_stop(stop.stop_id, "shop-closed", at(minute))
    elif how == "ride":
        trip.arrive(stop.stop_id, at(minute))
        trip.complete(stop.stop_id, None, 10, at(minute))


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([1, 2, 3]),
    st.lists(st.one_of(FACTS, DEEDS), max_size=30),
    st.booleans(),
)
def test_a_split_order_ends_once_and_each_part_is_brought_or_left_out_once(
    many: int, happens: list[Any], cancelled: bool
) -> None:
    pickups = tuple(a_pickup(name, place(200 * number)) for number, name in enumerate(PARTS))
    first = a_paid_delivery(pickups=pickups)
    second = split(first, PARTS[:many], WhySplit.TOO_LARGE, at(2))
    store, clock = Deliveries(first), StoppedClock(NOON)
    trips = [first, second]
    # In the end everything that is still to be done is done, unless the order is cancelled before.
    brought = [(number, how) for number in (0, 1) for how in ("assign", *["ride"] * (len(PARTS) + 1))]
    for minute, one in enumerate([*happens, *([fact("OrderCancelled")] * cancelled), *brought]):
        if isinstance(one, Fact):
            take_facts([one, one], store=store, clock=clock)  # type: ignore[arg-type]
        else:
            ride(trips[one[0]], one[1], minute)
            store.save(trips)
    assert all(trip.status in ENDED for trip in trips)
    said = Counter(type(event) for event in store.told)
    completed, failed = said[DeliveryCompleted], said[DeliveryFailed]
    handed_over = [trip for trip in trips if trip.status is Status.DELIVERED]
    left_out = Counter(e.store_order_id for e in store.told if isinstance(e, PickupFailed))
    assert set(left_out.values()) <= {1}
    assert completed + failed <= 1
    off = first.cancelled is not None
    if not off:
        assert completed == bool(handed_over)
        if not handed_over:
            # Every part was rejected or left out, or the order has failed as a whole.
            assert failed == 1 or all(out_of(trip) == set(own(trip)) for trip in trips)
    on_the_way = {name for trip in handed_over for name in collected(trip)}
    assert on_the_way.isdisjoint(left_out)
    for event in store.told:
        assert event.order_id == "order-1"
        if isinstance(event, TripCompleted):
            assert set(event.store_order_ids) in [collected(trip) for trip in handed_over]
    if completed:
        (last,) = (event for event in store.told if isinstance(event, DeliveryCompleted))
        latest = max(handed_over, key=lambda trip: trip.ended_at or NOON)
        assert (last.delivery_id, last.completed_at) == (latest.delivery_id, latest.ended_at)


def out_of(trip: Delivery) -> set[str]:
    return {name for name in own(trip) if name in trip.parts and trip.parts[name].rejected}


def own(trip: Delivery) -> tuple[str, ...]:
    return () if trip.trip is None else trip.trip.parts


def collected(trip: Delivery) -> set[str]:
    done = (s for s in trip.stops if s.kind is StopKind.PICKUP and s.ended_at and s.status.value == "done")
    return {stop.store_order_id or "" for stop in done}
