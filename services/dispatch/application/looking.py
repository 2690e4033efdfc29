"""Who may look at what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from services.dispatch.domain.commands import Actor
from services.dispatch.domain.courier import Courier, Sighting
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.errors import (
    OfferNotFound,
    OrderNotDispatched,
    OutOfZone,
    PlanNotRecorded,
    ZoneNotFound,
)
from services.dispatch.domain.finished_day import SolvedDay
from services.dispatch.domain.lifecycle import ENDED, RIDING, UNASSIGNED, UNPAID, Status
from services.dispatch.domain.loan import Loan
from services.dispatch.domain.offer import Offer
from services.dispatch.domain.override import Override
from services.dispatch.domain.pause import Pause
from services.dispatch.domain.places import Position
from services.dispatch.domain.planning.record import PlanRecord
from services.dispatch.domain.promise import Window, Windows
from services.dispatch.domain.stop import StopKind
from services.dispatch.domain.zone import Slot, Zone
from services.dispatch.domain.zone_figures import Span, ZoneFigures, zone_figures
from shared.kernel.clock import Clock


class Views(Protocol):
    """Reading, without locking anything."""

    def courier(self, courier_id: str) -> Courier | None: ...

    def open_offers(self, courier_id: str, now: datetime) -> list[Offer]: ...

    def offer(self, offer_id: str) -> Offer | None: ...

    def ended(self, zone_id: str, since: datetime, until: datetime) -> list[Delivery] | None:
        """The deliveries of a zone that ended in a span; ``None`` when there is no such zone."""

    def shifts(self, zone_id: str, since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
        """From when until when couriers were on shift in a zone, of those that touch a span."""

    def accepted(self, zone_id: str, since: datetime, until: datetime) -> list[str]:
        """The orders of offers that were made in a span and accepted, one after the other."""

    def solved_day(self, zone_id: str) -> SolvedDay | None:
        """The newest finished day of a zone that was solved again, if there is one."""

    def record_for(self, order_id: str) -> PlanRecord | None:
        """The plan by which a courier was asked for the order, rather one who accepted; else the newest plan.

        Of an order that a plan has split it is that plan. ``None`` when that is not kept any more.
        """

    def deliveries(self, order_ids: Iterable[str]) -> dict[str, Delivery]: ...

    def delivery(self, order_id: str) -> Delivery | None: ...

    def seen(self, courier_id: str) -> Sighting | None: ...

    def pauses(self) -> dict[str, Pause]: ...

    def overrides(self, zone_id: str) -> list[Override]: ...

    def loans(self, zone_id: str) -> list[Loan]: ...

    def zone_at(self, place: Position) -> Zone | None: ...

    def slots(self, zone_id: str, now: datetime) -> list[Slot]: ...

    def board(self, zone_id: str) -> dict[str, Any] | None: ...

    def windows(self, zone_id: str, now: datetime) -> Windows: ...


@dataclass(frozen=True, kw_only=True)
class RouteView:
    courier: Courier
    offers: list[Offer]
    deliveries: dict[str, Delivery]


def route(courier_id: str, *, views: Views, clock: Clock) -> RouteView:
    """A courier's stops and open offers, with the deliveries behind them."""
    courier = views.courier(courier_id) or Courier(courier_id=courier_id)
    offers = views.open_offers(courier_id, clock.now())
    stops = [*courier.route, *(stop for offer in offers for stop in offer.route)]
    deliveries = views.deliveries(stop.order_id for stop in stops)
    return RouteView(courier=courier, offers=offers, deliveries=deliveries)


@dataclass(frozen=True, kw_only=True)
class TrackingView:
    """A delivery, when it will come, where its courier was seen, and the pause that keeps it waiting.

    ``told_to`` is the stop whose code the customer may tell the courier: while it is still to be made.
    """

    delivery: Delivery
    window: Window | None = None
    seen: Sighting | None = None
    pause: Pause | None = None
    told_to: str | None = None


