"""Plans on record, in PostgreSQL: asked for by operators, and forgotten after a while."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.dispatch.contracts import recorded
from services.dispatch.domain.errors import OperatorsOnly, OrderNotDispatched, PlanNotRecorded
from services.dispatch.domain.planning.record import PlanRecord, explain
from services.dispatch.settings import Settings
from tests.dispatch.world import OPERATOR, World, courier_actor


@pytest.fixture
def recording(world: World) -> World:
    world.policy = replace(world.policy, records=True)
    world.open_zone()
    for number in range(3):
        world.on_shift(f"courier-{number}")
    return world


def record_for(world: World, order_id: str) -> PlanRecord:
    return recorded.read(world.call("recorded_plan", actor=OPERATOR, order_id=order_id))


def test_the_plan_that_asked_the_courier_is_found_later_and_made_again(recording: World) -> None:
    recording.a_paid_order("order-1", ready_in=0)
    assert recording.plan() is not None
    asked = record_for(recording, "order-1")
    choice = asked.choice_of("order-1")
    assert choice is not None
    recording.accept_all(choice.courier_id)
    for _ in range(3):
        recording.advance(1)
        assert recording.plan() is not None
    assert recording.scalar("SELECT count(*) FROM plan_record") > 1
    assert record_for(recording, "order-1") == asked, "not a later plan, which only knows what was promised"
    found = explain(asked, "order-1")
    assert (found.same, found.chosen) == (True, choice.courier_id)


def test_who_declined_is_not_who_is_explained_once_somebody_has_accepted(recording: World) -> None:
    recording.a_paid_order("order-1", ready_in=0)
    recording.plan()
    first = record_for(recording, "order-1").choices[0]
    actor = courier_actor(first.courier_id)
    recording.call("decline_offer", actor=actor, offer_id=first.offer_id, reason="flat tyre")
    recording.advance(1)
    recording.plan()
    second = record_for(recording, "order-1").choice_of("order-1")
    assert second is not None
    assert second.courier_id != first.courier_id


def test_an_order_that_nobody_was_asked_for_has_the_newest_plan(recording: World) -> None:
    recording.a_paid_order("order-1", ready_in=39)
    recording.plan()
    recording.advance(1)
    recording.plan()
    record = record_for(recording, "order-1")
    assert (record.choices, record.plan_version) == (
        (),
        recording.scalar("SELECT max(plan_version) FROM zone_plan"),
    )


def test_only_operators_may_look_and_what_is_not_there_is_said(recording: World) -> None:
    recording.a_paid_order("order-1", ready_in=0)
    with pytest.raises(PlanNotRecorded):
        record_for(recording, "order-1")
    with pytest.raises(OrderNotDispatched):
        record_for(recording, "order-2")
    for role in ("customer", "courier", "merchant", "analyst"):
        with pytest.raises(OperatorsOnly):
            recording.call("recorded_plan", actor={"account_id": "a", "role": role}, order_id="order-1")


def test_no_name_or_address_is_on_record(recording: World) -> None:
    recording.a_paid_order("order-1", ready_in=0)
    recording.plan()
    document = recorded.dumps(record_for(recording, "order-1"))
    assert b"order-1" in document
    for private in (b"Lakeside", b"Mrs Lin", b"customer-1"):
        assert private not in document


def test_records_are_forgotten_after_their_time_and_beyond_their_room(recording: World) -> None:
    recording.a_paid_order("order-1", ready_in=39)
    for _ in range(4):
        recording.plan()
        recording.advance(20)
    versions = "SELECT array_agg(plan_version ORDER BY plan_version) FROM plan_record"
    assert recording.scalar(versions) == [1, 2, 3, 4]
    recording.service.settings = settings = Settings(
        expiry_grace_seconds=10.0, policy=recording.policy, record_hours=1.1
    )
    recording.service.forget_plans()
    assert recording.scalar(versions) == [2, 3, 4], "the first is eighty minutes old"
    size = recording.scalar("SELECT sum(size) FROM plan_record WHERE plan_version >= 3") / 1e6
    recording.service.settings = replace(settings, record_megabytes=size)
    recording.service.forget_plans()
    assert recording.scalar(versions) == [3, 4]


def test_without_recording_nothing_is_kept(world: World) -> None:
    world.open_zone()
    world.on_shift("courier-1")
    world.a_paid_order("order-1", ready_in=0)
    world.plan()
    assert world.scalar("SELECT count(*) FROM plan_record") == 0
