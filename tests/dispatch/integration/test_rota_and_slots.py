"""The rota, and what slots take because of it, on a real database."""

from __future__ import annotations

import random
import threading
from datetime import timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from services.dispatch.domain.errors import (
    CourierNotApproved,
    CouriersOnly,
    OperatorsOnly,
    OverrideExists,
    RotaEntryExists,
    RotaEntryNotFound,
    RotaOverlap,
    RotaRefused,
    SlotClosed,
    SlotFull,
    SlotNotFound,
    ZoneNotFound,
)
from shared.kernel.clock import to_wire
from shared.kernel.errors import InvalidInput, Refusal
from tests.dispatch.builders import ZONE_ID
from tests.dispatch.world import OPERATOR, World, courier_actor


@pytest.fixture
def town(world: World) -> World:
    """A zone whose slots have all of the couriers' time, and three couriers who may ride."""
    world.open_zone(slot_share=1.0)
    for number in (1, 2, 3):
        world.call("approve_courier", actor=OPERATOR, courier_id=f"courier-{number}")
    return world


def a_shift(
    world: World, courier: int = 1, starts: float = 60, ends: float = 300, **options: Any
) -> dict[str, Any]:
    def when(minutes: float) -> str:
        return to_wire(world.clock.now() + timedelta(minutes=minutes))

    return {
        "entry_id": options.get("entry_id", f"entry-{courier}-{starts}"),
        "courier_id": f"courier-{courier}",
        "starts_at": when(starts),
        "ends_at": when(ends),
        "breaks": [{"starts_at": when(a), "ends_at": when(b)} for a, b in options.get("breaks", [])],
    }


def plan(world: World, *shifts: dict[str, Any], actor: Any = OPERATOR, zone: str = ZONE_ID) -> Any:
    return world.call("announce_shifts", actor=actor, zone_id=zone, shifts=list(shifts))["items"]


def withdraw(world: World, entry_id: str, actor: Any = OPERATOR) -> Any:
    return world.call("withdraw_shift", actor=actor, entry_id=entry_id)


def say(world: World, kind: str, capacity: int, override: str = "override-1", slot: str = "slot-1") -> Any:
    return world.call(
        "override_slot",
        actor=OPERATOR,
        override_id=override,
        slot_id=slot,
        kind=kind,
        capacity=capacity,
        reason="market day",
    )


def slot(world: World, slot_id: str = "slot-1") -> Any:
    found = world.call("zone_slots", actor=OPERATOR, zone_id=ZONE_ID)["items"]
    return next(one for one in found if one["slot_id"] == slot_id)


def told(world: World) -> list[Any]:
    with world.database.read() as connection:
        rows = connection.execute(
            text("SELECT data FROM outbox WHERE type = 'SlotCapacityChanged' ORDER BY position")
        )
        return [orjson.loads(row.data) for row in rows]


def test_a_slot_takes_what_the_planned_couriers_bring_and_everybody_is_told(town: World) -> None:
    town.open_slot(capacity=9)
    assert (slot(town)["capacity"], slot(town)["source"]) == (9, "typed")
    plan(town, a_shift(town, 1), a_shift(town, 2, 150, 300, breaks=[(160, 175)]))
    seen = slot(town)
    # Two deliveries an hour: sixty minutes of one courier, and fifteen of the other after a break.
    assert (seen["courier_minutes"], seen["couriers"], seen["pace"]) == (60 + 15, 2, 2.0)
    assert (seen["capacity"], seen["source"], seen["typed"]) == (2, "rota", 9)
    assert [(one["version"], one["capacity"], one["source"]) for one in told(town)] == [
        (1, 9, "typed"),
        (2, 2, "rota"),
    ]


def test_a_slot_that_is_sold_out_opens_again_with_more_couriers_and_nothing_is_taken_back(
    town: World,
) -> None:
    town.open_slot(capacity=9)
    plan(town, a_shift(town, 1))
    for number in (1, 2):
        town.hold(f"order-{number}", slot_id="slot-1")
    with pytest.raises(SlotFull):
        town.hold("order-3", slot_id="slot-1")
    plan(town, a_shift(town, 2))
    town.hold("order-3", slot_id="slot-1")
    withdraw(town, "entry-2-60")
    withdraw(town, "entry-1-60", courier_actor("courier-1"))
    assert (slot(town)["capacity"], slot(town)["taken"], slot(town)["left"]) == (0, 3, 0)
    with pytest.raises(SlotFull):
        town.hold("order-4", slot_id="slot-1")
    town.call("release_hold", order_id="order-1", reason="changed-my-mind")
    with pytest.raises(SlotFull):
        town.hold("order-4", slot_id="slot-1")
    assert slot(town)["taken"] == 2


