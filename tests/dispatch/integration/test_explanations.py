"""Why a courier was asked, read from a real database."""

from __future__ import annotations

import pytest

from services.dispatch.domain.errors import OfferNotFound, OperatorsOnly
from tests.dispatch.builders import place
from tests.dispatch.world import OPERATOR, World, courier_actor


def test_an_offer_says_who_came_into_question_and_what_it_would_have_cost(world: World) -> None:
    world.open_zone()
    for number, metres in enumerate((450, 4000, 2000, 9000)):
        world.on_shift(f"courier-{number}", place(metres))
    world.a_paid_order("order-1", ready_in=0)
    world.plan()
    (offer,) = world.route("courier-0")["offers"]
    why = world.call("explain_offer", actor=OPERATOR, offer_id=offer["offer_id"])
    assert (why["courier_id"], why["status"]) == ("courier-0", "open")
    found = why["candidates"]
    assert [one["courier_id"] for one in found] == ["courier-0", "courier-2", "courier-1"]
    assert [one["chosen"] for one in found] == [True, False, False]
    assert [one["cost"] for one in found] == sorted(one["cost"] for one in found)
    assert all(one["order_id"] == "order-1" for one in found)
    assert all(0 < one["door_minutes"] <= one["extra_minutes"] for one in found)
    # An answer changes nothing of it.
    world.accept_all("courier-0")
    assert world.call("explain_offer", actor=OPERATOR, offer_id=offer["offer_id"])["candidates"] == found


def test_only_operators_are_told_and_only_of_offers_that_were_made(world: World) -> None:
    with pytest.raises(OperatorsOnly):
        world.call("explain_offer", actor=courier_actor("courier-1"), offer_id="offer-1")
    with pytest.raises(OfferNotFound):
        world.call("explain_offer", actor=OPERATOR, offer_id="offer-1")


def test_an_offer_from_before_there_were_explanations_has_none(world: World) -> None:
    world.open_zone()
    world.on_shift("courier-0", place(450))
    world.a_paid_order("order-1", ready_in=0)
    world.plan()
    with world.database.transaction() as tx:
        tx.connection.exec_driver_sql("UPDATE offer SET candidates = NULL")
    (offer,) = world.route("courier-0")["offers"]
    assert world.call("explain_offer", actor=OPERATOR, offer_id=offer["offer_id"])["candidates"] == []
