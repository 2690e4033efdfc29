"""What proves a pickup or a handover, and what does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.dispatch.domain.errors import ProofMissing, TooManyCodes, WrongCode
from services.dispatch.domain.events import DeliveryCompleted, PickupCompleted
from services.dispatch.domain.proof import Handover, ProvedBy, Shown, WhyNot, code_of
from services.dispatch.domain.proving import MOST_TRIES, prove, tried, tries_left
from services.dispatch.domain.stop import Stop, StopKind
from shared.kernel.errors import InvalidInput
from tests.dispatch.builders import an_assigned_delivery, at, place

SHOP = Stop(stop_id="stop-1", kind=StopKind.PICKUP, place=place())
DOOR = Stop(stop_id="stop-2", kind=StopKind.DROP_OFF, place=place())


def shown(stop: Stop, demanded: bool = True, minute: float = 0, **what: object):
    return prove(stop, Shown(**what), lambda: "0417", demanded, at(minute))  # type: ignore[arg-type]


def test_a_code_is_four_digits_of_its_stop_and_its_key() -> None:
    codes = {code_of(b"k" * 32, f"stop-{number}") for number in range(200)}
    assert all(len(code) == 4 and code.isdigit() for code in codes)
    assert len(codes) > 190
    assert code_of(b"k" * 32, "stop-1") == code_of(b"k" * 32, "stop-1")
    assert code_of(b"j" * 32, "stop-1") != code_of(b"k" * 32, "stop-1")


def test_where_nothing_is_demanded_and_nothing_shown_nothing_is_said() -> None:
    assert shown(SHOP, demanded=False) is None
    assert shown(DOOR, demanded=False) is None


@pytest.mark.parametrize("stop", [SHOP, DOOR], ids=["shop", "door"])
@pytest.mark.parametrize("demanded", [True, False])
def test_a_code_is_checked_whether_it_is_demanded_or_not(stop: Stop, demanded: bool) -> None:
    right = shown(stop, demanded, code="0417")
    assert right is not None
    assert right.by is ProvedBy.CODE
    with pytest.raises(WrongCode) as wrong:
        shown(stop, demanded, code="0418")
    assert (wrong.value.kind, wrong.value.extra) == ("refused", {"tries_left": MOST_TRIES - 1})


def test_what_is_demanded_and_not_shown_is_refused() -> None:
    for stop in (SHOP, DOOR):
        with pytest.raises(ProofMissing):
            shown(stop)


def test_a_shop_takes_no_excuse() -> None:
    with pytest.raises(InvalidInput):
        shown(SHOP, why_not=WhyNot.NO_CODE)
    with pytest.raises(InvalidInput):
        shown(SHOP, handover=Handover.UNATTENDED)


def test_a_picture_proves_a_handover_at_the_moment_it_was_taken() -> None:
    found = shown(replace(DOOR, photo_at=at(3)), minute=5, handover=Handover.UNATTENDED)
    assert found is not None
    assert (found.by, found.at, found.handover) == (ProvedBy.PHOTO, at(3), Handover.UNATTENDED)


def test_what_is_left_at_the_door_wants_a_picture_or_the_reason_why_there_is_none() -> None:
    with pytest.raises(ProofMissing):
        shown(DOOR, demanded=False, handover=Handover.UNATTENDED)
    found = shown(DOOR, demanded=False, handover=Handover.UNATTENDED, why_not=WhyNot.TOO_DARK)
    assert found is not None
    assert (found.by, found.why_not) == (ProvedBy.NOTHING, WhyNot.TOO_DARK)


def test_how_far_away_the_courier_was_is_kept_and_not_where() -> None:
    found = shown(DOOR, code="0417", place=place(30, 40))
    assert found is not None
    assert found.distance_m == 50


def test_five_wrong_codes_close_a_stop_for_ten_minutes_even_to_the_right_one() -> None:
    stop = DOOR
    for number in range(MOST_TRIES):
        with pytest.raises(WrongCode) as wrong:
            shown(stop, minute=number, code="9999")
        assert wrong.value.extra["tries_left"] == MOST_TRIES - number - 1
        stop = tried(stop, at(number))
    with pytest.raises(TooManyCodes) as closed:
        shown(stop, minute=5, code="0417")
    assert closed.value.extra == {"retry_after": 9 * 60}
    assert tries_left(stop, at(14)) == MOST_TRIES
    assert shown(stop, minute=14, code="0417") is not None
    assert tried(stop, at(14)).tries == 1


def test_a_picture_still_proves_when_there_were_too_many_codes() -> None:
    closed = replace(DOOR, tries=MOST_TRIES, tried_at=at(0), photo_at=at(1))
    found = shown(closed, minute=1)
    assert found is not None
    assert found.by is ProvedBy.PHOTO


def test_events_say_what_was_proved_in_codes() -> None:
    delivery = an_assigned_delivery()
    code = shown(SHOP, code="0417", place=place(3, 4))
    for stop in delivery.stops[:2]:
        delivery.arrive(stop.stop_id, at(2))
        delivery.complete(stop.stop_id, None, 0, at(3), code)
    picked_up = delivery.events[-1]
    assert isinstance(picked_up, PickupCompleted)
    assert (picked_up.proved_by, picked_up.proved_at, picked_up.proved_distance_m) == ("code", at(0), 5)
    door = delivery.stops[2].stop_id
    delivery.arrive(door, at(9))
    left = shown(DOOR, handover=Handover.UNATTENDED, why_not=WhyNot.CAMERA_BROKEN)
    delivery.complete(door, None, 0, at(10), left)
    completed = delivery.events[-1]
    assert isinstance(completed, DeliveryCompleted)
    told = (completed.proved_by, completed.handover, completed.unproved_reason, completed.proved_distance_m)
    assert told == ("nothing", "unattended", "camera-broken", None)
