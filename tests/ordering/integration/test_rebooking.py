"""Moving a paid order to another slot, whatever dies or is silent in between (rule 12)."""

from __future__ import annotations

from typing import Any

import pytest

from services.ordering.domain.delivery import delivery_id_of
from services.ordering.domain.errors import (
    CommandIdUsed,
    NothingToRebook,
    OrderNotFound,
    RebookingPending,
    RebookingRunning,
    TooLateToRebook,
    WrongState,
)
from shared.kernel.errors import Refusal
from tests.ordering.integration.conftest import CUSTOMER, OPERATOR, Platform

Wire = dict[str, Any]


def rebook(platform: Platform, order: Wire, slot_id: str = "slot-1", **changes: Any) -> Wire:
    asked = {
        "actor": CUSTOMER,
        "rebooking_id": "rebooking-1",
        "order_id": order["order_id"],
        "slot_id": slot_id,
    }
    return platform.service.rebook(**asked | changes)


def states(platform: Platform) -> list[str]:
    return [row[0] for row in platform.sql("SELECT state FROM rebooking ORDER BY number")]


def let_time_pass(platform: Platform) -> None:
    platform.sql("UPDATE rebooking SET touched_at = touched_at - interval '1 minute'")
    platform.service.finish_rebookings()


def test_the_order_has_its_new_slot_and_says_so_once(platform: Platform) -> None:
    order = platform.paid()
    for _ in range(2):
        moved = rebook(platform, order)
        assert (moved["state"], moved["slot"]["slot_id"]) == ("moved", "slot-1")
        assert moved["from_slot"]["slot_id"] == "asap"
    seen = platform.order(order["order_id"])
    assert seen["slot"]["slot_id"] == "slot-1"
    assert seen["slot"]["promised_at"] == "2026-01-05T14:00:00.000Z"
    (told,) = platform.published("OrderRebooked")
    assert (told["number"], told["from_slot_id"], told["slot_id"]) == (1, None, "slot-1")
    assert told["shop_ids"] == ["shop-1", "shop-2"]
    assert platform.rpc.dispatch.taken == {"slot-1": 1}
    part = seen["store_orders"][0]
    merchant = {"account_id": "merchant-1", "role": "merchant"}
    shown = platform.service.store_order(actor=merchant, store_order_id=part["store_order_id"])
    (page,) = platform.service.store_orders(actor=merchant, shop_id="shop-1")["items"]
    assert shown["slot"] == page["slot"] == seen["slot"]
    listed = platform.service.rebookings(actor=CUSTOMER, order_id=order["order_id"])["items"]
    assert [one["state"] for one in listed] == ["moved"]


@pytest.mark.parametrize("silent", [("storefront", "hold_move"), ("dispatch", "rebook")])
@pytest.mark.parametrize("works", [True, False])
@pytest.mark.parametrize("finisher", ["the same call", "a timer"])
def test_what_is_left_half_done_is_finished(
    platform: Platform, silent: tuple[str, str], works: bool, finisher: str
) -> None:
    order = platform.paid()
    platform.rpc.mute.add(silent)
    platform.rpc.works_when_mute = works
    with pytest.raises(RebookingPending):
        rebook(platform, order)
    assert states(platform) == ["moving"]
    with pytest.raises(RebookingRunning):
        rebook(platform, order, "asap-2", rebooking_id="rebooking-2")
    platform.rpc.mute.clear()
    if finisher == "a timer":
        let_time_pass(platform)
    else:
        rebook(platform, order)
    assert states(platform) == ["moved"]
    assert platform.order(order["order_id"])["slot"]["slot_id"] == "slot-1"
    assert platform.rpc.dispatch.taken == {"slot-1": 1}
    assert len(platform.published("OrderRebooked")) == 1


def test_a_refusal_of_dispatch_gives_back_what_shops_hold_and_stays_one(platform: Platform) -> None:
    order = platform.paid()
    platform.rpc.dispatch.capacity = 0
    for _ in range(2):
        with pytest.raises(Refusal) as refusal:
            rebook(platform, order)
        assert refusal.value.code == "slot-full"
    assert states(platform) == ["released"]
    assert platform.rpc.storefront.moves == {(order["order_id"], 1): "dropped"}
    assert platform.published("OrderRebooked") == []
    platform.rpc.dispatch.capacity = 10
    assert rebook(platform, order, rebooking_id="rebooking-2")["number"] == 2


def test_a_refusal_of_a_shop_leaves_the_old_slot_as_it_is(platform: Platform) -> None:
    order = platform.paid(slot_id="slot-1")
    platform.rpc.storefront.hours_full = True
    with pytest.raises(Refusal) as refusal:
        rebook(platform, order, "asap")
    assert refusal.value.code == "shop-full"
    assert platform.rpc.dispatch.taken == {"slot-1": 1}
    assert platform.order(order["order_id"])["slot"]["slot_id"] == "slot-1"


