"""How long shops take: written from their events, read by the planner."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.dispatch.adapters.experience import Experience
from services.dispatch.domain.preparation import Preparation
from shared.messaging.envelope import Event
from tests.dispatch.builders import ZONE_ID
from tests.dispatch.world import World


def learnt(world: World, experience: Experience | None = None) -> Preparation:
    with world.database.read() as connection:
        shops = {"shop-0", "shop-1"}
        return (experience or Experience()).preparation(connection, ZONE_ID, shops, world.clock.now())


def a_slow_part(world: World, order_id: str) -> tuple[Event, ...]:
    """A part that its shop promises in ten minutes and has ready in thirty-two."""
    world.hold(order_id)
    world.consume(world.paid(order_id))
    now = world.clock.now()
    return (
        world.accepted(order_id, 0, now + timedelta(minutes=10)),
        world.ready(order_id, 0, now + timedelta(minutes=32)),
    )


@pytest.mark.parametrize("order", ["as it happened", "backwards", "twice"])
def test_the_words_of_shops_teach_the_same_in_any_order(world: World, order: str) -> None:
    world.open_zone()
    accepted, ready = a_slow_part(world, "order-1")
    for event in {
        "as it happened": [accepted, ready],
        "backwards": [ready, accepted],
        "twice": [accepted, ready, accepted, ready],
    }[order]:
        world.consume(event)
    assert [seen.ratio for seen in learnt(world).kitchens["shop-0"].seen] == [3.0]
    assert learnt(world).kitchens["shop-1"].seen == []
    assert learnt(world).zone == (3.0,)
    assert world.scalar("SELECT count(*) FROM preparation") == 1


def test_a_slow_shop_is_not_ridden_to_as_soon_as_it_says(world: World) -> None:
    world.open_zone()
    for number in range(30):
        world.consume(*a_slow_part(world, f"past-{number}"))
        world.clock.advance(timedelta(days=1))
    # Nobody was there to bring those: what is left of them is of no interest here.
    world.consume(*(world.cancelled(f"past-{number}") for number in range(30)))
    world.on_shift("courier-1")
    world.a_paid_order("order-1", ready_in=5)
    epoch = world.plan()
    assert epoch is not None
    assert (epoch.baskets, epoch.offers) == (1, 0)
    world.advance(13)
    epoch = world.plan()
    assert epoch is not None
    assert epoch.offers == 1


def test_what_was_read_lately_is_not_read_again(world: World) -> None:
    seconds = iter(range(0, 1000, 60))
    experience = Experience(lambda: float(next(seconds)))
    world.open_zone()
    first = learnt(world, experience)
    world.consume(*a_slow_part(world, "order-1"))
    assert learnt(world, experience) is first
    world.advance(11)
    assert learnt(world, experience).kitchens["shop-0"].seen


def test_the_past_is_forgotten(world: World) -> None:
    world.open_zone()
    world.consume(*a_slow_part(world, "order-1"))
    world.service.forget()
    assert world.scalar("SELECT count(*) FROM preparation") == 1
    world.clock.advance(timedelta(days=61))
    world.service.forget()
    assert world.scalar("SELECT count(*) FROM preparation") == 0
