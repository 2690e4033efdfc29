"""Where goods, reductions and couriers went, and what others know of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from services.dispatch.domain.lifecycle import Status as DeliveryStatus
from services.dispatch.domain.zone import Slot
from services.ordering.domain.order import Order
from services.ordering.domain.order_status import OrderStatus
from services.ordering.domain.rebooking import RebookingState
from shared.kernel.clock import to_wire
from tests.simulation.case import Case
from tests.simulation.ports.crm import MemoryProfiles


def stock_is_what_came_less_what_was_sold(case: Case) -> Iterator[str]:
    """Unit by unit, from ordering's orders: sold, less what came back to the shelf."""
    sold: Counter[str] = Counter()
    for order in case.orders.values():
        if order.paid_at is not None:
            for store in order.stores:
                for line in store.lines:
                    sold[line.listing_id] += line.quantity
    for refund in case.rows("ordering", "refund").values():
        if refund.restock:
            for part in refund.lines:
                sold[part.listing_id] -= part.quantity
    counted: Counter[str] = Counter()
    for listing_id, difference in case.rows("storefront", "stock_count").values():
        counted[listing_id] += difference
    for listing_id, at_first in case.world.town.stock.items():
        level = case.rows("storefront", "level")[listing_id]
        wanted = at_first + counted[listing_id] - sold[listing_id]
        if level.stock - level.short != wanted:
            yield f"{listing_id}: {at_first} came, {sold[listing_id]} sold, {level} is left"
        if level.reserved:
            yield f"{listing_id}: {level.reserved} are still held"
        if level.short and not counted[listing_id]:
            yield f"{listing_id}: {level.short} were sold that never were there"


def budgets_hold(case: Case) -> Iterator[str]:
    """A campaign spent what ordering's paid orders took of it and did not give back, within its budget."""
    spent: Counter[str] = Counter()
    used: Counter[str] = Counter()
    for order in case.orders.values():
        for campaign_id, left in _reductions(case, order).items():
            if order.paid_at is not None and order.status is OrderStatus.COMPLETED and left > 0:
                spent[campaign_id] += left
                used[campaign_id] += 1
    for campaign_id, account in case.rows("campaigns", "campaigns").items():
        usage, budget = account.usage, account.campaign.budget.amount
        if usage.spent > budget:
            yield f"{campaign_id} spent {usage.spent} of {budget}"
        if (usage.spent, usage.uses) != (spent[campaign_id], used[campaign_id]):
            yield (
                f"{campaign_id} counts {usage.spent} in {usage.uses} uses,"
                f" orders took {spent[campaign_id]} in {used[campaign_id]}"
            )


def _reductions(case: Case, order: Order) -> Counter[str]:
    left: Counter[str] = Counter()
    for store in order.stores:
        for line in store.lines:
            for discount in line.discounts:
                left[discount.campaign_id] += discount.amount
    for refund in case.rows("ordering", "refund").values():
        if refund.order_id == order.order_id:
            for part in refund.lines:
                for discount in part.discounts:
                    left[discount.campaign_id] -= discount.amount
    return left


def a_delivery_has_one_courier(case: Case) -> Iterator[str]:
    """An order that was split has two deliveries; it ends once, with the one that was handed over last."""
    riding: dict[str, str | None] = {}
    ends: Counter[str] = Counter()
    for type_, data in case.events("dispatch"):
        name = data.get("delivery_id")
        match type_:
            case "CourierAssigned":
                if riding.get(name) is not None:
                    yield f"{name} was given to {data['courier_id']} and {riding[name]}"
                riding[name] = data["courier_id"]
            case "CourierUnassigned":
                riding[name] = None
            case "PickupCompleted" | "DeliveryCompleted" | "TripCompleted":
                if riding.get(name) != data["courier_id"]:
                    yield f"{name} was carried by {data['courier_id']}, not by {riding.get(name)}"
        ends[str(data.get("order_id"))] += type_ in {"DeliveryCompleted", "DeliveryFailed"}
    yield from (f"{order_id} ended {times} times" for order_id, times in ends.items() if times > 1)
    trips = case.trips()
    for order in case.orders.values():
        if order.status is not OrderStatus.COMPLETED:
            continue
        known = trips.get(order.order_id, [])
        brought = [trip for trip in known if trip.status is DeliveryStatus.DELIVERED]
        if not brought:
            yield f"{order.order_id} is completed, its delivery is {[trip.status for trip in known]}"
            continue
        last = max(trip.ended_at for trip in brought)
        told = order.delivery.delivered_by
        if told not in {trip.courier_id for trip in brought if trip.ended_at == last}:
            couriers = [trip.courier_id for trip in brought]
            yield f"{order.order_id} was delivered by {couriers}, ordering heard {told}"


def slots_count_their_orders(case: Case) -> Iterator[str]:
    wanted = Counter(
        delivery.slot.slot_id
        for delivery in case.rows("dispatch", "delivery").values()
        if delivery.slot is not None and delivery.wants_slot
    )
    for slot_id, slot in case.rows("dispatch", "slot").items():
        if slot.taken != wanted[slot_id]:
            yield f"{slot_id} counts {slot.taken}, {wanted[slot_id]} want it"


