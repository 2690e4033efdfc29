"""Figures are counted with the commit of what they count, and not without it."""

from __future__ import annotations

import pytest
from prometheus_client import REGISTRY

from services.dispatch.adapters.store import SqlStore
from services.dispatch.domain.errors import OperatorsOnly, ZoneNotFound
from tests.dispatch.builders import ZONE_ID, at, place
from tests.dispatch.world import OPERATOR, World, courier_actor


def assigned() -> float:
    return REGISTRY.get_sample_value("linli_delivery_assigned_total", {"zone": ZONE_ID}) or 0.0


def test_what_is_undone_is_not_counted_and_what_is_done_once(world: World) -> None:
    world.open_zone()
    world.on_shift("courier-1", place(450))
    world.a_paid_order("order-1", ready_in=0)
    before = assigned()
    with pytest.raises(ZeroDivisionError), world.database.transaction() as tx:
        store = SqlStore(tx)
        delivery = store.delivery("order-1")
        delivery.assign("courier-1", at(1), at(30), plan_version=1)
        store.save(deliveries=[delivery])
        raise ZeroDivisionError
    assert assigned() == before
    world.plan()
    world.accept_all("courier-1")
    assert assigned() == before + 1


def test_operators_are_told_how_a_zone_did_and_nobody_else_is(world: World) -> None:
    world.open_zone()
    world.on_shift("courier-1", place(450))
    world.a_paid_order("order-1", ready_in=0)
    epoch = world.plan()
    assert epoch is not None
    assert (epoch.on_shift, epoch.riding, epoch.since) == (1, 0, None)
    world.accept_all("courier-1")
    world.advance(10)
    epoch = world.plan()
    assert epoch is not None
    assert epoch.riding == 1
    assert epoch.since is not None
    assert epoch.since.total_seconds() == 601
    for stop in world.route("courier-1")["stops"]:
        world.advance(5)
        actor = courier_actor("courier-1")
        world.call("arrive", actor=actor, stop_id=stop["stop_id"])
        world.call("complete", actor=actor, stop_id=stop["stop_id"], proof={})
    world.advance(1)
    told = world.call("figures", actor=OPERATOR, zone_id=ZONE_ID, hours=2)
    assert (told["delivered"], told["split"], told["doorbell_rings_per_basket"]) == (1, 0, 1.0)
    assert told["groups"][0]["shops"] == "2"
    assert told["click_to_door"]["p50"] == pytest.approx(25, abs=0.2)
    assert told["courier_hours"] == pytest.approx(26 / 60, abs=0.02)
    assert world.call("figures", actor=OPERATOR, zone_id=ZONE_ID, hours=0.1)["delivered"] == 1
    with pytest.raises(ZoneNotFound):
        world.call("figures", actor=OPERATOR, zone_id="nowhere")
    with pytest.raises(OperatorsOnly):
        world.call("figures", actor=courier_actor("courier-1"), zone_id=ZONE_ID)
