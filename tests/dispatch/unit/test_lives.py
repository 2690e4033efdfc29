"""The lives of deliveries, stops and offers: every pair of states, allowed or refused."""

from __future__ import annotations

from itertools import product

import pytest

from services.dispatch.domain import lifecycle, offer, stop
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.errors import OfferClosed, WrongState
from services.dispatch.domain.lifecycle import Status
from services.dispatch.domain.offer import Offer, OfferStatus
from services.dispatch.domain.stop import Stop, StopKind, StopStatus
from tests.dispatch.builders import ZONE_ID, at, place

_S, _T, _O = Status, StopStatus, OfferStatus
DELIVERY = {
    (_S.UNHELD, _S.HELD), (_S.UNHELD, _S.RELEASED), (_S.UNHELD, _S.WAITING), (_S.UNHELD, _S.FAILED),
    (_S.UNHELD, _S.CANCELLED), (_S.HELD, _S.WAITING), (_S.HELD, _S.RELEASED), (_S.HELD, _S.CANCELLED),
    (_S.RELEASED, _S.WAITING), (_S.RELEASED, _S.CANCELLED), (_S.WAITING, _S.PLANNED),
    (_S.WAITING, _S.ASSIGNED), (_S.WAITING, _S.FAILED), (_S.WAITING, _S.CANCELLED),
    (_S.PLANNED, _S.WAITING), (_S.PLANNED, _S.ASSIGNED), (_S.PLANNED, _S.FAILED), (_S.PLANNED, _S.CANCELLED),
    (_S.ASSIGNED, _S.WAITING), (_S.ASSIGNED, _S.COLLECTING), (_S.ASSIGNED, _S.DELIVERING),
    (_S.ASSIGNED, _S.FAILED), (_S.ASSIGNED, _S.CANCELLED), (_S.COLLECTING, _S.WAITING),
    (_S.COLLECTING, _S.DELIVERING), (_S.COLLECTING, _S.FAILED), (_S.COLLECTING, _S.CANCELLED),
    (_S.DELIVERING, _S.DELIVERED), (_S.DELIVERING, _S.FAILED), (_S.DELIVERING, _S.CANCELLED),
}  # fmt: skip
STOP = {
    (_T.PENDING, _T.ARRIVED), (_T.PENDING, _T.FAILED), (_T.PENDING, _T.SKIPPED), (_T.ARRIVED, _T.DONE),
    (_T.ARRIVED, _T.FAILED), (_T.ARRIVED, _T.SKIPPED), (_T.ARRIVED, _T.PENDING), (_T.FAILED, _T.PENDING),
}  # fmt: skip
OFFER = {(_O.OPEN, status) for status in OfferStatus if status is not _O.OPEN}


@pytest.mark.parametrize(("before", "after"), list(product(Status, Status)))
def test_a_delivery_becomes_only_what_the_table_allows(before: Status, after: Status) -> None:
    delivery = Delivery(order_id="order-1", status=before)
    assert (after in lifecycle.MAY_BECOME[before]) == ((before, after) in DELIVERY)
    if (before, after) in DELIVERY:
        delivery._become(after)
        assert delivery.status is after
    else:
        with pytest.raises(WrongState):
            delivery._become(after)
        assert delivery.status is before


@pytest.mark.parametrize(("before", "after"), list(product(StopStatus, StopStatus)))
def test_a_stop_becomes_only_what_the_table_allows(before: StopStatus, after: StopStatus) -> None:
    visit = Stop(stop_id="stop-1", kind=StopKind.PICKUP, place=place(), status=before)
    assert (after in stop.MAY_BECOME[before]) == ((before, after) in STOP)
    if (before, after) in STOP:
        assert visit.become(after).status is after
    else:
        with pytest.raises(WrongState):
            visit.become(after)


@pytest.mark.parametrize(("before", "after"), list(product(OfferStatus, OfferStatus)))
def test_an_offer_is_closed_once(before: OfferStatus, after: OfferStatus) -> None:
    assert (after in offer.MAY_BECOME[before]) == ((before, after) in OFFER)
    asked = an_offer(before)
    if (before, after) in OFFER:
        asked._close(after, at(1))
        assert asked.status is after
    else:
        with pytest.raises(OfferClosed):
            asked._close(after, at(1))


def an_offer(status: OfferStatus = OfferStatus.OPEN) -> Offer:
    return Offer(
        offer_id="offer-1",
        zone_id=ZONE_ID,
        courier_id="courier-1",
        order_ids=("order-1",),
        route=(),
        plan_version=1,
        offered_at=at(0),
        expires_at=at(1),
        status=status,
    )


def test_accepting_twice_is_accepting_once() -> None:
    asked = an_offer()
    assert asked.accept(at(0.5))
    assert not asked.accept(at(7))


def test_an_offer_past_its_time_is_refused_even_before_anybody_noticed() -> None:
    with pytest.raises(OfferClosed):
        an_offer().accept(at(1))
