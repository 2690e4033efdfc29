"""What must hold when a world has come to rest: per order and per unit, not only in sum.

Every check answers with its evidence against the platform. Where money is concerned it compares what three
parties wrote down by themselves: ordering, the payment provider, and commission's ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from services.dispatch.domain.lifecycle import Status as DeliveryStatus
from services.ordering.domain.order_status import OrderStatus
from services.ordering.domain.provider_refund import RefundState
from services.ordering.domain.rebooking import RebookingState
from services.storefront.domain.reservation import Status as StockStatus
from tests.simulation import goods, money
from tests.simulation.case import Case

if TYPE_CHECKING:
    from tests.simulation.world import World


_OVER = {OrderStatus.COMPLETED, OrderStatus.CANCELLED, OrderStatus.EXPIRED}


def unsettled(world: World) -> list[str]:
    """What is still under way; empty once the world is at rest."""
    return [*_under_way(Case(world))]


def examine(world: World) -> list[str]:
    """Everything that is wrong, each line with the name of what was broken."""
    case = Case(world)
    wrong = [f"no part may fail: {failure}" for failure in world.scheduler.failures]
    for check in CHECKS:
        name = check.__name__.removeprefix("_").replace("_", " ")
        try:
            wrong += [f"{name}: {evidence}" for evidence in check(case)]
        except Exception as error:  # a check that dies must not hide the others
            wrong.append(f"{name}: not checked, {error!r}")
    return wrong


def _under_way(case: Case) -> Iterator[str]:
    world, platform = case.world, case.platform
    if world.people.busy or case.provider.busy or platform.broker.under_way:
        yield "people, the provider or messages are under way"
    for queue in platform.broker.queues:
        if queue.ready or queue.unacknowledged:
            yield f"{queue.name} holds {len(queue.ready)} messages"
    for name in platform.databases:
        if case.rows(name, "unsent"):
            yield f"{name} has events unsent"
        if case.rows(name, "inbox_retry"):
            yield f"{name} has events put aside"
    yield from everything_comes_to_an_end(case)


def everything_comes_to_an_end(case: Case) -> Iterator[str]:
    """No order stays open, no hold is left, no refund waits."""
    for order in case.orders.values():
        if order.status not in _OVER:
            yield f"{order.order_id} is {order.status}"
    for kept in case.rows("ordering", "quote").values():
        if kept.state in {"placing", "refused"}:
            yield f"the placement of {kept.order_id} is {kept.state}"
    for order_id, kept in case.rows("storefront", "reservation").items():
        if kept.known.status in {StockStatus.HELD, StockStatus.UNKNOWN}:
            yield f"storefront has {order_id} {kept.known.status}"
    for order_id, delivery in case.rows("dispatch", "delivery").items():
        if delivery.status not in _DELIVERY_OVER:
            yield f"dispatch has {order_id} {delivery.status}"
    for order_id in case.rows("campaigns", "taken"):
        kept = case.rows("campaigns", "orders")[order_id]
        if not (kept.paid_at or kept.closed or kept.lapsed_at):
            yield f"campaigns holds a reduction for {order_id}"
    for kept in case.rows("ordering", "provider_refund").values():
        if kept.state is not RefundState.CONFIRMED:
            yield f"refund {kept.refund.refund_id} is {kept.state}"


_DELIVERY_OVER = {
    DeliveryStatus.RELEASED,
    DeliveryStatus.DELIVERED,
    DeliveryStatus.FAILED,
    DeliveryStatus.CANCELLED,
}


def every_event_arrives_once(case: Case) -> Iterator[str]:
    """Outbox, broker and inboxes name the same events; nothing was given up on."""
    for name in case.platform.databases:
        for parked in case.rows(name, "parked").values():
            yield f"{parked['subscription']} parked {parked['event_id']}: {parked['reason']}"
    told: dict[str, dict[str, str]] = {}
    for name in case.platform.databases:
        told[name] = {row["id"]: row["type"] for row in case.rows(name, "outbox").values()}
        accepted = case.platform.broker.accepted.get(name, set())
        if set(told[name]) != accepted:
            yield f"{name}'s outbox and the broker differ by {sorted(set(told[name]) ^ accepted)[:3]}"
    for queue in case.platform.broker.queues:
        service = queue.name.split(".", 1)[0]
        inbox = case.rows(service, "inbox").items()
        heard = {event_id for (name, event_id), _ in inbox if name == queue.name}
        for (name, event_id), times in inbox:
            if name == queue.name and times > 1:
                yield f"{event_id} took effect {times} times in {name}"
        wanted = {event_id for event_id, type_ in told[queue.source].items() if type_ in queue.types}
        if heard != wanted:
            yield f"{queue.name} differs from {queue.source} by {sorted(heard ^ wanted)[:3]}"


def events_of_a_subject_are_counted_without_gaps(case: Case) -> Iterator[str]:
    for name in case.platform.databases:
        seen: dict[str, list[int]] = {}
        for row in case.rows(name, "outbox").values():
            seen.setdefault(row["subject"], []).append(row["sequence"])
        for subject, numbers in seen.items():
            if sorted(numbers) != list(range(1, len(numbers) + 1)):
                yield f"{name} counted {subject} {numbers}"


def what_was_acknowledged_exists(case: Case) -> Iterator[str]:
    """The people's own log is the witness."""
    for said in case.world.people.log:
        if said.outcome != "ok":
            continue
        request = said.request
        if said.method == "place" and request["order_id"] not in case.orders:
            yield f"{request['order_id']} was acknowledged and is not there"
        if said.method == "pay" and request["payment_id"] not in case.rows("ordering", "payment"):
            yield f"{request['payment_id']} was acknowledged and is not there"
        if said.method == "cancel" and case.orders[request["order_id"]].status is not OrderStatus.CANCELLED:
            yield f"{request['order_id']} was cancelled and is {case.orders[request['order_id']].status}"
        if said.method == "rebook":
            kept = case.rows("ordering", "rebooking").get(request["rebooking_id"])
            if kept is None or kept[0].state is not RebookingState.MOVED:
                yield f"{request['rebooking_id']} was acknowledged and is {kept and kept[0].state}"
        if said.method == "refund":
            yield from _refund_is_on_record(case, request["refund_id"], said.answer)


