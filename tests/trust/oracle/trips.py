"""Invariants of orders that two couriers bring: what moved, who brought it, how it ended and what it paid."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from math import floor
from typing import Any

from tests.trust.books import Books, Delivery
from tests.trust.oracle.case import DONE, Case, Verdict, verdict

_ENDS = ("DeliveryCompleted", "DeliveryFailed")
_HANDED_OVER = ("TripCompleted", "DeliveryCompleted")
Data = Mapping[str, Any]


def keys_of(books: Books) -> Callable[[Data], str]:
    """By an event's data, the key of the delivery that it tells of: the order, or its second trip."""
    seconds = {trip.delivery_id: key for key, trip in books.deliveries.items() if trip.split_from}

    def key_of(data: Data) -> str:
        return seconds.get(data.get("delivery_id"), str(data.get("order_id")))

    return key_of


def order_of(books: Books, key: str) -> str:
    """The order that the delivery of this key brings, or brings a part of."""
    delivery = books.deliveries.get(key)
    return delivery.split_from or key if delivery is not None else key


def trips_of(books: Books, order_id: str) -> list[Delivery]:
    """The delivery of an order, and its second trip if it was split."""
    return [trip for trip in books.deliveries.values() if order_id in {trip.order_id, trip.split_from}]


def handed_over(books: Books) -> dict[str, list[Data]]:
    """Per order, what was told of each trip that reached the door, once, the last one last."""
    found: dict[str, dict[str, Data]] = defaultdict(dict)
    for event in (books.stream or {}).values():
        if event.source == "dispatch" and event.type in _HANDED_OVER:
            found[str(event.data.get("order_id"))][str(event.data.get("delivery_id"))] = event.data
    return {
        order_id: sorted(trips.values(), key=lambda data: str(data.get("completed_at")))
        for order_id, trips in found.items()
    }


def shared_by_parts(trips: Sequence[Data], amount: int) -> list[tuple[str, int]]:
    """``amount`` by the parts that each trip brought, to the cent below; the rest is the last one's."""
    parts = sum(int(trip["pickups"]) for trip in trips)
    shares = [
        (str(trip["courier_id"]), floor(Fraction(amount * int(trip["pickups"]), parts)) if parts else 0)
        for trip in trips[:-1]
    ]
    return [*shares, (str(trips[-1]["courier_id"]), amount - sum(share for _, share in shares))]


def split_orders_come_together(case: Case) -> Verdict:
    """An order is split once at most and never where its money is collected at the door; each part is
    collected once, by the trip that brings it; and the order ends once."""
    told: dict[str, dict[str, list[Data]]] = defaultdict(lambda: defaultdict(list))
    ends: dict[str, list[str]] = defaultdict(list)
    for event in (case.books.stream or {}).values():
        if event.source == "dispatch" and "order_id" in event.data:
            told[event.type][str(event.data["order_id"])].append(event.data)
            if event.type in _ENDS:
                ends[str(event.data["order_id"])].append(event.type)
    splits, trips = told["DeliverySplit"], told["TripCompleted"]
    by_hand = Counter(act.order_id for act in case.books.by_hand if act.kind == "split")

    def wrong() -> Iterator[str]:
        for order_id, found in ends.items():
            if len(found) > 1:
                yield f"order {order_id} ended as {found}"
        for order_id, parted in splits.items():
            if len(parted) > 1:
                yield f"order {order_id} was split {len(parted)} times"
            order = case.books.orders.get(order_id)
            if order is not None and order.is_cash:
                yield f"order {order_id} is paid at the door, and was split"
            seconds = [one.delivery_id for one in trips_of(case.books, order_id) if one.split_from]
            if seconds != [parted[0].get("trip_id")]:
                yield f"order {order_id} was split to {parted[0].get('trip_id')}, dispatch has {seconds}"
        asked = {order_id: sum(d.get("reason") == "operator" for d in p) for order_id, p in splits.items()}
        for order_id in asked.keys() | by_hand.keys():
            if asked.get(order_id, 0) != by_hand[order_id]:
                yield (
                    f"order {order_id} was split by hand {by_hand[order_id]} times,"
                    f" told {asked.get(order_id, 0)} times"
                )
        for order_id in trips:
            if order_id not in splits:
                yield f"order {order_id} came in two trips, and was never split"
            elif len(trips[order_id]) > 1:
                yield f"order {order_id}: {len(trips[order_id])} trips ended while another went on"
            elif "DeliveryCompleted" not in ends[order_id]:
                yield f"order {order_id}: one trip was there, and it was never delivered"
        yield from _parts(case, splits, told["PickupCompleted"], trips)

    remark = f"{len(splits)} split, {sum(by_hand.values())} of them by hand"
    return verdict("split-orders-come-together", len(ends), wrong(), remark)