def test_undoing_the_whole_rota_brings_back_what_was_typed_in(town: World) -> None:
    town.open_slot(capacity=9)
    plan(town, a_shift(town, 1))
    withdraw(town, "entry-1-60")
    assert (slot(town)["capacity"], slot(town)["source"]) == (9, "typed")
    plan(town, a_shift(town, 1, entry_id="entry-again"))
    assert slot(town)["source"] == "rota"


def test_a_courier_adds_to_a_rota_and_makes_none(town: World) -> None:
    town.open_slot(capacity=9)
    plan(town, a_shift(town, 1), actor=courier_actor("courier-1"))
    assert (slot(town)["capacity"], slot(town)["source"]) == (9, "typed")
    plan(town, a_shift(town, 2))
    assert (slot(town)["capacity"], slot(town)["couriers"]) == (4, 2)
    mine = town.call("my_rota", actor=courier_actor("courier-1"))["items"]
    assert [entry["entry_id"] for entry in mine] == ["entry-1-60"]
    assert len(town.call("rota", actor=OPERATOR, zone_id=ZONE_ID)["items"]) == 2


def test_a_slot_opened_without_a_capacity_takes_nobody_until_somebody_works(town: World) -> None:
    starts = town.clock.now() + timedelta(minutes=120)
    wanted = {
        "slot_id": "slot-1",
        "starts_at": to_wire(starts),
        "ends_at": to_wire(starts + timedelta(hours=1)),
        "cutoff_at": to_wire(starts),
    }
    (opened,) = town.call("open_slots", actor=OPERATOR, zone_id=ZONE_ID, slots=[wanted])["items"]
    assert (opened["capacity"], opened["left"]) == (0, 0)
    with pytest.raises(SlotFull):
        town.hold("order-1", slot_id="slot-1")
    plan(town, a_shift(town, 1))
    town.hold("order-1", slot_id="slot-1")


def test_time_alone_changes_what_a_slot_takes(town: World) -> None:
    town.open_slot(capacity=9, starts_in=120)
    plan(town, a_shift(town, 1), a_shift(town, 2))
    assert slot(town)["capacity"] == 4
    town.advance(60)
    town.on_shift("courier-1", hours=4)
    town.advance(20)
    town.service.judge_slots()
    assert (slot(town)["capacity"], slot(town)["couriers"]) == (2, 1), "the other one did not come"
    town.call("end_shift", actor=courier_actor("courier-1"))
    town.service.judge_slots()
    assert slot(town)["capacity"] == 0
    before = told(town)
    town.service.judge_slots()
    assert told(town) == before


def test_an_operator_caps_or_fixes_a_slot_and_undoes_it(town: World) -> None:
    town.open_slot(capacity=9)
    plan(town, a_shift(town, 1), a_shift(town, 2))
    capped = say(town, "cap", 3)
    assert (capped["capacity"], capped["source"], capped["override"]["reason"]) == (3, "cap", "market day")
    assert say(town, "cap", 3)["version"] == capped["version"]
    with pytest.raises(OverrideExists):
        say(town, "cap", 1)
    fixed = say(town, "fixed", 20, "override-2")
    assert (fixed["capacity"], fixed["source"]) == (20, "fixed")
    plan(town, a_shift(town, 3))
    assert slot(town)["capacity"] == 20
    undone = town.call("undo_slot_override", actor=OPERATOR, slot_id="slot-1")
    assert (undone["capacity"], undone["source"], undone["override"]) == (6, "rota", None)
    again = town.call("undo_slot_override", actor=OPERATOR, slot_id="slot-1")
    assert again == undone
    assert town.scalar("SELECT count(*) FROM slot_override WHERE undone_by = 'operator-1'") == 2
    versions = [one["version"] for one in told(town)]
    assert versions == list(range(1, len(versions) + 1))


