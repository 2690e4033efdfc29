"""What every order goes through stays cheap: counted in statements, not in seconds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event

from services.dispatch.domain.errors import OutOfZone
from services.dispatch.domain.places import Position
from services.dispatch.entrypoints.service import DispatchService
from tests.dispatch.builders import at
from tests.dispatch.world import OPERATOR, World


@contextmanager
def statements(world: World) -> Iterator[list[str]]:
    seen: list[str] = []

    def see(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(world.database.engine, "before_cursor_execute", see)
    yield seen
    event.remove(world.database.engine, "before_cursor_execute", see)


def test_holding_takes_one_statement_and_at_most_four_with_a_slot(world: World) -> None:
    world.open_zone()
    world.open_slot()
    # The first order of a process finds out which zones there are.
    world.hold("order-0")
    with statements(world) as asap:
        world.hold("order-1")
    assert len(asap) == 1
    with statements(world) as slotted:
        world.hold("order-2", slot_id="slot-1")
    assert len(slotted) <= 4


def test_a_zone_that_is_opened_later_gets_its_orders_at_once(world: World) -> None:
    world.open_zone()
    world.hold("order-0")
    far = Position(lat=31.2, lon=121.5)
    with pytest.raises(OutOfZone):
        world.hold("order-1", door=far)
    area = {"south": 31.0, "west": 121.0, "north": 31.5, "east": 122.0}
    world.call("open_zone", actor=OPERATOR, zone_id="far", name="Far", area=area, settings={})
    assert world.hold("order-1", door=far)["zone_id"] == "far"


def test_taking_in_a_payment_takes_at_most_three_statements(world: World) -> None:
    world.open_zone()
    world.hold("order-1")
    paid, accepted = world.paid("order-1"), world.accepted("order-1", 0, at(10))
    with statements(world) as seen, world.database.transaction() as tx:
        DispatchService.on_ordering.handle(world.service, tx, paid)  # type: ignore[attr-defined]
        # A batch of messages costs no more than one message.
        DispatchService.on_ordering.handle(world.service, tx, accepted)  # type: ignore[attr-defined]
    assert len(seen) <= 3, seen
    assert world.delivery("order-1").status.value == "waiting"


def test_accepting_and_completing_take_few_statements(world: World) -> None:
    world.open_zone()
    world.on_shift("courier-1")
    world.a_paid_order("order-1", ready_in=0)
    world.plan()
    with statements(world) as accepting:
        world.accept_all("courier-1")
    # Two views to find the offer, then courier, offer, delivery, riding, three writes and the outbox.
    assert len(accepting) <= 12
    stop = world.route("courier-1")["stops"][0]
    actor = {"account_id": "courier-1", "role": "courier"}
    with statements(world) as arriving:
        world.call("arrive", actor=actor, stop_id=stop["stop_id"])
    assert len(arriving) <= 6


def test_planning_takes_few_statements_whatever_the_zone_holds(world: World) -> None:
    world.open_zone()
    for number in range(6):
        world.on_shift(f"courier-{number}")
        world.a_paid_order(f"order-{number}", ready_in=0)
    with statements(world) as planning:
        assert world.plan() is not None
    # Among them are those that a planner reads once in ten minutes: how things went before.
    assert len(planning) <= 17