def tracking(actor: Actor, order_id: str, *, views: Views, clock: Clock) -> list[TrackingView]:
    """Where an order is, for its customer, its couriers and operators; nobody else learns that it exists.

    Of a split order both trips, the one that counts first: one that goes on, one that was handed over. A
    courier sees the own one alone.
    """
    first = views.delivery(order_id)
    if first is None or first.status in UNPAID:
        raise OrderNotDispatched
    second = None if first.trip is None else views.delivery(first.trip.other)
    trips = [first] if second is None else [first, second]
    if not actor.operates and actor.account_id != first.customer_id:
        trips = [delivery for delivery in trips if delivery.courier_id == actor.account_id]
        if not trips:
            raise OrderNotDispatched
    trips.sort(key=lambda delivery: (delivery.status in ENDED, delivery.status is not Status.DELIVERED))
    return [_tracked(actor, delivery, views, clock) for delivery in trips]


def _tracked(actor: Actor, delivery: Delivery, views: Views, clock: Clock) -> TrackingView:
    waits = delivery.status in UNASSIGNED
    window = None
    if delivery.eta is not None and delivery.status in UNASSIGNED | RIDING:
        now = clock.now()
        window = views.windows(delivery.zone_id or "", now).present(now, delivery.eta)
    return TrackingView(
        delivery=delivery,
        window=window,
        seen=views.seen(delivery.courier_id) if delivery.courier_id else None,
        pause=views.pauses().get(delivery.zone_id or "") if waits else None,
        told_to=_door_of(delivery) if actor.operates or actor.account_id == delivery.customer_id else None,
    )


def _door_of(delivery: Delivery) -> str | None:
    doors = [stop.stop_id for stop in delivery.open_stops() if stop.kind is StopKind.DROP_OFF]
    return doors[0] if doors else None


def slots(place: Position, *, views: Views, clock: Clock) -> list[Slot]:
    """The slots that still take orders for ``place``; raises :class:`OutOfZone` where no zone delivers."""
    zone = views.zone_at(place)
    if zone is None:
        raise OutOfZone
    return views.slots(zone.zone_id, clock.now())


def board(actor: Actor, zone_id: str, *, views: Views) -> dict[str, Any]:
    """What goes on in a zone, for operators."""
    actor.must_operate()
    found = views.board(zone_id)
    if found is None:
        raise ZoneNotFound
    return found


def overrides(actor: Actor, zone_id: str, *, views: Views) -> list[Override]:
    """What was decided by hand in a zone, newest first, for operators."""
    actor.must_operate()
    return views.overrides(zone_id)


def explanation(actor: Actor, offer_id: str, *, views: Views) -> tuple[Offer, dict[str, Delivery]]:
    """An offer with the couriers who came into question and what it asked for, for operators."""
    actor.must_operate()
    found = views.offer(offer_id)
    if found is None:
        raise OfferNotFound
    return found, views.deliveries(found.order_ids)


def recorded_plan(actor: Actor, order_id: str, *, views: Views) -> PlanRecord:
    """What the plan was asked and answered by which somebody was asked for an order, for operators.

    Raises :class:`PlanNotRecorded` when it is not kept, or no plan has seen the order yet.
    """
    actor.must_operate()
    delivery = views.delivery(order_id)
    if delivery is None or delivery.status in UNPAID:
        raise OrderNotDispatched
    record = views.record_for(order_id)
    if record is None or not record.knows(order_id):
        raise PlanNotRecorded
    return record


def figures(
    actor: Actor, zone_id: str, hours: float, *, views: Views, clock: Clock
) -> tuple[Span, ZoneFigures, SolvedDay | None]:
    """How a zone did in the last hours, and its newest finished day in hindsight, for operators."""
    actor.must_operate()
    now = clock.now()
    since = now - timedelta(hours=hours)
    ended = views.ended(zone_id, since, now)
    if ended is None:
        raise ZoneNotFound
    found = zone_figures(
        (since, now), ended, views.shifts(zone_id, since, now), views.accepted(zone_id, since, now)
    )
    return (since, now), found, views.solved_day(zone_id)


def loans(actor: Actor, zone_id: str, *, views: Views) -> list[Loan]:
    """The loans out of a zone and into it, newest first, for operators."""
    actor.must_operate()
    return views.loans(zone_id)