def _refund_is_on_record(case: Case, refund_id: str, answer: Any) -> Iterator[str]:
    refunds = [r for r in case.rows("ordering", "refund").values() if r.command_id == refund_id]
    there = sum(refund.amount for refund in refunds)
    if there != answer["amount"]["amount"]:
        yield f"{refund_id} was answered {answer['amount']['amount']}, {there} went back"


def answers_add_up(case: Case) -> Iterator[str]:
    """No part of the platform answers with figures that another cannot believe."""
    for said in case.world.people.log:
        if said.answer in ("inconsistent-answer", "internal-error"):
            yield f"{said.method} {said.key} was answered {said.answer}"


CHECKS: tuple[Callable[[Case], Iterator[str]], ...] = (
    _under_way,
    every_event_arrives_once,
    events_of_a_subject_are_counted_without_gaps,
    what_was_acknowledged_exists,
    money.every_paid_order_is_delivered_or_refunded,
    money.everybody_is_charged_once,
    money.refunds_add_up,
    money.the_books_are_right,
    money.the_ledger_gives_what_was_kept,
    money.couriers_are_paid_for_each_delivery_once,
    goods.stock_is_what_came_less_what_was_sold,
    goods.budgets_hold,
    goods.a_delivery_has_one_courier,
    goods.slots_count_their_orders,
    goods.slots_take_what_was_told,
    goods.orders_and_deliveries_agree_on_slots,
    goods.hours_count_their_parts,
    goods.crm_knows_what_ordering_knows,
    goods.ordering_knows_which_campaigns_run,
    answers_add_up,
)
