"""What ordering tells others: every event as plain data, as :mod:`.event_schemas` promises it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.ordering.contracts.case_messages import CASE_SCHEMAS
from services.ordering.contracts.event_schemas import REASONS
from services.ordering.contracts.event_schemas import SCHEMAS as ORDER_SCHEMAS
from services.ordering.contracts.message import Message
from services.ordering.contracts.review_messages import REVIEW_SCHEMAS
from services.ordering.contracts.shopping_messages import SHOPPING_SCHEMAS
from services.ordering.domain import events
from services.ordering.domain.lines import Discount, Line, LinePart
from services.ordering.domain.store_order import StoreOrder
from shared.kernel.clock import to_wire as time_to_wire
from shared.kernel.reasons import reason_code

__all__ = ["SCHEMAS", "Message", "money", "to_message"]

Wire = dict[str, Any]
SCHEMAS = {**ORDER_SCHEMAS, **CASE_SCHEMAS, **REVIEW_SCHEMAS, **SHOPPING_SCHEMAS}


def to_message(event: events.Event) -> Message:
    subject, partitionkey, data = _TRANSLATIONS[type(event)](event)
    return Message(type=type(event).__name__, subject=subject, partitionkey=partitionkey, data=data)


def money(amount: int, currency: str) -> Wire:
    return {"amount": amount, "currency": currency}


def _discounts(discounts: tuple[Discount, ...], currency: str) -> list[Wire]:
    return [
        {"campaign_id": item.campaign_id, "funder": item.funder, "amount": money(item.amount, currency)}
        for item in discounts
    ]


def _line(line: Line, currency: str) -> Wire:
    return {
        "line_id": line.line_id,
        "listing_id": line.listing_id,
        "category": line.category,
        "sourced": line.sourced,
        "quantity": line.quantity,
        "unit_price": money(line.unit_price, currency),
        "goods": money(line.goods, currency),
        "discount": money(line.discount, currency),
        "discounts": _discounts(line.discounts, currency),
        "paid": money(line.paid, currency),
        "promotion_link_id": line.promotion_link_id,
    }


def _store_part(store: StoreOrder, currency: str) -> Wire:
    return {
        "store_order_id": store.store_order_id,
        "shop_id": store.shop_id,
        "merchant_id": store.merchant_id,
        "goods": money(store.goods, currency),
        "discount": money(store.discount, currency),
        "discount_by_funder": {
            funder: money(amount, currency) for funder, amount in store.discount_by_funder.items()
        },
        "paid": money(store.paid, currency),
        "lines": [_line(line, currency) for line in store.lines],
    }


def _sums(amounts: events.Amounts, store_orders: tuple[StoreOrder, ...]) -> Wire:
    return {
        "goods": money(amounts.goods, amounts.currency),
        "discount": money(amounts.discount, amounts.currency),
        "delivery_fee": money(amounts.delivery_fee, amounts.currency),
        "total": money(amounts.total, amounts.currency),
        "store_orders": [_store_part(store, amounts.currency) for store in store_orders],
    } | _tip(amounts.tip, amounts.currency)


def _tip(amount: int, currency: str) -> Wire:
    return {"tip": money(amount, currency)} if amount else {}


def _order_placed(event: events.OrderPlaced) -> tuple[str, str, Wire]:
    data = {
        "order_id": event.order_id,
        "customer_id": event.customer_id,
        "placed_at": time_to_wire(event.placed_at),
        "expires_at": time_to_wire(event.expires_at),
        "zone_id": event.zone_id,
        "slot_id": event.slot_id,
        "drop_off_area": {"lat": event.drop_off_area.lat, "lon": event.drop_off_area.lon},
    }
    return event.order_id, event.order_id, data | _sums(event.amounts, event.store_orders)


def _order_paid(event: events.OrderPaid) -> tuple[str, str, Wire]:
    data = {
        "order_id": event.order_id,
        "customer_id": event.customer_id,
        "payment_id": event.payment_id,
        "paid_at": time_to_wire(event.paid_at),
        "zone_id": event.zone_id,
    }
    if event.method is not None:
        data["method"] = event.method
    return event.order_id, event.order_id, data | _sums(event.amounts, event.store_orders)


def _store_order_split(event: events.StoreOrderSplit) -> tuple[str, str, Wire]:
    data = {
        "order_id": event.order_id,
        "customer_id": event.customer_id,
        "parts": event.parts,
        "paid_at": time_to_wire(event.paid_at),
    }
    part = _store_part(event.store_order, event.currency)
    return event.store_order.store_order_id, event.order_id, data | part


def _plain(subject: str, *moments: str) -> Callable[[Any], tuple[str, str, Wire]]:
    """The translation of an event whose fields are the message's, with times as text."""

    def translate(event: Any) -> tuple[str, str, Wire]:
        data = {
            name: time_to_wire(value) if name in moments else value for name, value in vars(event).items()
        }
        if "reason" in data:
            data["reason"] = reason_code(data["reason"], REASONS)
        return data[subject], event.order_id, data

    return translate


