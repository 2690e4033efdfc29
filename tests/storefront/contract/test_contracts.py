"""The storefront's promises, and the promises it relies on, against the samples that publishers keep."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from marshmallow import RAISE

import services
from services.storefront.contracts import consumed, published
from services.storefront.domain import commands, events
from services.storefront.domain.position import Position
from services.storefront.entrypoints.service import StorefrontService
from shared.kernel.money import Money
from shared.messaging.envelope import Event

SERVICES = Path(services.__file__).parent
SAMPLES = sorted((SERVICES / "storefront/contracts/samples").glob("*.v1.json"))
ID = "019b8c2e-{}-7a10-8b20-5f0c1d2e3a4b".format
LINES = {ID("3101"): 3, ID("3102"): 1, ID("3103"): 2, ID("3104"): 1}
LISTING = {"listing_id": ID("3101"), "shop_id": ID("2101"), "category": "fruit", "sourced": False}
HAPPENED: list[events.DomainEvent] = [
    events.ShopOpened(
        shop_id=ID("2101"), owner_id=ID("2201"), category="fruit", area=Position(lat=30.27, lon=120.15)
    ),
    events.ListingPublished(**LISTING, price=Money(1250, "CNY")),
    events.ListingChanged(**LISTING, price=Money(1180, "CNY"), status="published"),
    events.ListingSoldOut(listing_id=ID("3101"), shop_id=ID("2101")),
    events.StockReserved(order_id=ID("1001"), lines=LINES),
    events.StockReleased(order_id=ID("1001"), reason="order-expired", lines=LINES),
]


def sample(service: str, name: str) -> Event:
    return Event.from_json((SERVICES / service / f"contracts/samples/{name}.v1.json").read_bytes())


@pytest.mark.parametrize("event", HAPPENED, ids=lambda event: type(event).__name__)
def test_every_event_is_published_exactly_as_its_sample_shows(event: events.DomainEvent):
    message = published.to_message(event)
    [shown] = [
        shown for path in SAMPLES if (shown := Event.from_json(path.read_bytes())).type == message.type
    ]
    assert (shown.subject, shown.data) == (message.subject, message.data)
    assert (shown.source, shown.version) == ("storefront", 1)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_every_sample_keeps_its_schema(path: Path):
    wire = json.loads(path.read_text())
    schema = published.SCHEMAS[wire["type"]](unknown=RAISE)
    assert schema.validate(wire["data"]) == {}


def test_every_promised_event_has_a_sample():
    assert {Event.from_json(path.read_bytes()).type for path in SAMPLES} == set(published.SCHEMAS)


@pytest.mark.parametrize(
    ("name", "fact"),
    [
        ("order_paid", commands.RecordPayment(order_id=ID("1001"), lines=LINES)),
        ("order_expired", commands.RecordExpiry(order_id=ID("1001"))),
        ("order_cancelled", commands.RecordCancellation(order_id=ID("1001"), was_paid=True)),
    ],
)
def test_what_ordering_publishes_is_understood(name: str, fact: consumed.Fact):
    event = sample("ordering", name)
    assert consumed.facts_of(event.type, event.data) == (fact,)


def test_a_refund_returns_units_only_when_it_says_so():
    event = sample("ordering", "refund_issued")
    lines = {line["listing_id"]: line["quantity"] for line in event.data["lines"]}
    (restocked,) = consumed.facts_of(event.type, {**event.data, "restock": True})
    assert isinstance(restocked, commands.RecordReturn)
    assert (restocked.order_id, restocked.lines) == (event.data["order_id"], lines)
    assert event.data["refund_id"] in restocked.return_id
    assert consumed.facts_of(event.type, {**event.data, "restock": False}) == ()


def test_a_price_that_fell_returns_no_units():
    """Rules 15 and 16: the difference is paid back, and nothing comes to the shelf."""
    event = sample("ordering", "refund_issued")
    lines = [line | {"quantity": 0} for line in event.data["lines"]]
    assert consumed.facts_of(event.type, {**event.data, "restock": True, "lines": lines}) == ()


def test_what_came_in_the_place_of_something_goes_back_to_where_it_was_sold_from():
    event = sample("ordering", "refund_issued")
    line = event.data["lines"][0]
    instead = line | {"listing_id": "pears", "quantity": 2, "substitution_id": "substitution"}
    facts = consumed.facts_of(event.type, {**event.data, "restock": True, "lines": [line, instead]})
    assert [(fact.order_id, dict(fact.lines or {})) for fact in facts if hasattr(fact, "lines")] == [
        (event.data["order_id"], {line["listing_id"]: line["quantity"]}),
        ("substitution", {"pears": 2}),
    ]


def test_a_substitute_is_sold_when_it_is_taken_and_free_again_when_not():
    event = sample("ordering", "substitution_answered")
    key, listing = event.data["substitution_id"], event.data["substitute_listing_id"]
    assert consumed.facts_of(event.type, event.data) == (
        commands.RecordPayment(order_id=key, lines={listing: event.data["quantity"]}),
    )
    for status in ("declined", "void"):
        released = consumed.facts_of(event.type, {**event.data, "status": status})
        assert released == (commands.RecordCancellation(order_id=key, was_paid=False),)
    assert consumed.facts_of(event.type, {**event.data, "substitute_listing_id": None}) == ()


def test_the_service_listens_to_exactly_what_it_understands():
    assert StorefrontService.on_ordering.subscribes_to == ("ordering", consumed.TYPES)