def test_announcing_again_changes_nothing_and_another_shift_under_its_id_is_refused(town: World) -> None:
    town.open_slot()
    first = plan(town, a_shift(town, 1))
    assert plan(town, a_shift(town, 1)) == first
    with pytest.raises(RotaEntryExists):
        plan(town, a_shift(town, 1, ends=200))
    assert withdraw(town, "entry-1-60") == withdraw(town, "entry-1-60")
    assert plan(town, a_shift(town, 1))[0]["withdrawn_by"] == "operator-1"
    assert town.scalar("SELECT count(*) FROM rota") == 1


def test_all_shifts_of_a_request_are_planned_or_none(town: World) -> None:
    with pytest.raises(RotaRefused):
        plan(town, a_shift(town, 1), a_shift(town, 2, 300, 60))
    assert town.scalar("SELECT count(*) FROM rota") == 0


@pytest.mark.parametrize(
    ("shifts", "actor", "refusal"),
    [
        ([{"courier": 9}], OPERATOR, CourierNotApproved),
        ([{"courier": 1}], courier_actor("courier-2"), CouriersOnly),
        ([{"courier": 1}], {"account_id": "customer-1", "role": "customer"}, CouriersOnly),
        ([{"courier": 1}, {"courier": 1, "starts": 200, "ends": 400}], OPERATOR, RotaOverlap),
        ([{"courier": 3, "starts": 200, "ends": 400}], OPERATOR, RotaOverlap),
    ],
    ids=["not approved", "another's", "a customer's", "with itself", "with an earlier one"],
)
def test_a_planned_shift_is_refused(
    town: World, shifts: list[dict[str, Any]], actor: Any, refusal: type[Refusal]
) -> None:
    plan(town, a_shift(town, 3))
    with pytest.raises(refusal):
        plan(town, *(a_shift(town, **one) for one in shifts), actor=actor)
    assert town.scalar("SELECT count(*) FROM rota") == 1


def test_what_is_asked_for_wrongly_is_refused(town: World) -> None:
    town.open_slot()
    plan(town, a_shift(town, 1))
    stranger = courier_actor("courier-2")
    with pytest.raises(RotaEntryNotFound):
        withdraw(town, "entry-1-60", stranger)
    with pytest.raises(RotaEntryNotFound):
        withdraw(town, "nothing")
    with pytest.raises(ZoneNotFound):
        plan(town, a_shift(town, 2), zone="nowhere")
    with pytest.raises(SlotNotFound):
        say(town, "cap", 1, slot="nothing")
    with pytest.raises(InvalidInput):
        say(town, "cap", -1)
    with pytest.raises(OperatorsOnly):
        town.call("zone_slots", actor=stranger, zone_id=ZONE_ID)
    with pytest.raises(OperatorsOnly):
        town.call("rota", actor=stranger, zone_id=ZONE_ID)
    town.advance(91)
    with pytest.raises(SlotClosed):
        say(town, "cap", 1)


def test_what_is_done_in_any_order_at_once_leads_to_what_the_last_facts_say(town: World) -> None:
    """Many announce, withdraw and buy at once: no slot sells more than it ever took, and the end is exact."""
    town.open_slot(capacity=9)
    plan(town, a_shift(town, 1))
    chance = random.Random(7)
    acts = [
        *(lambda n=n: plan(town, a_shift(town, n)) for n in (2, 3)),
        *(lambda n=n: town.hold(f"order-{n}", slot_id="slot-1") for n in range(12)),
        lambda: withdraw(town, "entry-1-60"),
        town.service.judge_slots,
        town.service.judge_slots,
    ]
    chance.shuffle(acts)
    failed: list[BaseException] = []

    def work(mine: list[Any]) -> None:
        for act in mine:
            try:
                act()
            except SlotFull:
                continue
            except BaseException as error:
                failed.append(error)

    threads = [threading.Thread(target=work, args=(acts[n::4],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    seen = slot(town)
    assert (seen["capacity"], seen["couriers"]) == (4, 2)
    assert seen["taken"] <= max(one["capacity"] for one in told(town))
    assert seen["taken"] == town.scalar("SELECT count(*) FROM delivery WHERE slot_taken")
    assert told(town)[-1]["capacity"] == 4
    assert [one["version"] for one in told(town)] == list(range(1, seen["version"] + 1))
