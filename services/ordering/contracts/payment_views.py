"""What ordering answers about paying and paying back, as plain data."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, Protocol

from services.ordering.contracts.moments import time_of
from services.ordering.contracts.published import money
from services.ordering.domain.order import Order
from services.ordering.domain.order_status import OrderStatus
from services.ordering.domain.payment import CASH, Begun, Payment, PaymentStatus, ProviderRow
from services.ordering.domain.provider_refund import ProviderRefundProgress, RefundOnTheWay
from shared.kernel.clock import to_wire

Wire = dict[str, Any]


def begun(item: Begun) -> Wire:
    return _payment(item.payment) | {"action": None if item.action is None else dict(item.action)}


def attempts(order: Order, payments: Sequence[Payment]) -> list[Wire]:
    """All attempts to pay, oldest first; what was to be collected of an order that is over is waived."""
    over = order.status is OrderStatus.CANCELLED
    return [
        _payment(each)
        | ({"status": "waived"} if over and each.status is PaymentStatus.DUE else {})
        | {"started_at": to_wire(each.started_at)}
        for each in payments
    ]


def refunds(order: Order, items: Sequence[RefundOnTheWay]) -> Wire:
    """The refund page of an order."""
    return {
        "order_id": order.order_id,
        "refunded": money(order.refunded, order.currency),
        "items": [_on_the_way(item, order.currency) for item in items],
    }


def progress(item: ProviderRefundProgress) -> Wire:
    """One refund as those see it who look after the money."""
    return {
        "refund_id": item.refund_id,
        "order_id": item.order_id,
        "payment_id": item.payment_id,
        "method": item.method,
        "amount": money(item.amount, item.currency),
        "reason": item.reason,
        "state": str(item.state),
        "attempt": item.attempt,
        "asked_at": to_wire(item.asked_at),
        "sent_at": time_of(item.sent_at),
        "confirmed_at": time_of(item.confirmed_at),
        "failure": item.failure,
    }


def methods(providers: Iterable[str], cash_maximum: int | None) -> Wire:
    """``maximum`` is in minor units of whatever the order is in; None: there is none."""
    items: list[Wire] = [{"method": method, "maximum": None} for method in sorted(providers)]
    if cash_maximum is not None:
        items.append({"method": CASH, "maximum": cash_maximum})
    return {"items": items}


class Collected(Protocol):
    """What is to be taken at one door."""

    @property
    def order_id(self) -> str: ...
    @property
    def amount(self) -> int: ...
    @property
    def currency(self) -> str: ...
    @property
    def address(self) -> str: ...


def collections(ahead: Sequence[Collected], back: Sequence[ProviderRefundProgress]) -> Wire:
    return {
        "to_collect": [
            {"order_id": each.order_id, "amount": money(each.amount, each.currency), "address": each.address}
            for each in ahead
        ],
        "to_hand_back": [progress(each) for each in back],
    }


STATEMENT_HEADER = ("kind", "provider_id", "reference_id", "amount", "currency", "at")


def statement(method: str, day: date, rows: Sequence[ProviderRow]) -> Wire:
    """A provider's own file of a day, row by row."""
    items = [
        {
            "kind": row.kind,
            "provider_id": row.provider_id,
            "reference_id": row.reference_id,
            "amount": row.amount,
            "currency": row.currency,
            "at": to_wire(row.at),
        }
        for row in rows
    ]
    return {"method": method, "day": day.isoformat(), "items": items}


def statement_file(told: Wire) -> Wire:
    """The same as CSV under a header."""
    file = io.StringIO()
    writer = csv.DictWriter(file, STATEMENT_HEADER, lineterminator="\n")
    writer.writeheader()
    writer.writerows(told["items"])
    return {"media_type": "text/csv", "content": base64.b64encode(file.getvalue().encode()).decode()}


def _payment(item: Payment) -> Wire:
    return {
        "payment_id": item.payment_id,
        "order_id": item.order_id,
        "method": item.method,
        "status": str(item.status),
        "amount": money(item.amount, item.currency),
    }


def _on_the_way(item: RefundOnTheWay, currency: str) -> Wire:
    refund, under_way = item.refund, item.progress
    return {
        "refund_id": item.refund_id,
        "store_order_id": refund.store_order_id if refund else None,
        "amount": money(item.amount, currency),
        "goods": money(refund.goods if refund else 0, currency),
        "delivery_fee": money(refund.delivery_fee if refund else 0, currency),
        "tip": money(refund.tip if refund else 0, currency),
        "reason": item.reason,
        "issued_at": to_wire(item.issued_at),
        "state": item.state,
        "method": None if under_way is None else under_way.method,
        "expected_at": time_of(item.expected_at),
        "confirmed_at": None if under_way is None else time_of(under_way.confirmed_at),
    }