def orders_and_deliveries_agree_on_slots(case: Case) -> Iterator[str]:
    """Whatever died while an order was moved: nothing is left half moved, and both have the same slot."""
    for rebooking, _ in case.rows("ordering", "rebooking").values():
        if rebooking.state in {RebookingState.MOVING, RebookingState.REFUSED}:
            yield f"{rebooking.rebooking_id} of {rebooking.order_id} is {rebooking.state}"
    for order in case.orders.values():
        delivery = case.rows("dispatch", "delivery").get(order.order_id)
        if delivery is None or order.status is not OrderStatus.COMPLETED:
            continue
        there = delivery.slot.slot_id if delivery.slot else None
        if there != order.slot.slot_id:
            yield f"{order.order_id} was ordered for {order.slot.slot_id} and brought for {there}"
        if delivery.promised_at is None or to_wire(delivery.promised_at) != to_wire(_promised(order)):
            yield f"{order.order_id} was promised for {order.slot.promised_at}, not {delivery.promised_at}"


def _promised(order: Order) -> datetime:
    assert order.slot.promised_at is not None, "whatever was placed was promised"
    return order.slot.promised_at


def hours_count_their_parts(case: Case) -> Iterator[str]:
    """A shop's hour counts the parts of orders that are still its own, each once, and never too many."""
    wanted: Counter[tuple[str, datetime]] = Counter()
    seats: Counter[tuple[str, str]] = Counter()
    for (order_id, _, shop_id), seat in case.rows("storefront", "preparation_seat").items():
        if not seat.given_up:
            wanted[shop_id, seat.hour] += seat.units
            seats[order_id, shop_id] += 1
    for (shop_id, hour), taken in case.rows("storefront", "preparation_hour").items():
        if taken != wanted[shop_id, hour]:
            yield f"{shop_id} counts {taken} at {hour}, {wanted[shop_id, hour]} are to be prepared"
        capacity = case.rows("storefront", "shop")[shop_id].terms.preparation_capacity
        if taken > capacity.per_hour:
            yield f"{shop_id} has {taken} at {hour} and prepares {capacity.per_hour}"
    for (order_id, shop_id), count in seats.items():
        order = case.orders.get(order_id)
        live = order is not None and any(one.shop_id == shop_id and one.is_live for one in order.stores)
        if count > 1 or not live:
            yield f"{shop_id} keeps {count} places for {order_id}, which is {order and order.status}"


def a_slot_takes_what_there_is(before: Slot | None, after: Slot) -> Iterator[str]:
    """Looked at as a slot is written: couriers may drop out of what is taken, nobody is let in beyond it."""
    if before is not None and after.taken > max(before.taken, after.capacity):
        yield f"{after.slot_id} let in number {after.taken} and takes {after.capacity}"


def slots_take_what_was_told(case: Case) -> Iterator[str]:
    """What is taken stays taken when couriers drop out, but at no time was more taken than was allowed."""
    yield from case.platform.databases["dispatch"].seen_wrong
    told: dict[str, list[tuple[int, int]]] = {}
    for type, data in case.events("dispatch"):
        if type == "SlotCapacityChanged":
            told.setdefault(data["slot_id"], []).append((data["version"], data["capacity"]))
    for slot_id, slot in case.rows("dispatch", "slot").items():
        said = told.get(slot_id, [])
        if [version for version, _ in said] != list(range(1, slot.version + 1)):
            yield f"{slot_id} has version {slot.version}, told were {said}"
        elif said[-1][1] != slot.capacity:
            yield f"{slot_id} takes {slot.capacity}, told were {said}"
        elif slot.taken > max(capacity for _, capacity in said):
            yield f"{slot_id} took {slot.taken}, told were {said}"


def crm_knows_what_ordering_knows(case: Case) -> Iterator[str]:
    profiles = MemoryProfiles(case.connection("crm"))
    wanted: dict[tuple[str, str], list[int]] = {}
    for order in case.orders.values():
        if order.paid_at is None:
            continue
        for store in order.stores:
            figures = wanted.setdefault((store.shop_id, order.customer_id), [0, 0, 0, 0])
            figures[0] += 1
            figures[2] += store.paid
            refunds = case.rows("ordering", "refund").values()
            back = [r.goods for r in refunds if r.store_order_id == store.store_order_id]
            figures[1] += len(back)
            figures[2] -= sum(back)
            figures[3] += order.status is OrderStatus.COMPLETED and store.is_live
    for (shop_id, customer_id), figures in wanted.items():
        tallies = profiles.tallies(shop_id, customer_id)
        there = [0, 0, 0, profiles.endings(shop_id, customer_id)[0]]
        for tally in tallies:
            there[:3] = [tally.order_count, tally.refund_count, tally.spend.amount]
        if there != figures:
            yield f"{customer_id} at {shop_id}: crm has {there}, ordering {figures}"
    for shop_id, customer_id, _ in case.rows("crm", "tallies"):
        if (shop_id, customer_id) not in wanted:
            yield f"crm knows {customer_id} at {shop_id}, ordering does not"


def ordering_knows_which_campaigns_run(case: Case) -> Iterator[str]:
    for campaign_id, account in case.rows("campaigns", "campaigns").items():
        kept = case.rows("ordering", "campaign").get(campaign_id)
        if kept is None or kept.ended != (account.campaign.ended_at is not None):
            yield f"{campaign_id}: campaigns says {account.campaign.ended_at}, ordering {kept}"
