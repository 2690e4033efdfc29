"""What is asked of dispatch, and what is refused before anything happens."""

from __future__ import annotations

from typing import Any

import pytest

from services.dispatch.contracts import requests
from services.dispatch.domain.zone import ZoneSettings
from shared.kernel.errors import InvalidInput

ACTOR = {"account_id": "someone", "role": "operator"}
AREA = {"south": 30.0, "west": 120.0, "north": 30.5, "east": 120.5}


def a_hold(**changes: Any) -> dict[str, Any]:
    return {
        "order_id": "order-1",
        "slot_id": "asap",
        "drop_off": {"lat": 30.2, "lon": 120.1, "address": "Lakeside 7", "contact": "Mrs Lin"},
        "pickups": [
            {
                "store_order_id": "so-1",
                "shop_id": "shop-1",
                "name": "Fruit",
                "position": {"lat": 30.21, "lon": 120.11},
                "preparation_minutes": 10,
            }
        ],
        "expires_at": "2026-01-05T04:15:00Z",
    } | changes


def test_asap_is_no_slot() -> None:
    assert requests.load(requests.HOLD, a_hold()).slot_id is None
    assert requests.load(requests.HOLD, a_hold(slot_id="slot-1")).slot_id == "slot-1"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"pickups": []}, "pickups"),
        ({"drop_off": {"lat": 91, "lon": 120}}, "drop_off.lat"),
        ({"expires_at": "2026-01-05T04:15:00"}, "expires_at"),
        ({"surprise": 1}, "surprise"),
        ({"order_id": ""}, "order_id"),
    ],
)
def test_a_hold_names_the_field_at_fault(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        requests.load(requests.HOLD, a_hold(**changes))
    assert field in {error["field"] for error in refusal.value.errors}


def test_settings_left_out_keep_their_defaults() -> None:
    asked = {"actor": ACTOR, "zone_id": "z", "name": "Lake", "area": AREA, "settings": {"target_minutes": 30}}
    settings = requests.load(requests.OPEN_ZONE, asked).zone.settings
    assert settings == ZoneSettings(target_minutes=30)


@pytest.mark.parametrize(
    "changes", [{"area": AREA | {"north": 29}}, {"settings": {"speed": 3}}, {"settings": {"capacity": 0}}]
)
def test_a_zone_that_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    asked = {"actor": ACTOR, "zone_id": "z", "name": "Lake", "area": AREA} | changes
    with pytest.raises(InvalidInput):
        requests.load(requests.OPEN_ZONE, asked)


def test_a_slot_that_ends_before_it_starts_is_refused() -> None:
    slot = {
        "slot_id": "s",
        "starts_at": "2026-01-05T05:00:00Z",
        "ends_at": "2026-01-05T04:00:00Z",
        "cutoff_at": "2026-01-05T03:00:00Z",
        "capacity": 3,
    }
    with pytest.raises(InvalidInput):
        requests.load(requests.OPEN_SLOTS, {"actor": ACTOR, "zone_id": "z", "slots": [slot]})
