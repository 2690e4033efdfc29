"""What crm reads is what others' samples hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from services.crm.contracts import consumed
from services.crm.domain.facts import Bought, Refunded
from shared.kernel.errors import InvalidInput
from shared.kernel.money import Money

SERVICES = Path(__file__).resolve().parents[3] / "services"
NAMES = {
    "OrderPlaced": "order_placed",
    "StoreOrderSplit": "store_order_split",
    "OrderDelivered": "order_delivered",
    "OrderCancelled": "order_cancelled",
    "RefundIssued": "refund_issued",
}


def _data(service: str, name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((SERVICES / service / f"contracts/samples/{name}.v1.json").read_text())[
        "data"
    ]
    return data


@pytest.mark.parametrize("type", NAMES)
def test_the_samples_of_ordering_are_understood(type: str) -> None:
    assert consumed.FROM_ORDERING[type](_data("ordering", NAMES[type])) is not None


def test_a_purchase_is_read_with_what_was_paid_for_goods() -> None:
    data = _data("ordering", "store_order_split")
    fact = consumed.store_order_split(data)
    assert isinstance(fact, Bought)
    assert fact.paid == Money.from_wire(data["paid"])


def test_a_refund_is_read_without_the_delivery_fee() -> None:
    data = _data("ordering", "refund_issued")
    fact = consumed.refund_issued(data)
    assert isinstance(fact, Refunded)
    assert fact.amount == Money.from_wire(data["goods"])


def test_the_sample_of_storefront_is_understood() -> None:
    data = _data("storefront", "shop_opened")
    assert consumed.shop_opened(data, "2026-01-05T12:00:00.000Z").owner_id == data["owner_id"]


def test_an_event_that_lacks_what_was_promised_is_refused() -> None:
    with pytest.raises(InvalidInput) as refusal:
        consumed.store_order_split({"order_id": "o"})
    assert {"field": "paid", "message": "Missing data for required field."} in refusal.value.errors


def test_a_price_that_fell_lowers_what_was_bought() -> None:
    """Rules 15 and 16: no unit is returned, and the money counts all the same."""
    data = _data("ordering", "refund_issued")
    fact = consumed.refund_issued(data | {"lines": [line | {"quantity": 0} for line in data["lines"]]})
    assert fact == consumed.refund_issued(data)
