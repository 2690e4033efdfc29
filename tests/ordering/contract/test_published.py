"""What is published is what the samples promise."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from services.ordering.contracts import published
from services.ordering.domain.events import RefundHandedBack
from services.ordering.domain.order import Order
from shared.kernel.ids import derived_id
from shared.kernel.money import Money
from shared.messaging.envelope import Event
from tests.ordering import builders as b

SAMPLES = Path(published.__file__).parent / "samples"


def sample(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((SAMPLES / f"{name}.v1.json").read_text())
    return loaded


def placed() -> Order:
    order = b.an_order()
    order.record_placed()
    return order


def paid() -> Order:
    order = b.an_order()
    order.pay(b.PAYMENT, b.CHARGE, b.NOON + timedelta(seconds=5.25))
    return order


def accepted() -> Order:
    order = b.a_paid_order()
    order.accept(b.STORE_ORDERS[0], b.NOON + timedelta(minutes=20), b.NOON + timedelta(minutes=1))
    return order


def ready() -> Order:
    order = accepted()
    order.ready(b.STORE_ORDERS[0], b.NOON + timedelta(minutes=18))
    return order


def rejected() -> Order:
    order = b.a_paid_order()
    order.reject(b.STORE_ORDERS[1], "sold-out", b.NOON + timedelta(minutes=2))
    return order


def cancelled() -> Order:
    order = b.a_paid_order()
    order.cancel("changed-my-mind", b.NOON + timedelta(minutes=5))
    return order


def expired() -> Order:
    order = b.an_order()
    order.expire(b.NOON + timedelta(minutes=15))
    return order


def delivered() -> Order:
    order = b.a_paid_order()
    at = b.NOON + timedelta(minutes=45)
    order.deliver(derived_id("delivery", b.ORDER), b.COURIER, at, at + timedelta(days=2))
    return order


def completed() -> Order:
    order = delivered()
    order.complete(b.NOON + timedelta(days=2, minutes=45))
    return order


def refunded() -> Order:
    order = delivered()
    order.refund(
        refund_id=b.REFUND,
        store_order_id=b.STORE_ORDERS[0],
        lines={b.LINES[0]: 1},
        reason="bruised",
        return_delivery_fee=False,
        at=b.NOON + timedelta(hours=2),
    )
    return order


@pytest.mark.parametrize(
    ("name", "story"),
    [
        ("order_placed", placed),
        ("order_paid", paid),
        ("store_order_split", paid),
        ("store_order_accepted", accepted),
        ("store_order_ready", ready),
        ("store_order_rejected", rejected),
        ("order_cancelled", cancelled),
        ("order_expired", expired),
        ("order_delivered", delivered),
        ("order_completed", completed),
        ("refund_issued", refunded),
    ],
)
def test_an_event_is_published_as_its_sample_says(name: str, story: Callable[[], Order]) -> None:
    wire = sample(name)
    messages = [published.to_message(event) for event in story().recorded]
    message = next(message for message in messages if message.type == wire["type"])
    assert message.data == wire["data"]
    assert message.subject == wire["subject"]
    assert message.partitionkey == wire["partitionkey"]


def test_a_refund_that_was_handed_back_is_published_as_its_sample_says() -> None:
    event = RefundHandedBack(
        order_id=b.ORDER,
        refund_id=b.REFUND,
        customer_id=b.CUSTOMER,
        amount=Money(1067, "CNY"),
        handed_back_at=b.NOON + timedelta(hours=5),
        courier_id=b.COURIER,
    )
    assert published.to_message(event).data == sample("refund_handed_back")["data"]


def test_tip_and_method_are_told_where_there_are_any() -> None:
    order = b.an_order(tip=300)
    order.pay(b.PAYMENT, None, b.NOON, "cash")
    told = published.to_message(order.recorded[0])
    assert (told.data["tip"], told.data["method"]) == ({"amount": 300, "currency": "CNY"}, "cash")
    assert published.SCHEMAS[told.type]().validate(told.data) == {}
    order.recorded.clear()
    order.deliver("delivery", b.COURIER, b.NOON, b.NOON)
    told = published.to_message(order.recorded[0])
    assert told.data["collected"] == {"amount": order.total, "currency": "CNY"}
    assert published.SCHEMAS[told.type]().validate(told.data) == {}


@pytest.mark.parametrize("path", sorted(SAMPLES.glob("*.json")), ids=lambda path: path.name)
def test_a_sample_is_a_whole_event_that_keeps_its_schema(path: Path) -> None:
    event = Event.from_json(path.read_bytes())
    assert event.source == "ordering"
    assert published.SCHEMAS[event.type]().validate(dict(event.data)) == {}
    assert json.loads(event.to_json()) == json.loads(path.read_text())


def test_what_a_customer_wrote_is_told_to_nobody() -> None:
    order = b.a_paid_order()
    order.cancel("Changed my mind, ring Mrs Wang at 13800138000", b.NOON)
    assert published.to_message(order.recorded[-1]).data["reason"] == "changed-my-mind"
    order = b.a_paid_order()
    order.cancel("王小明不在家", b.NOON)
    assert published.to_message(order.recorded[-1]).data["reason"] == "other"


def test_every_event_has_a_sample() -> None:
    types = {json.loads(path.read_text())["type"] for path in SAMPLES.glob("*.json")}
    assert types == set(published.SCHEMAS)


def test_events_say_nothing_that_leads_to_a_door() -> None:
    data = published.to_message(placed().recorded[0]).data
    assert data["drop_off_area"] == {"lat": 30.27, "lon": 120.15}
    assert "Lotus" not in json.dumps(data)
