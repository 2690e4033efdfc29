"""Recorded plans: the same plan comes out again, and says why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.dispatch.contracts import recorded
from services.dispatch.domain.planning.record import (
    comes_out_of,
    explain,
    order_of_stops,
    solve_again,
)
from shared.kernel.errors import InvalidInput
from tests.dispatch.records import a_record


def test_a_record_is_read_as_it_was_written() -> None:
    record = a_record()
    assert record.choices, "somebody was asked"
    assert recorded.loads(recorded.dumps(record)) == record
    assert recorded.read({"order_id": "order-1", **recorded.to_wire(record)}) == record


def test_a_plan_comes_out_again_from_what_was_written() -> None:
    for seed in range(4):
        record = recorded.loads(recorded.dumps(a_record(orders=12, couriers=3, seed=seed)))
        assert comes_out_of(record, solve_again(record))


def test_a_plan_whose_building_time_ended_comes_out_again() -> None:
    record = a_record(orders=12, couriers=8, build_seconds=5.0, rounds=0)
    whole = solve_again(replace(record, built=None))
    assert record.built is not None
    assert len(record.unassigned) > len(whole.unassigned)
    assert comes_out_of(record, solve_again(record))


def test_another_plan_is_told_from_the_recorded_one() -> None:
    record = a_record()
    plan = solve_again(record)
    assert not comes_out_of(replace(record, cost=record.cost + 1), plan)
    assert not comes_out_of(replace(record, unassigned=("order-9",)), plan)
    assert not comes_out_of(replace(record, routes={}), plan)
    assert not explain(replace(record, routes={}), "order-1").same


def test_who_was_asked_is_explained_with_the_candidates_that_were_kept() -> None:
    record = a_record()
    choice = record.choices[0]
    found = explain(record, choice.basket_ids[0])
    assert (found.same, found.chosen, found.asked) == (True, choice.courier_id, True)
    assert found.candidates == tuple(one for one in choice.candidates if one.order_id == found.basket_id)
    assert found.without is not None
    assert found.sentence().startswith(f"{choice.courier_id} was asked for {found.basket_id}")


def test_that_nobody_could_take_an_order_is_said() -> None:
    record = a_record(couriers=0)
    found = explain(record, "order-1")
    assert (found.chosen, found.candidates, found.same) == (None, (), True)
    assert found.sentence().startswith("Nobody could take order-1")


def test_what_was_promised_before_is_said_to_be_promised() -> None:
    record = a_record()
    courier_id, stops = next(iter(record.routes.items()))
    snapshot = record.snapshot
    riders = tuple(
        replace(rider, route=stops) if rider.courier_id == courier_id else rider for rider in snapshot.riders
    )
    names = {v.stop_id: b.basket_id for b in snapshot.baskets for v in (*b.pickups, b.drop_off)}
    promised = {names[stop] for stop in stops}
    baskets = tuple(
        replace(basket, holder=courier_id) if basket.basket_id in promised else basket
        for basket in snapshot.baskets
    )
    given = replace(record, snapshot=replace(snapshot, riders=riders, baskets=baskets), choices=())
    found = explain(given, sorted(promised)[0])
    assert (found.chosen, found.without) == (courier_id, None)
    assert "already" in found.sentence()


@pytest.mark.parametrize(
    "document",
    [
        b"[]",
        b"{",
        b'{"form": 2, "plan": {}}',
        b'{"form": 1}',
        b'{"form": 1, "plan": {"zone_id": 7}}',
        b'{"form": 1, "plan": {"nonsense": 7}}',
    ],
)
def test_what_is_no_record_is_refused(document: bytes) -> None:
    with pytest.raises(InvalidInput):
        recorded.loads(document)


def test_the_order_of_stops_is_what_the_next_plan_starts_from() -> None:
    record = a_record()
    assert order_of_stops(solve_again(record)) == record.routes
