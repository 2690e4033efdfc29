"""Whatever the order and number of the same events, dispatch ends in the same state."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from shared.messaging.envelope import Event
from shared.persistence import Database
from tests.dispatch.builders import at, place
from tests.dispatch.world import OPERATOR, World

_RUNS = itertools.count(1)


def story(world: World, run: int) -> list[Event]:
    """Five orders with everything that may happen to them before a courier rides, and an account."""
    one, two, three, four, five = (f"run{run}-order{number}" for number in range(5))
    courier = f"run{run}-courier"
    account = {"account_id": courier, "role": "courier", "registered_at": "2026-01-05T03:00:00Z"}
    return [
        world.paid(one),
        world.accepted(one, 0, at(12)),
        world.accepted(one, 1, at(15)),
        world.ready(one, 0, at(11)),
        world.paid(two),
        world.rejected(two, 0),
        world.accepted(two, 1, at(20)),
        world.paid(three),
        world.rejected(three, 0),
        world.rejected(three, 1),
        world.paid(four),
        world.accepted(four, 0, at(9)),
        world.cancelled(four),
        world.expired(five),
        world.event("AccountRegistered", courier, account, source="gateway"),
    ]


def told(world: World, run: int) -> Any:
    """The state that events led to, without versions and moments of processing."""
    with world.database.read() as connection:
        deliveries = connection.execute(
            text(
                "SELECT replace(order_id, :run, '') AS o, status, slot_taken, customer_id, paid_at,"
                " held IS NULL,"
                " replace(told::text, :run, '') AS told, (SELECT json_agg(s->'status') FROM"
                " jsonb_array_elements(stops) AS s)::text AS stops FROM delivery"
                " WHERE starts_with(order_id, :run) ORDER BY 1"
            ),
            {"run": f"run{run}-"},
        ).all()
        couriers = connection.execute(
            text("SELECT registered_at, approved_at FROM courier WHERE starts_with(courier_id, :run)"),
            {"run": f"run{run}-"},
        ).all()
        taken = connection.scalar(text("SELECT taken FROM slot WHERE slot_id = :id"), {"id": f"slot{run}"})
    return [tuple(row) for row in deliveries], [tuple(row) for row in couriers], taken


def play(world: World, order: list[int], again: list[int], batches: int) -> Any:
    run = next(_RUNS)
    world.open_zone()
    world.open_slot(f"slot{run}", capacity=10)
    for number in range(5):
        world.hold(f"run{run}-order{number}", slot_id=f"slot{run}" if number % 2 else "asap")
    events = story(world, run)
    chosen = [events[number] for number in [*order, *again]]
    size = -(-len(chosen) // batches)
    for start in range(0, len(chosen), size):
        world.consume(*chosen[start : start + size])
    return told(world, run)


def test_the_same_events_in_any_order_and_number_lead_to_the_same_state(
    service_database: Callable[[str], Database],
) -> None:
    world = World(service_database("dispatch"))
    many = len(story(world, 0))
    expected = play(world, list(range(many)), [], 1)

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.permutations(range(many)),
        st.lists(st.integers(0, many - 1), max_size=10),
        st.integers(1, 6),
    )
    def converges(order: list[int], again: list[int], batches: int) -> None:
        assert play(world, list(order), again, batches) == expected

    converges()


def play_split(world: World, order: list[int], again: list[int], batches: int) -> Any:
    """What shops say of an order that was split before they said anything."""
    run = next(_RUNS)
    one = f"run{run}-order"
    world.open_zone()
    world.open_slot(f"slot{run}", capacity=10)
    world.hold(one, slot_id=f"slot{run}", shops=[place(500), place(600), place(700)])
    world.consume(world.paid(one))
    asked = {"actor": OPERATOR, "override_id": f"split{run}", "kind": "split", "order_id": one}
    world.call("override", **asked, store_order_ids=[f"{one}.1", f"{one}.2"], reason="large")
    events = story_of_a_split(world, one)
    chosen = [events[number] for number in [*order, *again]]
    size = -(-len(chosen) // batches)
    for start in range(0, len(chosen), size):
        world.consume(*chosen[start : start + size])
    with world.database.read() as connection:
        rows = connection.execute(
            text(
                "SELECT status, slot_taken, replace(told::text, :one, ''), progress->'trip'->'ending',"
                " (SELECT json_agg(s->'status') FROM jsonb_array_elements(stops) AS s)::text FROM delivery"
                " WHERE :one IN (order_id, split_from) ORDER BY split_from IS NOT NULL"
            ),
            {"one": one},
        ).all()
        taken = connection.scalar(text("SELECT taken FROM slot WHERE slot_id = :id"), {"id": f"slot{run}"})
    return [tuple(row) for row in rows], taken


def story_of_a_split(world: World, one: str) -> list[Event]:
    return [
        world.paid(one),
        world.accepted(one, 0, at(12)),
        world.accepted(one, 1, at(40)),
        world.accepted(one, 2, at(45)),
        world.ready(one, 1, at(38)),
        world.rejected(one, 0),
        world.rejected(one, 2),
    ]


def test_what_is_said_of_a_split_order_reaches_both_trips_in_any_order_and_number(
    service_database: Callable[[str], Database],
) -> None:
    world = World(service_database("dispatch"))
    many = len(story_of_a_split(world, "none"))
    expected = play_split(world, list(range(many)), [], 1)
    (first, second), taken = expected
    assert (first[0], second[0], taken) == ("cancelled", "waiting", 1)

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.permutations(range(many)),
        st.lists(st.integers(0, many - 1), max_size=6),
        st.integers(1, 4),
    )
    def converges(order: list[int], again: list[int], batches: int) -> None:
        assert play_split(world, list(order), again, batches) == expected

    converges()


def test_a_repeated_fact_under_another_id_changes_nothing(world: World) -> None:
    world.open_zone()
    world.a_paid_order("order-1", ready_in=10)
    before = told_of(world, "order-1")
    for _ in range(2):
        world.consume(world.accepted("order-1", 0, at(10)), world.paid("order-1"))
    assert told_of(world, "order-1") == before


def test_a_hold_after_its_release_is_refused_and_takes_no_room(world: World) -> None:
    world.open_zone()
    world.open_slot(capacity=1)
    world.call("release_hold", order_id="order-1", reason="stock gone")
    refused = False
    try:
        world.hold("order-1", slot_id="slot-1")
    except Exception as refusal:
        refused = getattr(refusal, "code", "") == "hold-released"
    assert refused
    assert world.scalar("SELECT taken FROM slot") == 0
    world.hold("order-2", slot_id="slot-1")


def test_holds_that_nobody_pays_are_given_back_once(world: World) -> None:
    world.open_zone()
    world.open_slot(capacity=2)
    world.hold("order-1", slot_id="slot-1")
    assert world.scalar("SELECT taken FROM slot") == 1
    world.clock.advance(timedelta(minutes=16))
    world.call("give_back")
    world.call("give_back")
    world.consume(world.expired("order-1"))
    world.call("release_hold", order_id="order-1", reason="expired")
    assert world.scalar("SELECT taken FROM slot") == 0


def test_a_payment_that_nothing_was_held_for_ends_in_a_refund(world: World) -> None:
    world.open_zone()
    world.consume(world.paid("order-1"))
    world.clock.advance(timedelta(minutes=5))
    world.call("give_back")
    assert world.delivery("order-1").failure == "nothing-held"
    assert world.published() == ["DeliveryFailed"]


def told_of(world: World, order_id: str) -> Any:
    delivery = world.delivery(order_id)
    return delivery.status, delivery.parts, delivery.paid_at, [stop.status for stop in delivery.stops]
