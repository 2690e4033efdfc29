"""Invariants of orders: what was acknowledged is there, what was refused is not, and everything ends."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from tests.trust.client_log import Wish
from tests.trust.oracle.case import DONE, ENDED, Case, Verdict, verdict
from tests.trust.oracle.trips import keys_of, trips_of

PLACE, CANCEL = "POST /v1/orders", "POST /v1/orders/{id}/cancel"
PAY, REFUND = "POST /v1/orders/{id}/payments", "POST /v1/store-orders/{id}/refunds"
_MADE = {PLACE: "order_id", PAY: "payment_id", REFUND: "refund_id", "POST /v1/quotes": "quote_id"}
_IDS = ("order_id", "quote_id", "payment_id", "refund_id")
_ONCE = ("OrderPlaced", "OrderPaid", "OrderDelivered", "OrderCancelled", "OrderExpired", "DeliveryCompleted")


def acknowledged_is_there(case: Case) -> Verdict:
    orders = case.books.orders
    commands = {refund.command_id for refund in case.books.refunds}
    acknowledged = [w for w in case.wishes if w.outcome == "ok" and w.call in {PLACE, CANCEL, REFUND}]

    def missing() -> Iterator[str]:
        for wish in acknowledged:
            order_id = str(wish.answer.get("order_id", ""))
            if wish.call == REFUND:
                if wish.answer.get("refund_id") not in commands:
                    yield f"refund {wish.answer.get('refund_id')} was acknowledged and is not there"
            elif order_id not in orders:
                yield f"order {order_id} was acknowledged and is not there"
            elif wish.call == CANCEL and orders[order_id].status != "cancelled":
                yield f"order {order_id} was cancelled and is {orders[order_id].status}"

    return verdict("acknowledged-is-there", len(acknowledged), missing())


def nothing_unasked(case: Case) -> Verdict:
    """Every order, refund and cancellation goes back to a wish that was not refused."""
    quotes = {str(w.body.get("quote_id")): w.outcome for w in case.wishes if w.call == PLACE}

    def unasked() -> Iterator[str]:
        for order in case.books.orders.values():
            outcome = quotes.get(order.quote_id)
            if outcome is None:
                yield f"order {order.order_id} was asked for by nobody"
            elif outcome == "refused":
                yield f"order {order.order_id} was refused and is there"

    return verdict("nothing-unasked", len(case.books.orders), unasked())


def one_effect_per_key(case: Case) -> Verdict:
    """The same key gives the same answer, and two keys never the same thing."""
    made: dict[str, dict[str, set[tuple[str, str]]]] = defaultdict(lambda: defaultdict(set))
    commands = Counter(r.command_id for r in case.books.refunds if r.store_order_id is not None)
    repeated = 0
    wrong: list[str] = []
    for wish in case.wishes:
        if wish.outcome != "ok":
            continue
        repeated += len(wish.again)
        for again in wish.again:
            if not _same(wish, again):
                wrong.append(f"{wish.call} with key {wish.key}: {wish.answer}, then {again}")
        made_id = _made(wish)
        if made_id is not None:
            made[wish.call][made_id].add((wish.who, wish.key))
        if wish.call == REFUND and commands[str(wish.answer.get("refund_id"))] > 1:
            wrong.append(f"refund {wish.answer.get('refund_id')} was paid more than once")
    for call, things in made.items():
        wrong += [
            f"{call} made {thing} for {len(keys)} keys" for thing, keys in things.items() if len(keys) > 1
        ]
    quotes = Counter(order.quote_id for order in case.books.orders.values())
    wrong += [f"quote {quote} became {count} orders" for quote, count in quotes.items() if count > 1]
    return verdict("one-effect-per-key", len(case.wishes), wrong, f"{repeated} answers to repeated keys")


def paid_orders_end_in_time(case: Case) -> Verdict:
    paid = [order for order in case.books.orders.values() if order.paid_at is not None]
    counts = Counter(order.status for order in paid)

    def open_ends() -> Iterator[str]:
        for order in paid:
            assert order.paid_at is not None
            if order.status in DONE:
                continue
            if order.status == "cancelled":
                if any(part.refunded != part.paid for part in order.parts):
                    yield f"order {order.order_id} is cancelled and not given back"
            elif order.status in ENDED or case.now - order.paid_at > case.deadline:
                yield f"order {order.order_id} was paid at {order.paid_at:%H:%M:%S} and is {order.status}"

    remark = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    return verdict("paid-orders-end-in-time", len(paid), open_ends(), remark)


def nothing_happened_twice(case: Case) -> Verdict:
    """Whatever happens once in a life happened once; the events of a subject are numbered without gaps."""
    seen: Counter[tuple[str, str]] = Counter()
    numbers: dict[tuple[str, str], list[int]] = defaultdict(list)
    for event in case.books.outbox.values():
        if event.type in _ONCE:
            seen[event.type, event.subject] += 1
        numbers[event.source, event.subject].append(event.sequence)
    wrong = [f"{type_} {count} times for {subject}" for (type_, subject), count in seen.items() if count > 1]
    wrong += [
        f"events of {subject} in {source} are numbered {sorted(found)}"
        for (source, subject), found in numbers.items()
        if sorted(found) != list(range(1, len(found) + 1))
    ]
    return verdict("nothing-happened-twice", len(numbers), wrong)


def one_courier_per_delivery(case: Case) -> Verdict:
    """Of an order that was split, one courier per trip."""
    assigned: Counter[str] = Counter()
    brought: dict[str, set[str]] = defaultdict(set)
    collected: dict[str, set[str]] = defaultdict(set)
    completed: Counter[str] = Counter()
    key_of = keys_of(case.books)
    for event in (case.books.stream or {}).values():
        if event.source != "dispatch" or "order_id" not in event.data:
            continue
        trip = key_of(event.data)
        if event.type == "CourierAssigned":
            assigned[trip] += 1
        elif event.type == "CourierUnassigned":
            assigned[trip] -= 1
        elif event.type == "PickupCompleted":
            collected[trip].add(str(event.data.get("courier_id")))
        elif event.type in {"TripCompleted", "DeliveryCompleted"}:
            completed[str(event.data["order_id"])] += event.type == "DeliveryCompleted"
            brought[trip].add(str(event.data.get("courier_id")))

    def wrong() -> Iterator[str]:
        for trip, count in assigned.items():
            if count not in {0, 1}:
                yield f"order {trip} has {count} couriers"
        for trip, couriers in brought.items():
            delivery = case.books.deliveries.get(trip)
            if len(couriers) > 1 or (delivery is not None and delivery.courier_id not in couriers):
                yield f"order {trip} was delivered by {sorted(couriers)}"
            elif collected[trip] - couriers:
                yield f"order {trip}: collected by {collected[trip]}, brought by {couriers}"
        for order_id, count in completed.items():
            if count > 1:
                yield f"order {order_id} was delivered {count} times"
        for order in case.books.orders.values():
            ends = {trip.status for trip in trips_of(case.books, order.order_id)}
            if order.status in DONE and "delivered" not in ends:
                yield f"order {order.order_id} is {order.status}, its delivery is not"

    return verdict("one-courier-per-delivery", len(assigned), wrong())


def all_is_quiet(case: Case) -> Verdict:
    left = [f"{what}: {count}" for what, count in case.left_undone.items()]
    return verdict("all-is-quiet", 1, left)


CHECKS = (
    all_is_quiet,
    acknowledged_is_there,
    nothing_unasked,
    one_effect_per_key,
    paid_orders_end_in_time,
    nothing_happened_twice,
    one_courier_per_delivery,
)


def _same(wish: Wish, again: Mapping[str, Any]) -> bool:
    """What makes something keeps its answer; what changes a state may find that it has changed again."""
    if str(again.get("status", "")).startswith("refused"):
        return wish.call not in _MADE
    return _identity(again) == _identity(wish.answer)


def _identity(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {name: answer[name] for name in _IDS if name in answer}


def _made(wish: Wish) -> str | None:
    name = _MADE.get(wish.call, "")
    return str(wish.answer[name]) if name in wish.answer else None
