"""Whatever order events of others arrive in, and however often, ordering ends in the same state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.kernel.ids import derived_id
from shared.messaging.envelope import Event
from tests.ordering.integration.conftest import Platform, Wire

Story = Callable[[Platform, Wire], list[Event]]
_PER_STORY = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def trip_of(order: Wire) -> str:
    """The second trip of an order that was split."""
    return derived_id("trip", order["order_id"], "2")


def tell(
    platform: Platform, order: Wire, type: str, sequence: int, *, second: bool = False, **data: Any
) -> Event:
    delivery = trip_of(order) if second else derived_id("delivery", order["order_id"])
    return platform.event(
        "dispatch", type, delivery, sequence, order_id=order["order_id"], delivery_id=delivery, **data
    )


def collected(platform: Platform, order: Wire) -> list[Event]:
    first, second = (part["store_order_id"] for part in order["store_orders"])
    return [
        tell(platform, order, "CourierAssigned", 1, courier_id="courier-1", eta="2026-01-05T10:50:00Z"),
        tell(platform, order, "CourierUnassigned", 2, courier_id="courier-1", reason="shift-ended"),
        tell(platform, order, "CourierAssigned", 3, courier_id="courier-2", eta="2026-01-05T10:55:00Z"),
        tell(
            platform, order, "PickupCompleted", 4, store_order_id=first, picked_up_at="2026-01-05T10:20:00Z"
        ),
        tell(
            platform, order, "PickupCompleted", 5, store_order_id=second, picked_up_at="2026-01-05T10:25:00Z"
        ),
    ]


def delivered(platform: Platform, order: Wire) -> list[Event]:
    done = {"courier_id": "courier-2", "completed_at": "2026-01-05T10:45:00Z"}
    return [*collected(platform, order), tell(platform, order, "DeliveryCompleted", 6, **done)]


def lost(platform: Platform, order: Wire) -> list[Event]:
    gone = {"courier_id": "courier-2", "reason": "lost", "failed_at": "2026-01-05T10:45:00Z"}
    return [*collected(platform, order), tell(platform, order, "DeliveryFailed", 6, **gone)]


def never_assigned(platform: Platform, order: Wire) -> list[Event]:
    gone = {"courier_id": None, "reason": "no-courier", "failed_at": "2026-01-05T10:45:00Z"}
    return [tell(platform, order, "DeliveryFailed", 1, **gone)]


def after_a_rejection(platform: Platform, order: Wire) -> list[Event]:
    """Only the first shop's goods travel."""
    platform.service.reject(
        actor={"account_id": "merchant-2", "role": "merchant"},
        store_order_id=order["store_orders"][1]["store_order_id"],
        reason="sold out",
    )
    return [event for event in delivered(platform, order) if event.sequence != 5]


def after_a_cancellation(platform: Platform, order: Wire) -> list[Event]:
    """The customer withdrew before ordering heard of a pickup."""
    platform.service.cancel(actor=order_actor(order), order_id=order["order_id"], reason="no")
    return collected(platform, order)


def split(platform: Platform, order: Wire) -> list[Event]:
    """The second shop is late: its part comes with another courier."""
    late = order["store_orders"][1]["store_order_id"]
    return [
        tell(platform, order, "CourierAssigned", 1, courier_id="courier-1", eta="2026-01-05T10:50:00Z"),
        tell(
            platform,
            order,
            "DeliverySplit",
            2,
            trip_id=trip_of(order),
            zone_id="zone",
            store_order_ids=[late],
            reason="shop-late",
            split_at="2026-01-05T10:15:00Z",
            eta="2026-01-05T10:40:00Z",
            trip_eta=None,
        ),
        tell(platform, order, "CourierAssigned", 3, second=True, courier_id="courier-2", eta=None),
        tell(platform, order, "CourierUnassigned", 4, second=True, courier_id="courier-2", reason="declined"),
        tell(
            platform,
            order,
            "CourierAssigned",
            5,
            second=True,
            courier_id="courier-3",
            eta="2026-01-05T11:10:00Z",
        ),
    ]