def _parts(
    case: Case,
    splits: Mapping[str, Sequence[Data]],
    pickups: Mapping[str, Sequence[Data]],
    trips: Mapping[str, Sequence[Data]],
) -> Iterator[str]:
    doors = handed_over(case.books)
    for order_id, collected in pickups.items():
        by_part: dict[str, list[str]] = defaultdict(list)
        for data in collected:
            if "store_order_id" in data:
                by_part[str(data["store_order_id"])].append(str(data.get("delivery_id")))
        moved = {part for data in splits.get(order_id, ()) for part in data["store_order_ids"]}
        second = {str(data.get("trip_id")) for data in splits.get(order_id, ())}
        for part, by in by_part.items():
            if len(by) > 1:
                yield f"order {order_id}: part {part} was collected {len(by)} times"
            elif order_id in splits and (by[0] in second) is not (part in moved):
                yield f"order {order_id}: part {part} was collected on the wrong trip"
        for data in trips.get(order_id, ()):
            brought = {str(part) for part in data.get("store_order_ids", ())}
            on_board = {part for part, by in by_part.items() if str(data.get("delivery_id")) in by}
            if brought != on_board:
                yield f"order {order_id}: a trip had {sorted(on_board)} and handed over {sorted(brought)}"
        order = case.books.orders.get(order_id)
        if order is None or order_id not in splits or order.status not in DONE:
            continue
        at_door = {str(data.get("delivery_id")) for data in doors.get(order_id, ())}
        for part_ in order.parts:
            came = at_door & set(by_part.get(part_.store_order_id, ()))
            if part_.status in DONE and not came:
                yield f"order {order_id}: {part_.store_order_id} is {part_.status}, and nobody brought it"


def trips_are_paid(case: Case) -> Verdict:
    """Whoever handed something over is paid for that trip by the rate plan, once, and nobody else is."""
    booked: dict[str, Counter[str]] = defaultdict(Counter)
    for entry in case.books.entries:
        if entry.kind == "courier_pay" and entry.account.startswith("payable:courier:"):
            booked[entry.order_id or ""][entry.account.removeprefix("payable:courier:")] -= entry.amount
    doors = handed_over(case.books)
    if case.books.stream is None:
        return verdict("trips-are-paid", 0, ())

    def wrong() -> Iterator[str]:
        for order in case.books.orders.values():
            trips = doors.get(order.order_id, [])
            paid = {who: amount for who, amount in booked[order.order_id].items() if amount}
            if order.paid_at is None or not (trips or paid):
                continue
            plan = case.books.plans.get(case.books.plan_of.get(order.order_id, 0))
            rates = plan.trip if plan is not None else None
            if rates is None or any("distance_m" not in trip for trip in trips):
                if set(paid) != {str(trip.get("courier_id")) for trip in trips}:
                    yield f"order {order.order_id}: {sorted(paid)} are paid for {len(trips)} trips"
                continue
            due: Counter[str] = Counter()
            for trip in trips:
                due[str(trip["courier_id"])] += _pay_of(trip, rates)
            if paid != {who: amount for who, amount in due.items() if amount}:
                yield f"order {order.order_id}: its trips pay {dict(due)}, booked {paid}"

    return verdict("trips-are-paid", len(doors), wrong())


def _pay_of(trip: Data, rates: tuple[int, int, int]) -> int:
    drop, further, kilometre = rates
    fixed = drop + further * max(int(trip["pickups"]) - 1, 0)
    return floor(fixed + Fraction(int(trip["distance_m"]) * kilometre, 1000) + Fraction(1, 2))


CHECKS = (split_orders_come_together, trips_are_paid)
