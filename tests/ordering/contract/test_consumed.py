"""The samples of others can be read here."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from services.ordering.contracts import consumed
from services.ordering.domain.refund import FAULTS
from shared.kernel.errors import InvalidInput
from shared.messaging.envelope import Event

SERVICES = Path(consumed.__file__).parents[2]


def samples(service: str, types: tuple[str, ...]) -> list[Event]:
    events = [
        Event.from_json(path.read_bytes())
        for path in sorted((SERVICES / service / "contracts" / "samples").glob("*.json"))
    ]
    return [event for event in events if event.type in types]


@pytest.mark.parametrize(
    ("service", "types"),
    [("dispatch", consumed.FROM_DISPATCH), ("campaigns", consumed.FROM_CAMPAIGNS)],
)
def test_every_sample_that_is_subscribed_to_can_be_read(service: str, types: tuple[str, ...]) -> None:
    events = samples(service, types)
    assert {event.type for event in events} == set(types)
    for event in events:
        assert consumed.read(event.type, event.data)


def test_an_event_that_breaks_its_promise_is_refused() -> None:
    with pytest.raises(InvalidInput):
        consumed.read("PickupCompleted", json.loads('{"order_id": "a"}'))


def test_every_reason_that_decides_who_pays_is_one_that_dispatch_may_state() -> None:
    promised = json.loads((SERVICES.parent / "docs/schemas/dispatch/DeliveryFailed.v1.json").read_text())
    assert set(FAULTS) <= set(promised["properties"]["reason"]["enum"])
