"""Whatever order events arrive in, and however often, campaigns ends in the same state."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.campaigns.entrypoints.service import CampaignsService
from shared.messaging.envelope import Event
from shared.messaging.inbox import consume
from shared.persistence import Database
from tests.campaigns.builders import (
    a_service,
    cancelled,
    expired,
    launch_request,
    paid,
    redeem_request,
    refunded,
    shop_opened,
    wire,
)

_RUNS = count()
_STORY = (
    ("kept", lambda order: [paid(order)]),
    ("refunded", lambda order: [
        paid(order),
        refunded(order, "r1", "store-a", coupon=300, reduction=200),
        refunded(order, "r1", "store-b", coupon=300),
        refunded(order, "r2", "store-b", coupon=400, reduction=100),
    ]),
    ("cancelled", lambda order: [
        paid(order),
        cancelled(order),
        refunded(order, "r1", coupon=1000, reduction=300),
    ]),
    ("unpaid", lambda order: [expired(order)]),
    ("too-late", lambda order: [expired(order), paid(order)]),
    ("unknown", lambda order: [cancelled(order)]),
)  # fmt: skip


def _events(run: str) -> list[Event]:
    return [event for name, story in _STORY for event in story(f"{run}-{name}")]


def _prepare(service: CampaignsService, run: str) -> None:
    """Campaigns and redemptions of this run alone; both happen before any event of the orders can."""
    for name in ("coupon", "reduction"):
        kind = {} if name == "coupon" else {"kind": "full_reduction", "code": None}
        rule = {"rule": {"threshold": wire(1000), "off": wire(1000)}}
        service.launch(**launch_request(f"{run}-{name}", budget=wire(100_000), **rule, **kind))
    for name, _ in _STORY:
        if name != "unknown":
            amounts = {f"{run}-coupon": 1000, f"{run}-reduction": 300}
            service.redeem(**redeem_request(f"{run}-{name}", **amounts))


def _in_run(event: Event, run: str) -> Event:
    """The event with the campaigns' names of this run."""
    data: dict[str, Any] = dict(event.data)
    if "lines" in data:
        data["lines"] = [
            line
            | {"discounts": [d | {"campaign_id": f"{run}-{d['campaign_id']}"} for d in line["discounts"]]}
            for line in data["lines"]
        ]
    return Event(**(vars(event) | {"data": data}))


def _state(database: Database, run: str) -> dict[str, list[tuple[Any, ...]]]:
    queries = {
        "campaigns": "SELECT campaign_id, spent, uses FROM campaigns WHERE campaign_id LIKE :run",
        "customers": "SELECT campaign_id, customer_id, uses FROM customer_uses WHERE campaign_id LIKE :run",
        "orders": "SELECT order_id, paid_at, closed_at, closed_because, lapsed_at"
        " FROM orders WHERE order_id LIKE :run",
        "taken": "SELECT order_id, campaign_id, counted, uses, told_redeemed, told_returned"
        " FROM taken WHERE order_id LIKE :run",
        "refunds": "SELECT order_id, refund_key, campaign_id, amount FROM refunds WHERE order_id LIKE :run",
        "told": "SELECT type, subject, data::jsonb ->> 'campaign_id' FROM outbox WHERE subject LIKE :run"
        " AND type LIKE 'Coupon%'",
        "troubles": "SELECT reason FROM inbox_retry UNION ALL SELECT reason FROM parked",
    }
    with database.read() as connection:
        return {
            name: sorted(
                tuple(str(value).replace(run, "run") for value in row)
                for row in connection.execute(text(query), {"run": f"{run}-%"} if ":run" in query else {})
            )
            for name, query in queries.items()
        }


def _play(service: CampaignsService, run: str, deliveries: list[list[Event]]) -> dict[str, Any]:
    _prepare(service, run)
    for batch in deliveries:
        consume(
            service.database,
            "campaigns.from.ordering",
            lambda tx, event: CampaignsService.on_ordering.handle(service, tx, event),
            [_in_run(event, run) for event in batch],
        )
    return _state(service.database, run)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_order_and_repetition_of_the_events_gives_the_same_state(
    service_database: Callable[[str], Database], data: st.DataObject
) -> None:
    database = service_database("campaigns")
    service = a_service(database)
    plain, mixed = f"run{next(_RUNS)}", f"run{next(_RUNS)}"
    expected = _play(service, plain, [[event] for event in _events(plain)])
    assert expected["troubles"] == []

    events = _events(mixed)
    order = data.draw(st.permutations(events + data.draw(st.lists(st.sampled_from(events), max_size=6))))
    cut = data.draw(st.integers(1, len(order)))
    deliveries = [order[:cut]] + [[event] for event in order[cut:]]
    assert _play(service, mixed, deliveries) == expected


def test_the_story_ends_with_the_money_right(service_database: Callable[[str], Database]) -> None:
    service = a_service(service_database("campaigns"))
    state = _play(service, "run", [[event] for event in _events("run")])
    assert state["campaigns"] == [("run-coupon", "1000", "1"), ("run-reduction", "300", "1")]
    assert state["customers"] == [
        ("run-coupon", "customer", "1"),
        ("run-reduction", "customer", "1"),
    ]


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(3)))
def test_whatever_is_heard_of_a_shop_the_latest_owner_stays(
    service_database: Callable[[str], Database], order: list[int]
) -> None:
    service = a_service(service_database("campaigns"))
    run = next(_RUNS)
    events = [
        Event(
            **(
                vars(shop_opened(f"shop-{run}", f"owner-{n}"))
                | {"id": f"{run}-{n}", "time": f"2026-01-0{n + 1}T00:00:00Z"}
            )
        )
        for n in range(3)
    ]
    for number in order:
        consume(
            service.database,
            "campaigns.from.storefront",
            lambda tx, event: CampaignsService.on_storefront.handle(service, tx, event),
            [events[number]],
        )
    with service.database.read() as connection:
        owner = connection.scalar(
            text("SELECT owner_id FROM shops WHERE shop_id = :id"), {"id": f"shop-{run}"}
        )
    assert owner == "owner-2"
