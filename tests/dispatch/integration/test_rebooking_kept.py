"""Orders are moved to other slots on PostgreSQL: none is oversold, and no place is lost (rule 12)."""

from __future__ import annotations

import random

import pytest

from services.dispatch.domain.errors import GoodsOnBoard, MovedOn, SlotClosed
from shared.kernel.errors import InvalidInput, Refusal
from tests.dispatch.builders import place
from tests.dispatch.integration.test_races import together
from tests.dispatch.world import OPERATOR, World, courier_actor


@pytest.fixture
def lake(world: World) -> World:
    world.open_zone()
    world.open_slot("slot-1", capacity=2)
    world.open_slot("slot-2", capacity=2, starts_in=240)
    return world


def rebook(world: World, order_id: str, slot_id: str | None, number: int = 1):
    return world.call("rebook", order_id=order_id, number=number, slot_id=slot_id)


def taken(world: World) -> dict[str, int]:
    with world.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT slot_id, taken FROM slot ORDER BY slot_id")
        return {row.slot_id: row.taken for row in rows}


def test_an_order_takes_the_new_place_and_gives_the_old_one_back_once(lake: World) -> None:
    lake.a_paid_order("order-1", slot_id="slot-1")
    for _ in range(3):
        moved = rebook(lake, "order-1", "slot-2")
        assert moved["slot"]["slot_id"] == "slot-2"
        assert moved["promised_at"] == moved["slot"]["ends_at"]
    assert taken(lake) == {"slot-1": 0, "slot-2": 1}
    lake.consume(lake.cancelled("order-1"))
    assert taken(lake) == {"slot-1": 0, "slot-2": 0}


def test_a_full_slot_refuses_for_good_and_changes_nothing(lake: World) -> None:
    for number in (1, 2):
        lake.a_paid_order(f"order-{number}", slot_id="slot-2")
    lake.a_paid_order("order-3", slot_id="slot-1")
    for _ in range(2):
        with pytest.raises(Refusal) as refusal:
            rebook(lake, "order-3", "slot-2")
        assert refusal.value.code == "slot-full"
    lake.consume(lake.cancelled("order-1"))
    with pytest.raises(Refusal):
        rebook(lake, "order-3", "slot-2")
    assert rebook(lake, "order-3", "slot-2", number=2)["slot"]["slot_id"] == "slot-2"
    with pytest.raises(MovedOn):
        rebook(lake, "order-3", "slot-1", number=1)
    assert taken(lake) == {"slot-1": 0, "slot-2": 2}


def test_who_rides_for_it_loses_it_and_the_planner_waits_for_the_new_slot(lake: World) -> None:
    lake.on_shift("courier-1", place(450))
    lake.a_paid_order("order-1", ready_in=0)
    lake.plan()
    assert lake.accept_all("courier-1")
    rebook(lake, "order-1", "slot-2")
    assert lake.route("courier-1")["stops"] == []
    delivery = lake.delivery("order-1")
    assert (delivery.status.value, delivery.courier_id) == ("waiting", None)
    lake.plan()
    assert lake.route("courier-1")["offers"] == []
    assert '"rebooked"' in str(lake.scalar("SELECT data::text FROM outbox WHERE type = 'CourierUnassigned'"))


def test_who_is_asked_for_it_is_not_any_more(lake: World) -> None:
    lake.on_shift("courier-1", place(450))
    lake.a_paid_order("order-1", ready_in=0)
    lake.plan()
    assert lake.route("courier-1")["offers"]
    rebook(lake, "order-1", "slot-2")
    assert lake.route("courier-1")["offers"] == []
    assert lake.scalar("SELECT status FROM offer") == "withdrawn"


def test_an_order_for_later_may_come_as_soon_as_possible(lake: World) -> None:
    lake.on_shift("courier-1", place(450))
    lake.a_paid_order("order-1", slot_id="slot-2", ready_in=0)
    assert rebook(lake, "order-1", None)["slot"] is None
    assert taken(lake) == {"slot-1": 0, "slot-2": 0}
    lake.advance(14)
    lake.plan()
    assert lake.delivery("order-1").status.value != "failed"


def test_goods_on_board_are_not_moved(lake: World) -> None:
    lake.on_shift("courier-1", place(450))
    lake.a_paid_order("order-1", ready_in=0)
    lake.plan()
    lake.accept_all("courier-1")
    stop = lake.route("courier-1")["stops"][0]
    for act in ("arrive", "complete"):
        lake.call(act, actor=courier_actor("courier-1"), stop_id=stop["stop_id"])
    with pytest.raises(GoodsOnBoard):
        rebook(lake, "order-1", "slot-2")
    assert taken(lake) == {"slot-1": 0, "slot-2": 0}


def test_a_slot_past_its_cut_off_takes_nothing(lake: World) -> None:
    lake.a_paid_order("order-1", slot_id="slot-2")
    lake.advance(95)
    with pytest.raises(SlotClosed):
        lake.call("slot", slot_id="slot-1")
    with pytest.raises(Refusal) as refusal:
        rebook(lake, "order-1", "slot-1")
    assert refusal.value.code == "slot-closed"
    states = {slot["slot_id"]: slot["state"] for slot in _slots(lake)}
    assert states == {"slot-1": "cut_off", "slot-2": "free"}


def _slots(world: World):
    return world.call("slots_today", lat=place().lat, lon=place().lon)["items"]


def test_a_slot_without_a_cut_off_has_its_zones(world: World) -> None:
    world.open_zone(slot_cutoff_minutes=45)
    times = {"starts_at": "2026-01-05T08:00:00Z", "ends_at": "2026-01-05T09:00:00Z"}
    opened = {"zone_id": "zone-lake", "slots": [times | {"slot_id": "slot-1", "capacity": 3}]}
    slots = world.call("open_slots", actor=OPERATOR, **opened)["items"]
    assert slots[0]["cutoff_at"] == "2026-01-05T07:15:00.000Z"
    late = {"slots": [times | {"slot_id": "slot-2", "capacity": 3, "cutoff_at": "2026-01-05T08:30:00Z"}]}
    with pytest.raises(InvalidInput):
        world.call("open_slots", actor=OPERATOR, **opened | late)


def test_moves_holds_and_releases_that_cross_never_oversell_a_slot(lake: World) -> None:
    chance = random.Random(7)
    for number in range(4):
        lake.a_paid_order(f"order-{number}", slot_id="asap" if number < 2 else "slot-1")
    numbers = dict.fromkeys(range(4), 0)
    for turn in range(12):
        acts = []
        for number in range(4):
            numbers[number] += 1
            slot = chance.choice(["slot-1", "slot-2", None])
            for _ in range(2):
                acts.append(
                    lambda n=number, s=slot, k=numbers[number]: rebook(lake, f"order-{n}", s, number=k)
                )
        acts.append(lambda t=turn: lake.hold(f"held-{t}", slot_id="slot-2"))
        acts.append(lambda t=turn: lake.call("release_hold", order_id=f"held-{t}", reason="not-placed"))
        together(*acts)
        lake.call("release_hold", order_id=f"held-{turn}", reason="not-placed")
        there = taken(lake)
        assert all(0 <= count <= 2 for count in there.values())
        wanted = [lake.delivery(f"order-{number}") for number in range(4)]
        for slot_id, count in there.items():
            assert count == sum(one.slot is not None and one.slot.slot_id == slot_id for one in wanted)
