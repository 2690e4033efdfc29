"""An order that is moved to another slot before anything of it is on board (rule 12)."""

from __future__ import annotations

import pytest

from services.dispatch.adapters.rows import delivery_of, delivery_row
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.errors import GoodsOnBoard, MovedOn, WrongState
from services.dispatch.domain.lifecycle import Status
from services.dispatch.domain.planning.upkeep import give_up_at
from services.dispatch.domain.preparation import prepared
from services.dispatch.domain.promise import NOTHING_TOLD
from services.dispatch.domain.rebooking import is_decided, move, must_be_movable, refuse
from services.dispatch.domain.zone import SlotWindow
from tests.dispatch.builders import a_held_delivery, a_paid_delivery, a_zone, an_assigned_delivery, at

EVENING = SlotWindow(slot_id="evening", starts_at=at(360), ends_at=at(480))


def moved(
    delivery: Delivery, slot: SlotWindow | None = EVENING, number: int = 1, now: float = 10
) -> Delivery:
    move(
        delivery,
        slot=slot,
        promised_at=slot.ends_at if slot else at(now + 40),
        number=number,
        at=at(now),
    )
    return delivery


def test_a_delivery_that_was_foreseen_waits_anew_for_its_new_slot() -> None:
    delivery = a_paid_delivery()
    delivery.foresee("courier-1", at(30), 1)
    delivery.not_taken("courier-2", None)
    moved(delivery)
    assert (delivery.status, delivery.slot, delivery.promised_at) == (Status.WAITING, EVENING, at(480))
    assert (delivery.eta, delivery.foreseen, delivery.told, delivery.barred) == (None, None, NOTHING_TOLD, {})


def test_what_was_held_and_is_not_heard_to_be_paid_yet_moves_too() -> None:
    delivery = a_held_delivery()
    must_be_movable(delivery)
    assert moved(delivery).status is Status.HELD


def test_nothing_moves_once_something_is_on_board() -> None:
    delivery = an_assigned_delivery()
    delivery.arrive(delivery.stops[0].stop_id, at(2))
    must_be_movable(delivery)
    delivery.complete(delivery.stops[0].stop_id, None, 100, at(3))
    with pytest.raises(GoodsOnBoard):
        must_be_movable(delivery)


def test_what_has_ended_does_not_move() -> None:
    delivery = a_paid_delivery()
    delivery.cancel("changed-my-mind", at(2))
    with pytest.raises(WrongState):
        must_be_movable(delivery)


def test_a_move_is_decided_once_and_one_that_is_past_is_told_so() -> None:
    delivery = a_paid_delivery()
    refuse(delivery, 1, {"code": "slot-full", "kind": "refused", "detail": "full"})
    assert is_decided(delivery, 1)
    assert not is_decided(delivery, 2)
    moved(delivery, number=2)
    assert is_decided(delivery, 2)
    with pytest.raises(MovedOn):
        is_decided(delivery, 1)


def test_a_shops_word_for_the_old_time_counts_as_one_for_the_new() -> None:
    delivery = a_paid_delivery()
    name = delivery.stops[0].store_order_id or ""
    delivery.accepted(name, at(2), at(15), at(2))
    moved(delivery)
    assert delivery.expected_ready(delivery.stops[0], at(20)) == EVENING.starts_at


def test_it_counts_the_same_when_it_is_heard_after_the_move() -> None:
    delivery = moved(a_paid_delivery())
    name = delivery.stops[0].store_order_id or ""
    delivery.accepted(name, at(2), at(15), at(11))
    assert delivery.expected_ready(delivery.stops[0], at(20)) == EVENING.starts_at
    delivery.accepted(name, at(12), at(300), at(12))
    assert delivery.expected_ready(delivery.stops[0], at(20)) == at(300)


def test_nothing_is_learnt_of_a_shop_whose_order_was_moved() -> None:
    delivery = moved(a_paid_delivery())
    name = delivery.stops[0].store_order_id or ""
    delivery.accepted(name, at(2), at(15), at(2))
    delivery.ready(name, at(340), at(340))
    assert prepared(delivery, [name]) == []


def test_a_delivery_moved_to_as_soon_as_possible_is_not_late_from_the_start() -> None:
    delivery = a_paid_delivery(slot=EVENING)
    moved(delivery, None, now=300)
    assert give_up_at(a_zone(), delivery) > at(300)
    assert delivery.asked_for_at == at(300)


def test_moves_are_kept_with_the_delivery() -> None:
    delivery = moved(a_paid_delivery())
    refuse(delivery, 2, {"code": "slot-full", "kind": "refused", "detail": "full"})
    row = delivery_row(delivery)
    kept = delivery_of(row | {name: None for name in row if name.endswith("_at")})
    assert kept.rebooking == delivery.rebooking
