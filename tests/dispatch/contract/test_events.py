"""What dispatch promises to others, and what it needs of their promises."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from services.dispatch.contracts import consumed
from services.dispatch.contracts.published import SCHEMAS, data_of
from services.dispatch.domain import events
from services.dispatch.domain.job import delivery_id_of, trip_key_of
from shared.messaging.envelope import Event

SERVICES = Path(__file__).resolve().parents[3] / "services"
SAMPLES = sorted((SERVICES / "dispatch" / "contracts" / "samples").glob("*.json"))
ORDER = "019b8d3f-5a00-7c11-8a01-0000000000a1"
COURIER = "019b8d10-0000-7000-8000-0000000000c1"
ZONE = "019b8d00-0000-7000-8000-0000000000b1"
SLOT = "019b8d12-0000-7000-8000-000000000051"
SHIFT = "019b8d11-0000-7000-8000-0000000000f1"


def time(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-01-05T{text}").replace(tzinfo=UTC)


OF = {"delivery_id": delivery_id_of(ORDER), "order_id": ORDER}
LENT = {
    "loan_id": "019b8d12-0000-7000-8000-0000000000f7",
    "courier_id": COURIER,
    "from_zone_id": ZONE,
    "to_zone_id": "019b8d00-0000-7000-8000-0000000000b2",
}
HAPPENED: list[Any] = [
    events.DeliveryPlanned(
        **OF,
        zone_id=ZONE,
        courier_id=COURIER,
        plan_version=17,
        eta=time("03:34"),
        promised_at=time("03:45"),
        eta_from=time("03:30"),
        eta_to=time("03:41"),
    ),
    events.CourierAssigned(
        **OF, zone_id=ZONE, courier_id=COURIER, assigned_at=time("03:08"), plan_version=19, eta=time("03:34")
    ),
    events.CourierUnassigned(**OF, courier_id=COURIER, reason="shift-ended"),
    events.PickupCompleted(
        **OF,
        store_order_id="019b8d3f-5a00-7c11-8a01-0000000000d1",
        shop_id="019b8d01-0000-7000-8000-0000000000e1",
        courier_id=COURIER,
        picked_up_at=time("03:20"),
        proved_by="code",
        proved_at=time("03:20"),
        proved_distance_m=12,
    ),
    events.PickupFailed(
        **OF,
        store_order_id="019b8d3f-5a00-7c11-8a01-0000000000d1",
        shop_id="019b8d01-0000-7000-8000-0000000000e1",
        courier_id=COURIER,
        reason="shop-closed",
        failed_at=time("03:20"),
    ),
    events.DropOffFailed(
        **OF,
        courier_id=COURIER,
        reason="customer-absent",
        failed_at=time("03:35"),
        choose_by=time("04:05"),
    ),
    events.SecondTryChosen(
        **OF,
        courier_id=COURIER,
        chosen_at=time("03:40"),
        chosen_by="customer",
        starts_at=time("04:20"),
        ends_at=time("04:50"),
    ),
    events.ReturnStarted(
        **OF,
        courier_id=COURIER,
        reason="customer-absent",
        started_at=time("04:48"),
        store_order_ids=("019b8d3f-5a00-7c11-8a01-0000000000d1",),
    ),
    events.GoodsReturned(
        **OF,
        store_order_id="019b8d3f-5a00-7c11-8a01-0000000000d1",
        shop_id="019b8d01-0000-7000-8000-0000000000e1",
        courier_id=COURIER,
        returned_at=time("05:00"),
    ),
    events.DeliveryCompleted(
        **OF,
        zone_id=ZONE,
        courier_id=COURIER,
        completed_at=time("03:35"),
        pickups=2,
        distance_m=3140,
        handover="unattended",
        proved_by="nothing",
        proved_at=time("03:35"),
        proved_distance_m=8,
        unproved_reason="too-dark",
    ),
    events.DeliverySplit(
        **OF,
        trip_id=delivery_id_of(trip_key_of(ORDER)),
        zone_id=ZONE,
        store_order_ids=("019b8d3f-5a00-7c11-8a01-0000000000d2",),
        reason="shop-late",
        split_at=time("03:12"),
        eta=time("03:35"),
        trip_eta=None,
    ),
    events.TripCompleted(
        **OF,
        zone_id=ZONE,
        courier_id=COURIER,
        completed_at=time("03:35"),
        pickups=1,
        distance_m=3140,
        handover="unattended",
        proved_by="nothing",
        proved_at=time("03:35"),
        proved_distance_m=8,
        unproved_reason="too-dark",
        store_order_ids=("019b8d3f-5a00-7c11-8a01-0000000000d1",),
    ),
    events.DeliveryFailed(**OF, courier_id=None, reason="no-courier", failed_at=time("03:35")),
    events.CourierOnShift(
        courier_id=COURIER,
        zone_id=ZONE,
        shift_id=SHIFT,
        started_at=time("02:00"),
        ends_at=time("06:00"),
        vehicle="bicycle",
    ),
    events.SlotCapacityChanged(
        slot_id=SLOT,
        zone_id=ZONE,
        version=2,
        starts_at=time("09:00"),
        ends_at=time("11:00"),
        capacity=8,
        source="rota",
        couriers=3,
        courier_minutes=231,
        pace=2.25,
    ),
    events.CourierOffShift(courier_id=COURIER, zone_id=ZONE, shift_id=SHIFT, ended_at=time("06:02")),
    events.CourierLoanOffered(**LENT, offered_at=time("03:00"), ends_at=time("05:00")),
    events.CourierLent(**LENT, lent_at=time("03:05"), ends_at=time("05:00")),
    events.CourierRecalled(**LENT, recalled_at=time("04:30")),
    events.CourierReturned(**LENT, returned_at=time("04:40")),
]


def sample(service: str, name: str) -> Event:
    wire = json.loads((SERVICES / service / "contracts" / "samples" / f"{name}.v1.json").read_text())
    return Event.from_wire(wire)


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


@pytest.mark.parametrize("happened", HAPPENED, ids=lambda happened: type(happened).__name__)
def test_what_is_said_is_the_sample(happened: Any) -> None:
    name = type(happened).__name__
    told = sample("dispatch", snake(name))
    assert told.type == name
    assert data_of(happened) == told.data
    about = [told.data[name] for name in ("delivery_id", "courier_id", "slot_id") if name in told.data]
    assert told.subject == about[0]
    SCHEMAS[name]().load(dict(told.data))


@pytest.mark.parametrize(
    ("stated", "told"),
    [
        ("drop-off-failed: customer-absent", "customer-absent"),
        ("pickup-failed: not ready", "not-ready"),
        ("drop-off-failed: Mrs Wang, 13800138000, is out", "other"),
        ("courier-lost", "courier-lost"),
    ],
)
def test_a_courier_s_own_words_are_told_to_nobody(stated: str, told: str) -> None:
    failed = events.DeliveryFailed(**OF, courier_id=COURIER, reason=stated, failed_at=time("03:35"))
    assert data_of(failed)["reason"] == told
    SCHEMAS["DeliveryFailed"]().load(data_of(failed))


def test_every_event_has_a_schema_a_sample_and_a_test() -> None:
    names = {type(happened).__name__ for happened in HAPPENED}
    assert names == set(SCHEMAS)
    assert {file.name for file in SAMPLES} == {f"{snake(name)}.v1.json" for name in names}


@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: file.stem)
def test_no_sample_says_who_lives_where(file: Path) -> None:
    text = file.read_text()
    assert not any(word in text for word in ("address", "contact", "phone", '"name"', '"lat"'))


@pytest.mark.parametrize("name", sorted(consumed.FROM_ORDERING))
def test_what_ordering_promises_is_enough(name: str) -> None:
    fact = consumed.read(name, sample("ordering", snake(name)).data)
    assert fact["order_id"]


def test_what_the_gateway_promises_is_enough() -> None:
    fact = consumed.read("AccountRegistered", sample("gateway", "account_registered").data)
    assert fact["role"] == "courier"
