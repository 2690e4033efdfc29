"""What ordering answers about picking, lists, free deliveries and the history of an order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from services.ordering.contracts.published import money
from services.ordering.domain.history import Step
from services.ordering.domain.lines import Line
from services.ordering.domain.order import Order
from services.ordering.domain.quote import Quote
from services.ordering.domain.store_order import StoreOrder
from services.ordering.domain.substitution import Substitution
from shared.kernel.clock import to_wire

Wire = dict[str, Any]


def substitution(item: Substitution, store: StoreOrder, order_id: str, currency: str) -> Wire:
    substitute = item.substitute
    return {
        "substitution_id": item.substitution_id,
        "order_id": order_id,
        "store_order_id": store.store_order_id,
        "line_id": item.line_id,
        "quantity": item.quantity,
        "listing_id": substitute.listing_id,
        "name": substitute.name,
        "unit_price": money(substitute.unit_price, currency),
        "replaced_unit_price": money(item.replaced_price, currency),
        "photo_url": substitute.photo_url,
        "proposed_at": to_wire(item.proposed_at),
        "decide_by": to_wire(item.decide_by),
        "status": str(item.status),
        "decided_at": None if item.decided_at is None else to_wire(item.decided_at),
        "decided_by": item.decided_by,
    }


def free_delivery(item: Order | Quote) -> Wire | None:
    """Why delivery costs nothing, and who bears it once what remains would not be delivered for nothing."""
    free, currency = item.free_delivery, item.currency
    if free is None:
        return None
    back = sum(store.refunded for store in item.stores) if isinstance(item, Order) else 0
    kept = free.is_kept_below(item.goods - item.discount - back)
    return {
        "threshold": money(free.threshold, currency),
        "waived": money(free.waived, currency),
        "borne_by": "platform" if kept else None,
    }


def lists(lines: Iterable[Line], currency: str) -> list[Wire]:
    """The lines of each named list together, from all shops, in the order in which the lists came up."""
    named: dict[str, list[Line]] = {}
    for line in lines:
        if line.list_name is not None:
            named.setdefault(line.list_name, []).append(line)
    return [
        {
            "name": name,
            "line_ids": [line.line_id for line in of_list],
            "goods": money(sum(line.goods for line in of_list), currency),
            "paid": money(sum(line.paid for line in of_list), currency),
            "refunded": money(sum(line.refunded for line in of_list), currency),
        }
        for name, of_list in named.items()
    ]


def history(steps: Sequence[Step], *, with_accounts: bool) -> Wire:
    """The moves, oldest first; whose account it was is told to operators alone."""
    return {"items": [_step(step, with_accounts) for step in steps], "next_cursor": None}


def _step(step: Step, with_accounts: bool) -> Wire:
    return {
        "subject": str(step.subject),
        "subject_id": step.subject_id,
        "store_order_id": step.store_order_id,
        "before": step.before,
        "after": step.after,
        "at": to_wire(step.at),
        "by": step.by.role,
        "account_id": step.by.account_id if with_accounts else None,
        "reason": step.reason,
    }