def _collected(platform: Platform, order: Wire, shop: int, sequence: int) -> Event:
    return tell(
        platform,
        order,
        "PickupCompleted",
        sequence,
        second=shop == 1,
        store_order_id=order["store_orders"][shop]["store_order_id"],
        picked_up_at=f"2026-01-05T10:{20 + sequence}:00Z",
    )


def _handed_over(platform: Platform, order: Wire, type: str, shop: int, sequence: int, **more: Any) -> Event:
    return tell(
        platform,
        order,
        type,
        sequence,
        second=shop == 1,
        courier_id="courier-3" if shop else "courier-1",
        completed_at=f"2026-01-05T{11 if shop else 10}:40:00Z",
        pickups=1,
        **more,
    )


def _trip_completed(platform: Platform, order: Wire, shop: int, sequence: int) -> Event:
    brought = [order["store_orders"][shop]["store_order_id"]]
    return _handed_over(platform, order, "TripCompleted", shop, sequence, store_order_ids=brought)


def _left_out(platform: Platform, order: Wire, shop: int, sequence: int, reason: str) -> Event:
    return tell(
        platform,
        order,
        "PickupFailed",
        sequence,
        second=shop == 1,
        store_order_id=order["store_orders"][shop]["store_order_id"],
        reason=reason,
        failed_at="2026-01-05T11:05:00Z",
    )


def brought_by_two(platform: Platform, order: Wire) -> list[Event]:
    return [
        *split(platform, order),
        _collected(platform, order, 0, 6),
        _trip_completed(platform, order, 0, 7),
        _collected(platform, order, 1, 8),
        _handed_over(platform, order, "DeliveryCompleted", 1, 9),
    ]


def second_is_the_faster(platform: Platform, order: Wire) -> list[Event]:
    return [
        *split(platform, order),
        _collected(platform, order, 1, 6),
        _trip_completed(platform, order, 1, 7),
        _collected(platform, order, 0, 8),
        _handed_over(platform, order, "DeliveryCompleted", 0, 9),
    ]


def second_is_lost_after_the_first_was_there(platform: Platform, order: Wire) -> list[Event]:
    """What was told of the first trip is told again: now it is all that comes."""
    return [
        *split(platform, order),
        _collected(platform, order, 0, 6),
        _trip_completed(platform, order, 0, 7),
        _collected(platform, order, 1, 8),
        _left_out(platform, order, 1, 9, "lost"),
        _handed_over(platform, order, "DeliveryCompleted", 0, 10),
    ]


def first_fails_before_the_second_is_there(platform: Platform, order: Wire) -> list[Event]:
    return [
        *split(platform, order),
        tell(
            platform,
            order,
            "DropOffFailed",
            6,
            failed_at="2026-01-05T10:40:00Z",
            choose_by="2026-01-05T11:00:00Z",
        ),
        tell(platform, order, "ReturnStarted", 7, started_at="2026-01-05T11:00:00Z"),
        _left_out(platform, order, 0, 8, "customer-absent"),
        _collected(platform, order, 1, 9),
        _handed_over(platform, order, "DeliveryCompleted", 1, 10),
    ]


def late_shop_drops_out_of_two(platform: Platform, order: Wire) -> list[Event]:
    """A merchant who refuses what the second courier was to bring."""
    platform.service.reject(
        actor={"account_id": "merchant-2", "role": "merchant"},
        store_order_id=order["store_orders"][1]["store_order_id"],
        reason="sold out",
    )
    return [
        *split(platform, order),
        _collected(platform, order, 0, 6),
        _handed_over(platform, order, "DeliveryCompleted", 0, 7),
    ]


def order_actor(order: Wire) -> Wire:
    return {"account_id": order["customer_id"], "role": "customer"}


