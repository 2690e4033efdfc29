"""Where goods, reductions and couriers went, and what others know of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from services.dispatch.domain.lifecycle import Status as DeliveryStatus
from services.ordering.domain.order import Order
from services.ordering.domain.order_status import OrderStatus
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
    riding: dict[str, str | None] = {}
    for type_, data in case.events("dispatch"):
        order_id = data.get("order_id")
        match type_:
            case "CourierAssigned":
                if riding.get(order_id) is not None:
                    yield f"{order_id} was given to {data['courier_id']} and {riding[order_id]}"
                riding[order_id] = data["courier_id"]
            case "CourierUnassigned":
                riding[order_id] = None
            case "PickupCompleted" | "DeliveryCompleted":
                if riding.get(order_id) != data["courier_id"]:
                    yield f"{order_id} was carried by {data['courier_id']}, not by {riding.get(order_id)}"
    for order in case.orders.values():
        delivery = case.rows("dispatch", "delivery").get(order.order_id)
        if order.status is not OrderStatus.COMPLETED:
            continue
        if delivery is None or delivery.status is not DeliveryStatus.DELIVERED:
            yield f"{order.order_id} is completed, its delivery is {delivery and delivery.status}"
        elif order.delivery.delivered_by != delivery.courier_id:
            told = order.delivery.delivered_by
            yield f"{order.order_id} was delivered by {delivery.courier_id}, ordering heard {told}"


def slots_count_their_orders(case: Case) -> Iterator[str]:
    wanted = Counter(
        delivery.slot.slot_id
        for delivery in case.rows("dispatch", "delivery").values()
        if delivery.slot is not None and delivery.wants_slot
    )
    for slot_id, slot in case.rows("dispatch", "slot").items():
        if slot.taken != wanted[slot_id]:
            yield f"{slot_id} counts {slot.taken}, {wanted[slot_id]} want it"


def slots_take_what_was_told(case: Case) -> Iterator[str]:
    """What is taken stays taken when couriers drop out, but at no time was more taken than was allowed."""
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
