"""The promised window, from the plan over the door to the next plan."""

from __future__ import annotations

from datetime import datetime

from prometheus_client import REGISTRY

from services.dispatch.domain.promise import Window
from tests.dispatch.builders import ZONE_ID, place
from tests.dispatch.world import OPERATOR, World, courier_actor

ME = courier_actor("courier-1")


def bring(world: World, order_id: str, late: float) -> None:
    """One order from the payment to the door, ``late`` minutes after it was first foreseen there."""
    world.a_paid_order(order_id, ready_in=0, shops=[place(500)], door=place(0, 900))
    world.consume(world.ready(order_id, 0, world.clock.now()))
    world.plan()
    world.accept_all("courier-1")
    first = world.delivery(order_id).told.forecasts[0].eta
    for stop in world.route("courier-1")["stops"]:
        if stop["kind"] == "drop_off":
            world.advance((first - world.clock.now()).total_seconds() / 60 + late)
        world.call("arrive", actor=ME, stop_id=stop["stop_id"])
        world.call("complete", actor=ME, stop_id=stop["stop_id"])


def counted(result: str) -> float:
    labels = {"zone": ZONE_ID, "kind": "asap", "result": result}
    return REGISTRY.get_sample_value("linli_delivery_window_total", labels) or 0.0


def width(window: Window | None) -> float:
    assert window is not None
    return (window.ends_at - window.starts_at).total_seconds() / 60


def tracked(world: World, order_id: str) -> Window:
    seen = world.call("tracking", actor=OPERATOR, order_id=order_id)["window"]
    return Window(
        starts_at=datetime.fromisoformat(seen["starts_at"]), ends_at=datetime.fromisoformat(seen["ends_at"])
    )


def test_customers_see_a_window_from_the_first_plan_on_and_the_first_one_stays(world: World) -> None:
    world.open_zone()
    world.on_shift("courier-1")
    world.a_paid_order("order-1", ready_in=20)
    assert world.call("tracking", actor=OPERATOR, order_id="order-1")["window"] is None
    world.plan()
    first = world.call("tracking", actor=OPERATOR, order_id="order-1")
    assert first["first_window"] == first["window"]
    assert first["window"]["starts_at"] < first["eta"] < first["window"]["ends_at"]
    world.advance(15)
    later = world.call("tracking", actor=OPERATOR, order_id="order-1")
    assert later["first_window"] == first["first_window"]
    assert width(tracked(world, "order-1")) < width(world.delivery("order-1").told.window)


def test_an_accepted_order_is_foreseen_for_when_it_is_handed_over(world: World) -> None:
    world.open_zone()
    world.on_shift("courier-1")
    world.a_paid_order("order-1", ready_in=0)
    world.plan()
    foreseen = world.delivery("order-1").eta
    world.accept_all("courier-1")
    assert world.delivery("order-1").eta == foreseen


def test_what_came_of_a_promise_is_counted_kept_and_learnt_from(world: World) -> None:
    world.open_zone()
    world.on_shift("courier-1", hours=400)
    before = {result: counted(result) for result in ("early", "inside", "late")}
    bring(world, "order-0", late=1)
    bring(world, "order-1", late=25)
    after = {result: counted(result) for result in ("early", "inside", "late")}
    assert {result: after[result] - before[result] for result in after} == {
        "early": 0,
        "inside": 1,
        "late": 1,
    }
    board = world.call("board", actor=OPERATOR, zone_id=ZONE_ID)
    assert board["windows"] == {"deliveries": 2, "kept": 1}
    for number in range(2, 40):
        bring(world, f"order-{number}", late=25)
    world.a_paid_order("order-99", ready_in=0)
    world.plan()
    told = world.delivery("order-99").told
    assert told.window is not None
    late = (told.window.ends_at - told.forecasts[0].eta).total_seconds() / 60
    assert 15 < late < 40
    # What is as late as foreseen is inside the window by now.
    assert world.scalar("SELECT count(*) FROM forecast WHERE first") == 40
