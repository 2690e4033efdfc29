"""Figures are counted with the commit of what they count, and not without it."""

from __future__ import annotations

import pytest
from prometheus_client import REGISTRY

from services.dispatch.adapters.store import SqlStore
from tests.dispatch.builders import ZONE_ID, at, place
from tests.dispatch.world import World


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
