"""Where the money went: what ordering, the provider and the ledger wrote down must agree, order by order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from services.commission.application.audit import audit
from services.commission.domain import ledger as accounts
from services.dispatch.domain.lifecycle import Status as DeliveryStatus
from services.ordering.domain.order_status import OrderStatus
from tests.simulation.case import Case
from tests.simulation.ports.commission import MemoryLedger


def every_paid_order_is_delivered_or_refunded(case: Case) -> Iterator[str]:
    for order in case.orders.values():
        if order.paid_at is None or order.status is OrderStatus.COMPLETED:
            continue
        for store in order.stores:
            if not store.is_given_back or store.refunded != store.paid:
                yield f"{order.order_id} is {order.status}, {store.refunded} of {store.paid} went back"


def everybody_is_charged_once(case: Case) -> Iterator[str]:
    """What the provider kept for an order is its total less its refunds, or nothing when it was not paid."""
    provider = case.provider
    kept: Counter[str] = Counter()
    for charge_id, (payment_id, amount) in provider.charges.items():
        back = sum(part for other, part in provider.refunds.values() if other == charge_id)
        kept[provider.attempts[payment_id].order_id] += amount - back
        if back > amount:
            yield f"{back} of the charge {amount} went back"
        if charge_id not in case.rows("ordering", "charge"):
            yield f"ordering never heard of the charge {charge_id} of {payment_id}"
    captured = Counter(
        charge.order_id for charge in case.rows("ordering", "charge").values() if charge.captured
    )
    for order in case.orders.values():
        wanted = 0 if order.paid_at is None else order.total - order.refunded
        if kept[order.order_id] != wanted:
            yield f"the provider keeps {kept[order.order_id]} for {order.order_id}, {wanted} is right"
        if captured[order.order_id] != (order.paid_at is not None):
            yield f"{order.order_id} was captured {captured[order.order_id]} times"
    for unknown in set(kept) - set(case.orders):
        yield f"money for {unknown}, which is no order"


def refunds_add_up(case: Case) -> Iterator[str]:
    """What an order says went back is the sum of its refunds, and never more than it cost."""
    for order in case.orders.values():
        total = case.refunded(order.order_id)
        if total != order.refunded or not 0 <= total <= order.total:
            yield f"{order.order_id}: {order.refunded} of {order.total} went back, refunds say {total}"


def the_books_are_right(case: Case) -> Iterator[str]:
    """Commission's own audit: zero per transaction, and each order as its facts call for."""
    result = audit(MemoryLedger(case.connection("commission")))  # type: ignore[arg-type]
    if not result.is_sound:
        yield f"{result.unbalanced} {result.orphans} {result.mismatches[:2]} {result.unsettled[:2]}"


def the_ledger_gives_what_was_kept(case: Case) -> Iterator[str]:
    """Captured − refunded = shops + couriers + promoters + platform, by ordering's own figures."""
    ledger = case.rows("commission", "ledger_entry")
    for order in case.orders.values():
        sums: Counter[str] = Counter()
        for _, _, entry in ledger.get(order.order_id, ()):
            sums[entry.heading.account] += entry.amount
        wanted = 0 if order.paid_at is None else order.total - case.refunded(order.order_id)
        given = -sum(amount for account, amount in sums.items() if not account.startswith(accounts.MONEY))
        money = sum(amount for account, amount in sums.items() if account.startswith(accounts.MONEY))
        if money != wanted or given != wanted:
            yield f"{order.order_id}: {wanted} kept, money {money}, given {given}"
        if sums[accounts.ORDERS]:
            yield f"{order.order_id} is over and {-sums[accounts.ORDERS]} is still in clearing"
    for unknown in set(ledger) - set(case.orders):
        yield f"entries for {unknown}, which is no order"


def couriers_are_paid_for_each_delivery_once(case: Case) -> Iterator[str]:
    for order_id, trips in case.trips().items():
        entries = case.rows("commission", "ledger_entry").get(order_id, ())
        paid = {e.heading.account for _, _, e in entries if e.heading.account.startswith("payable:courier:")}
        brought = [trip for trip in trips if trip.status is DeliveryStatus.DELIVERED]
        if paid != {accounts.courier_payable(trip.courier_id) for trip in brought}:
            known = [f"{trip.status} by {trip.courier_id}" for trip in trips]
            yield f"{order_id} is {' and '.join(known)}, paid {sorted(paid)}"