def _order_delivered(event: events.OrderDelivered) -> tuple[str, str, Wire]:
    subject, partitionkey, data = _plain("order_id", "delivered_at")(event)
    collected = data.pop("collected")
    if collected is not None:
        data["collected"] = collected.to_wire()
    return subject, partitionkey, data | {"store_order_ids": list(event.store_order_ids)}


def _order_rebooked(event: events.OrderRebooked) -> tuple[str, str, Wire]:
    moments = ("rebooked_at", "starts_at", "ends_at", "promised_at")
    data = vars(event) | {"shop_ids": list(event.shop_ids)}
    for name in moments:
        data[name] = None if data[name] is None else time_to_wire(data[name])
    return event.order_id, event.order_id, data


def _refund_handed_back(event: events.RefundHandedBack) -> tuple[str, str, Wire]:
    subject, partitionkey, data = _plain("order_id", "handed_back_at")(event)
    return subject, partitionkey, data | {"amount": event.amount.to_wire()}


def _substitution(event: events.SubstitutionProposed | events.SubstitutionAnswered) -> Wire:
    proposal = event.proposal
    return {
        "order_id": event.order_id,
        "store_order_id": event.store_order_id,
        "shop_id": event.shop_id,
        "substitution_id": proposal.substitution_id,
        "customer_id": event.customer_id,
        "line_id": proposal.line_id,
        "listing_id": event.listing_id,
        "substitute_listing_id": proposal.substitute.listing_id,
        "quantity": proposal.quantity,
    }


def _substitution_proposed(event: events.SubstitutionProposed) -> tuple[str, str, Wire]:
    proposal = event.proposal
    data = _substitution(event) | {
        "proposed_at": time_to_wire(proposal.proposed_at),
        "decide_by": time_to_wire(proposal.decide_by),
        "unit_price": money(proposal.substitute.unit_price, event.currency),
    }
    return event.store_order_id, event.order_id, data


def _substitution_answered(event: events.SubstitutionAnswered) -> tuple[str, str, Wire]:
    proposal = event.proposal
    data = _substitution(event) | {
        "decided_at": None if proposal.decided_at is None else time_to_wire(proposal.decided_at),
        "decided_by": proposal.decided_by,
        "status": str(proposal.status),
    }
    return event.store_order_id, event.order_id, data


def _refunded_line(part: LinePart, currency: str) -> Wire:
    instead = {} if part.substitution_id is None else {"substitution_id": part.substitution_id}
    return instead | {
        "line_id": part.line_id,
        "listing_id": part.listing_id,
        "quantity": part.quantity,
        "amount": money(part.amount, currency),
        "discounts": _discounts(part.discounts, currency),
        "promotion_link_id": part.promotion_link_id,
    }


def _refund_issued(event: events.RefundIssued) -> tuple[str, str, Wire]:
    refund, currency = event.refund, event.currency
    data = {
        "refund_id": refund.refund_id,
        "order_id": refund.order_id,
        "store_order_id": refund.store_order_id,
        "shop_id": refund.shop_id,
        "customer_id": event.customer_id,
        "issued_at": time_to_wire(refund.issued_at),
        "reason": reason_code(refund.reason, REASONS),
        "amount": money(refund.amount, currency),
        "goods": money(refund.goods, currency),
        "delivery_fee": money(refund.delivery_fee, currency),
        "restock": refund.restock,
        "lines": [_refunded_line(part, currency) for part in refund.lines],
        "borne_by": refund.borne_by,
    }
    return refund.order_id, refund.order_id, data | _tip(refund.tip, currency)


_TRANSLATIONS: dict[type, Callable[[Any], tuple[str, str, Wire]]] = {
    events.OrderPlaced: _order_placed,
    events.OrderPaid: _order_paid,
    events.StoreOrderSplit: _store_order_split,
    events.StoreOrderAccepted: _plain("store_order_id", "accepted_at", "ready_at"),
    events.StoreOrderRejected: _plain("store_order_id", "rejected_at"),
    events.StoreOrderReady: _plain("store_order_id", "ready_at"),
    events.StoreOrderReminded: _plain("store_order_id", "reminded_at", "accept_by"),
    events.SubstitutionProposed: _substitution_proposed,
    events.SubstitutionAnswered: _substitution_answered,
    events.LineWeighed: _plain("store_order_id", "weighed_at"),
    events.OrderCancelled: _plain("order_id", "cancelled_at"),
    events.OrderExpired: _plain("order_id", "expired_at"),
    events.OrderDelivered: _order_delivered,
    events.OrderRebooked: _order_rebooked,
    events.OrderCompleted: _plain("order_id", "completed_at"),
    events.RefundIssued: _refund_issued,
    events.RefundHandedBack: _refund_handed_back,
}