def test_what_a_refused_move_held_is_given_back_even_if_the_shop_is_silent_then(platform: Platform) -> None:
    order = platform.paid()
    platform.rpc.dispatch.on_board.add(order["order_id"])
    platform.rpc.mute.add(("storefront", "drop_move"))
    platform.rpc.works_when_mute = False
    with pytest.raises(RebookingPending):
        rebook(platform, order)
    assert states(platform) == ["refused"]
    platform.rpc.mute.clear()
    let_time_pass(platform)
    assert states(platform) == ["released"]
    with pytest.raises(Refusal) as refusal:
        rebook(platform, order)
    assert refusal.value.code == "goods-on-board"


def test_an_order_that_is_cancelled_while_it_moves_is_not_moved(platform: Platform) -> None:
    order = platform.paid()
    platform.rpc.mute.add(("dispatch", "rebook"))
    with pytest.raises(RebookingPending):
        rebook(platform, order)
    platform.service.cancel(actor=CUSTOMER, order_id=order["order_id"], reason="changed-my-mind")
    platform.rpc.mute.clear()
    let_time_pass(platform)
    assert states(platform) == ["released"]
    assert platform.published("OrderRebooked") == []


def test_nobody_moves_what_is_collected_unpaid_or_not_theirs(platform: Platform) -> None:
    unpaid = platform.placed()
    with pytest.raises(WrongState):
        rebook(platform, unpaid)
    order = platform.paid()
    with pytest.raises(OrderNotFound):
        rebook(platform, order, actor={"account_id": "somebody", "role": "customer"})
    with pytest.raises(NothingToRebook):
        rebook(platform, order, "asap")
    part = order["store_orders"][0]
    platform.hears(
        platform.event(
            "dispatch",
            "PickupCompleted",
            order["order_id"],
            order_id=order["order_id"],
            delivery_id=delivery_id_of(order["order_id"]),
            store_order_id=part["store_order_id"],
            picked_up_at="2026-01-05T10:40:00.000Z",
        )
    )
    with pytest.raises(TooLateToRebook):
        rebook(platform, order)
    assert states(platform) == []


def test_an_operator_moves_an_order_too_and_an_id_names_one_move(platform: Platform) -> None:
    order, other = platform.paid(), platform.paid()
    assert rebook(platform, order, actor=OPERATOR)["by"] == "operator"
    with pytest.raises(CommandIdUsed):
        rebook(platform, other)


def test_a_quote_for_a_slot_knows_its_window_and_asks_the_shops_for_it(platform: Platform) -> None:
    quote = platform.quoted(slot_id="slot-1")
    assert quote["slot"]["starts_at"] == "2026-01-05T12:00:00.000Z"
    slots = platform.service.slots(actor=CUSTOMER, quote_id=quote["quote_id"])
    assert [(slot["slot_id"], slot["state"]) for slot in slots["items"]] == [("slot-1", "free")]
    assert slots["asap"] is True


def test_a_basket_whose_shop_is_closed_is_told_the_next_slot(platform: Platform) -> None:
    platform.rpc.storefront.closed.add("shop-2")
    with pytest.raises(Refusal) as refusal:
        platform.quoted()
    assert refusal.value.code == "shop-closed"
    assert refusal.value.extra["next_slot"]["slot_id"] == "slot-1"
    assert "basket" not in refusal.value.extra
    assert platform.quoted(slot_id="slot-1")["slot"]["slot_id"] == "slot-1"


def test_a_failed_try_at_the_door_pays_nothing_back(platform: Platform) -> None:
    order = platform.paid()
    facts = {"order_id": order["order_id"], "delivery_id": delivery_id_of(order["order_id"])}
    platform.hears(
        platform.event(
            "dispatch",
            "DropOffFailed",
            order["order_id"],
            failed_at="2026-01-05T11:00:00.000Z",
            choose_by="2026-01-05T11:30:00.000Z",
            **facts,
        )
    )
    seen = platform.order(order["order_id"])
    assert (seen["delivery"]["status"], seen["refunded"]["amount"]) == ("second_try", 0)
    assert seen["delivery"]["choose_by"] == "2026-01-05T11:30:00.000Z"
    returning = {"started_at": "2026-01-05T11:30:00.000Z"}
    platform.hears(platform.event("dispatch", "ReturnStarted", order["order_id"], **facts, **returning))
    assert platform.order(order["order_id"])["delivery"]["status"] == "returning"
    failed = {"reason": "customer-absent", "failed_at": "2026-01-05T12:00:00.000Z"}
    platform.hears(platform.event("dispatch", "DeliveryFailed", order["order_id"], **facts, **failed))
    seen = platform.order(order["order_id"])
    assert seen["status"] == "cancelled"
    assert 0 < seen["refunded"]["amount"] < seen["total"]["amount"]


def test_the_delivery_is_told_what_goods_take_of_a_box(platform: Platform) -> None:
    platform.rpc.storefront.sizes["bread"] = {"volume_ml": 21_000, "weight_g": 100, "cold": True}
    order = platform.placed()
    loads = {part["shop_id"]: part.get("load") for part in platform.rpc.dispatch.held[order["order_id"]]}
    assert loads == {"shop-1": None, "shop-2": {"volume": 5, "weight": 1, "cold": 5}}
