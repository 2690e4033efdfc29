"""What is published is what the samples promise."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.ordering.contracts import case_messages, published, review_messages, shopping_messages
from services.ordering.contracts.case_messages import CASE_SCHEMAS
from services.ordering.contracts.message import Message
from services.ordering.contracts.review_messages import REVIEW_SCHEMAS
from services.ordering.contracts.shopping_messages import SHOPPING_SCHEMAS
from services.ordering.domain import acceptance, picking
from services.ordering.domain.case import Case, CaseStatus, Party
from services.ordering.domain.claims import CaseRules, open_case, refund_case
from services.ordering.domain.events import RefundHandedBack
from services.ordering.domain.order import Order
from services.ordering.domain.review import Review, review_of_shop
from services.ordering.domain.shopping_list import Recurrence, ShoppingList
from services.ordering.domain.substitution import Substitute
from shared.kernel.ids import derived_id
from shared.kernel.money import Money
from shared.messaging.envelope import Event
from tests.ordering import builders as b

Story = Order | Case | Review | ShoppingList
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


def reminded() -> Order:
    order = b.a_paid_order(
        stores=tuple(replace(s, accept_within=timedelta(minutes=30)) for s in b.the_stores())
    )
    acceptance.press(order, b.NOON + timedelta(minutes=15))
    return order


def proposed() -> Order:
    lines = (b.a_line(0, "fruit", 3, 1250, b.by_shop(254), b.by_platform(295), if_missing="substitute"),)
    stores = (replace(b.the_stores()[0], lines=lines),)
    order = b.a_paid_order(stores=stores)
    picking.propose(
        order,
        substitution_id=b.SUBSTITUTION,
        store_order_id=b.STORE_ORDERS[0],
        line_id=b.LINES[0],
        quantity=1,
        substitute=Substitute(listing_id=b.LISTINGS[1], name="pears", unit_price=1100),
        decide_by=b.NOON + timedelta(minutes=12),
        at=b.NOON + timedelta(minutes=2),
    )
    return order


def answered() -> Order:
    order = proposed()
    picking.answer(order, b.SUBSTITUTION, accepted=True, by="customer", at=b.NOON + timedelta(minutes=3))
    return order


def weighed() -> Order:
    lines = (b.a_line(0, "fruit", 3, 1250, b.by_shop(254), b.by_platform(295), unit_grams=500),)
    order = b.a_paid_order(stores=(replace(b.the_stores()[0], lines=lines),))
    picking.weigh(order, b.STORE_ORDERS[0], {b.LINES[0]: 1420}, b.NOON + timedelta(minutes=4))
    return order


def case_opened() -> Case:
    return open_case(
        delivered(),
        (),
        case_id=b.an_id(0x5101),
        lines={b.LINES[0]: 1},
        reason="damaged",
        words="The box was wet, ring Mrs Wang at 13800138000",
        at=b.NOON + timedelta(hours=2),
        rules=CaseRules(),
    )


def case_rejected() -> Case:
    case = case_opened()
    at = b.NOON + timedelta(hours=3)
    due_at = at + timedelta(hours=48)
    case.become(CaseStatus.REJECTED, by=Party.SHOP, at=at, due_at=due_at, words="It was dry when it left.")
    return case


def case_refunded() -> Case:
    case = case_opened()
    at = b.NOON + timedelta(hours=4)
    case.fault = "courier"
    refund_case(case, delivered(), by=Party.OPERATOR, at=at, words="The box was wet.")
    return case


def reviewed() -> Review:
    words = "Sweet as ever, says Mrs Wang"
    return review_of_shop(
        delivered(), b.STORE_ORDERS[0], stars=5, words=words, at=b.NOON + timedelta(hours=5)
    )


def hidden() -> Review:
    review = reviewed()
    review.hide("personal-data", b.NOON + timedelta(hours=6))
    return review


def list_due() -> ShoppingList:
    """Every Monday at six in the evening; the sample's Monday is that of the story."""
    weekly = ShoppingList(
        list_id=b.an_id(0x5301), customer_id=b.CUSTOMER, name="for grandma", lines=(), created_at=b.NOON
    )
    weekly.recur(Recurrence(days=("mon",), at=time(20, 0)), b.NOON)
    weekly.remind(b.NOON + timedelta(hours=2))
    return weekly


def to_message(event: Any) -> Message:
    for schemas, translate in (
        (CASE_SCHEMAS, case_messages.to_message),
        (REVIEW_SCHEMAS, review_messages.to_message),
        (SHOPPING_SCHEMAS, shopping_messages.to_message),
    ):
        if type(event).__name__ in schemas:
            return translate(event)
    return published.to_message(event)


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
        ("store_order_reminded", reminded),
        ("substitution_proposed", proposed),
        ("substitution_answered", answered),
        ("line_weighed", weighed),
        ("after_sale_case_opened", case_opened),
        ("after_sale_case_changed", case_rejected),
        ("after_sale_case_closed", case_refunded),
        ("review_published", reviewed),
        ("review_hidden", hidden),
        ("shopping_list_due", list_due),
    ],
)
def test_an_event_is_published_as_its_sample_says(name: str, story: Callable[[], Story]) -> None:
    wire = sample(name)
    messages = [to_message(event) for event in story().recorded]
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