def state(platform: Platform, order: Wire) -> str:
    """Everything about the order that lasts, with its ids made equal."""
    order_id = order["order_id"]
    held = [
        platform.sql(
            "SELECT status, refunded, delivery_fee_refunded, payment_status, delivered_at, completes_at,"
            " reason, delivery FROM orders WHERE order_id = :id",
            id=order_id,
        ),
        platform.sql(
            "SELECT shop_id, status, refunded, lines, ready_at, picked_up_at, reason FROM store_order"
            " WHERE order_id = :id ORDER BY position",
            id=order_id,
        ),
        platform.sql(
            "SELECT shop_id, goods, delivery_fee, restock, reason, lines FROM refund"
            " WHERE order_id = :id ORDER BY shop_id",
            id=order_id,
        ),
        platform.sql(
            "SELECT type, data::jsonb - 'cancelled_at' - 'issued_at' - 'rejected_at' FROM outbox"
            " WHERE partitionkey = :id ORDER BY type, data::jsonb->>'shop_id'",
            id=order_id,
        ),
    ]
    text = repr(held)
    ids = [
        order_id,
        derived_id("delivery", order_id),
        trip_of(order),
        derived_id("refund", "delivery-fee", order_id),
    ]
    for part in order["store_orders"]:
        ids += [part["store_order_id"], derived_id("refund", "whole", part["store_order_id"])]
        ids += [line["line_id"] for line in part["lines"]]
    ids += [row[0] for row in platform.sql("SELECT payment_id FROM payment WHERE order_id = :i", i=order_id)]
    for number, known in enumerate(ids):
        text = text.replace(repr(known), f"<{number}>")
    return text


STORIES = [
    delivered,
    lost,
    never_assigned,
    after_a_rejection,
    after_a_cancellation,
    brought_by_two,
    second_is_the_faster,
    second_is_lost_after_the_first_was_there,
    first_fails_before_the_second_is_there,
    late_shop_drops_out_of_two,
]


@pytest.mark.parametrize("story", STORIES)
def test_events_of_dispatch_converge(platform: Platform, story: Story) -> None:
    order = platform.paid()
    in_order = story(platform, order)
    platform.hears(*in_order)
    expected = state(platform, order)
    places = list(range(len(in_order)))

    @_PER_STORY
    @given(
        arriving=st.lists(st.tuples(st.sampled_from(places), st.booleans()), max_size=4).flatmap(
            lambda repeats: st.permutations([(place, False) for place in places] + repeats)
        ),
        at_once=st.integers(min_value=1, max_value=8),
    )
    def check(arriving: list[tuple[int, bool]], at_once: int) -> None:
        order = platform.paid()
        events = story(platform, order)
        # Some repeat in a new envelope, as after a publisher's own recovery.
        told = [
            replace(events[place], id=platform.an_id("again")) if renewed else events[place]
            for place, renewed in arriving
        ]
        for start in range(0, len(told), at_once):
            platform.hears_at_once(*told[start : start + at_once])
        assert platform.sql("SELECT reason FROM inbox_retry UNION ALL SELECT reason FROM parked") == []
        assert state(platform, order) == expected

    check()


def test_events_of_campaigns_converge(platform: Platform) -> None:
    @_PER_STORY
    @given(st.data())
    def check(data: st.DataObject) -> None:
        campaign_id = platform.an_id("campaign")
        launched = {
            "campaign_id": campaign_id,
            "shop_id": None,
            "kind": "full_reduction",
            "starts_at": "2026-01-01T00:00:00Z",
            "ends_at": "2026-02-01T00:00:00Z",
        }
        events = [
            platform.event("campaigns", "CampaignLaunched", campaign_id, 1, **launched),
            platform.event("campaigns", "CampaignEnded", campaign_id, 2, campaign_id=campaign_id),
        ]
        for event in data.draw(st.permutations(events * 2)):
            platform.hears_at_once(event)
        kept = platform.sql("SELECT kind, ended FROM campaign WHERE campaign_id = :id", id=campaign_id)
        assert kept == [("full_reduction", True)]

    check()


def test_an_event_about_an_unknown_order_is_put_aside(platform: Platform) -> None:
    unknown = {"order_id": "unknown", "store_orders": []}
    platform.hears_at_once(tell(platform, unknown, "CourierAssigned", 1, courier_id="courier-1", eta=None))
    assert len(platform.sql("SELECT reason FROM inbox_retry")) == 1
