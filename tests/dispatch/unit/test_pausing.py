"""What a pause means for a zone's couriers and orders."""

from __future__ import annotations

from datetime import datetime

import pytest

from services.dispatch.domain.lifecycle import Status
from services.dispatch.domain.pause import Pause
from services.dispatch.domain.planning.outlook import ZoneState, look_ahead
from services.dispatch.domain.planning.upkeep import keep_up
from tests.dispatch.builders import NOON, ZONE_ID, a_courier, a_paid_delivery, a_zone, at

LONG_AFTER = 24 * 60


def a_state(paused: bool = False, resumed_at: datetime | None = None) -> ZoneState:
    courier, delivery = a_courier(hours=48), a_paid_delivery()
    return ZoneState(
        zone=a_zone(),
        couriers={courier.courier_id: courier},
        deliveries={delivery.order_id: delivery},
        paused=paused,
        resumed_at=resumed_at,
    )


@pytest.mark.parametrize("paused", [True, False])
def test_nobody_takes_anything_new_while_a_zone_is_paused(paused: bool) -> None:
    snapshot = look_ahead(a_state(paused), at(1), {})
    assert [rider.new for rider in snapshot.riders] == [not paused]


@pytest.mark.parametrize(
    ("state", "status"),
    [
        (a_state(), Status.FAILED),
        (a_state(paused=True), Status.WAITING),
        (a_state(resumed_at=at(LONG_AFTER - 29)), Status.WAITING),
        (a_state(resumed_at=at(LONG_AFTER - 30)), Status.FAILED),
    ],
    ids=["never paused", "paused", "just resumed", "resumed half an hour ago"],
)
def test_what_a_pause_kept_waiting_is_not_given_up(state: ZoneState, status: Status) -> None:
    delivery = state.deliveries["order-1"]
    keep_up(state, at(LONG_AFTER))
    assert delivery.status is status


@pytest.mark.parametrize("resumed_at", [at(5), at(-5)], ids=["later", "by a clock that goes behind"])
def test_a_pause_never_ends_before_it_began(resumed_at: datetime) -> None:
    pause = Pause(zone_id=ZONE_ID, reason="storm", paused_at=NOON, paused_by="operator-1")
    over = pause.resume("operator-2", resumed_at)
    assert over.resumed_at == max(NOON, resumed_at)
    assert (over.reason, over.paused_by, over.resumed_by) == ("storm", "operator-1", "operator-2")
