"""A courier's day: the shift, where they are, offers, and what happens at stops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from services.dispatch.application.ports import Sightings, Store
from services.dispatch.domain.commands import AnswerOffer, AtStop, ReportPosition, StartShift
from services.dispatch.domain.courier import Courier, Shift, Sighting
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.errors import (
    OfferClosed,
    OfferNotFound,
    ShiftRunning,
    StopNotFound,
    WrongCode,
    ZoneNotFound,
)
from services.dispatch.domain.lifecycle import UNASSIGNED
from services.dispatch.domain.offer import Offer, take_question_back
from services.dispatch.domain.planning.outlook import merged
from services.dispatch.domain.planning.upkeep import end_of_work
from services.dispatch.domain.proving import prove, tried
from services.dispatch.domain.second_try import phase_of, redirect
from services.dispatch.domain.stop import Stop, StopKind, StopStatus
from services.dispatch.domain.trips import both
from shared.kernel.clock import Clock
from shared.kernel.errors import InvalidInput


def start_shift(command: StartShift, *, store: Store, clock: Clock) -> tuple[Courier, Shift]:
    """Go on shift in a zone, once per shift id."""
    now = clock.now()
    courier = store.courier(command.actor.must_ride())
    if courier.shift is not None and courier.shift.shift_id == command.shift_id:
        return courier, courier.shift
    past = store.past_shift(command.shift_id)
    if past is not None:
        if past[0] != courier.courier_id:
            raise ShiftRunning("This id belongs to another shift.")
        return courier, past[1]
    zone = store.zone(command.zone_id)
    if zone is None:
        raise ZoneNotFound(errors=[{"field": "zone_id", "message": "There is no such zone."}])
    if command.ends_at <= now:
        message = "A shift ends in the future."
        raise InvalidInput(message, errors=[{"field": "ends_at", "message": message}])
    kind = zone.settings.kind_of(command.vehicle)
    carries = command.capacity.over(kind.capacity)
    shift = Shift(
        shift_id=command.shift_id,
        zone_id=zone.zone_id,
        started_at=now,
        ends_at=command.ends_at,
        capacity=carries.pickups or zone.settings.capacity,
        vehicle=command.vehicle,
        speed_factor=kind.speed_factor,
        room=replace(carries, pickups=None),
        breaks=command.breaks,
    )
    courier.start_shift(shift, command.position)
    store.see(courier.courier_id, Sighting(place=command.position, at=now))
    store.save(couriers=[courier], changed_zones=[zone.zone_id])
    return courier, shift


def end_shift(courier_id: str, *, store: Store, clock: Clock) -> tuple[Courier, Shift]:
    """Stop taking work: what is not started goes to others, what is on board is brought first."""
    now = clock.now()
    courier = store.courier(courier_id)
    shift = courier.on_shift()
    offers, asked = open_question(courier_id, "the courier's shift is ending", now, store)
    riding = store.deliveries_of(courier_id)
    given_back = end_of_work(courier, riding)
    still_open = {stop.stop_id for delivery in riding for stop in delivery.open_stops()}
    courier.leave_out({stop.stop_id for stop in courier.route} - still_open)
    ending = courier.on_shift()
    courier.go_home_if_done(now)
    store.save(
        couriers=[courier],
        offers=offers,
        deliveries=[*asked, *given_back],
        changed_zones=[shift.zone_id],
    )
    return courier, ending


def open_question(
    courier_id: str, reason: str, now: datetime, store: Store
) -> tuple[list[Offer], list[Delivery]]:
    """Withdraw what the courier is being asked, if anything; answers what changed, for saving."""
    offer = store.open_offer_to(courier_id)
    if offer is None:
        return [], []
    return [offer], take_question_back(offer, store.deliveries(offer.order_ids), reason, now)


def report_position(command: ReportPosition, *, sightings: Sightings, clock: Clock) -> None:
    """Remember where a courier is. A report from the future counts as one of now."""
    now = clock.now()
    at = now if command.at is None else min(command.at, now)
    sightings.see(command.actor.must_ride(), Sighting(place=command.position, at=at), marks=True)


def accept_offer(command: AnswerOffer, *, store: Store, clock: Clock) -> tuple[Offer, list[Delivery]]:
    """Take what is left of an offer onto the route. Accepting twice changes nothing.

    Raises :class:`OfferExpired` once the time to answer is over, whether or not a planner noticed.
    """
    now = clock.now()
    courier, offer = _asked(command, store)
    deliveries = store.deliveries(offer.order_ids)
    if not offer.accept(now):
        return offer, [delivery for delivery in deliveries if delivery.courier_id == courier.courier_id]
    wanted = [d for d in deliveries if d.offer_id == offer.offer_id and d.status in UNASSIGNED]
    if not wanted or courier.on_shift().ending:
        raise OfferClosed("Nothing is left of this offer.")
    arrivals = {stop.order_id: stop.eta for stop in offer.route}
    for delivery in wanted:
        # The plan that asked foresaw when the goods are handed over: that is later than the arrival.
        eta = delivery.eta or arrivals[delivery.order_id]
        delivery.assign(courier.courier_id, now, eta, offer.plan_version)
    riding = {delivery.order_id: delivery for delivery in store.deliveries_of(courier.courier_id)}
    riding |= {delivery.order_id: delivery for delivery in wanted}
    open_stops = {stop.stop_id for delivery in riding.values() for stop in delivery.open_stops()}
    courier.follow([stop for stop in merged(courier.route, offer.route) if stop.stop_id in open_stops])
    courier.answered()
    store.save(couriers=[courier], offers=[offer], deliveries=wanted, changed_zones=[offer.zone_id])
    return offer, wanted


def decline_offer(command: AnswerOffer, *, store: Store, clock: Clock) -> Offer:
    """Leave an offer to others; the same delivery is not offered to this courier again."""
    courier, offer = _asked(command, store)
    if offer.decline(command.reason, clock.now()):
        declined = [d for d in store.deliveries(offer.order_ids) if d.offer_id == offer.offer_id]
        for delivery in declined:
            delivery.not_taken(courier.courier_id, None)
        courier.answered()
        store.save(couriers=[courier], offers=[offer], deliveries=declined, changed_zones=[offer.zone_id])
    return offer


def _asked(command: AnswerOffer, store: Store) -> tuple[Courier, Offer]:
    courier = store.courier(command.actor.must_ride())
    offer = store.offer(command.offer_id)
    if offer is None or offer.courier_id != courier.courier_id:
        raise OfferNotFound
    return courier, offer


def arrive(command: AtStop, *, store: Store, clock: Clock) -> tuple[Delivery, Stop]:
    now = clock.now()
    return _at_stop(command, store, now, lambda _, delivery: delivery.arrive(command.stop_id, now))


@dataclass(frozen=True, kw_only=True)
class Completion:
    """What came of completing a stop. A refusal is an answer that leaves something to keep: the try."""

    delivery: Delivery
    stop: Stop
    refused: WrongCode | None = None


def complete(command: AtStop, *, store: Store, code_of: Callable[[str], str], clock: Clock) -> Completion:
    """The goods are on board, or handed over. Completing a stop twice changes nothing.

    ``code_of`` tells the code of a stop. What is demanded is the zone's to say.
    """
    now = clock.now()
    refused: list[WrongCode] = []

    def done(courier: Courier, delivery: Delivery) -> None:
        stop = delivery.stop(command.stop_id)
        if stop.status in _ENDED:
            delivery.complete(command.stop_id, command.proof, 0, now)
            return
        delivery.may_be_completed(command.stop_id)
        try:
            proved = prove(
                stop, command.shown, lambda: code_of(command.stop_id), _demands(delivery, stop, store), now
            )
        except WrongCode as wrong:
            refused.append(wrong)
            delivery.note(tried(stop, now))
            return
        leg_m = courier.ride_to(stop.place)
        delivery.complete(command.stop_id, command.proof, leg_m, now, proved)

    delivery, stop = _at_stop(command, store, now, done)
    return Completion(delivery=delivery, stop=stop, refused=refused[0] if refused else None)


def _demands(delivery: Delivery, stop: Stop, store: Store) -> bool:
    zone = store.zone(delivery.zone_id or "")
    if zone is None:
        return False
    settings = zone.settings
    if stop.kind is StopKind.RETURN:
        return False
    return settings.pickup_code if stop.kind is StopKind.PICKUP else settings.drop_off_proof


def fail(command: AtStop, *, store: Store, clock: Clock) -> tuple[Delivery, Stop]:
    """A stop cannot be made: another courier tries, the same one later, or the delivery has failed."""
    now = clock.now()

    def failed(courier: Courier, delivery: Delivery) -> None:
        zone = store.zone(delivery.zone_id or "")
        before = phase_of(delivery)
        delivery.fail_stop(command.stop_id, command.reason, now, zone.settings if zone else None)
        if zone is not None and phase_of(delivery) is not before and delivery.open_stops():
            redirect(courier, delivery, zone.settings, now)

    return _at_stop(command, store, now, failed)


_ENDED = {StopStatus.DONE, StopStatus.FAILED, StopStatus.SKIPPED}


def _at_stop(
    command: AtStop, store: Store, now: datetime, act: Callable[[Courier, Delivery], None]
) -> tuple[Delivery, Stop]:
    courier = store.courier(command.actor.must_ride())
    delivery = store.delivery_at(command.stop_id)
    if delivery is None or delivery.courier_id != courier.courier_id:
        raise StopNotFound
    before = delivery.stop(command.stop_id)
    if before.status in _ENDED:
        # The answer to a repeated request; what another act would ask of an ended stop is refused below.
        act(courier, delivery)
        return delivery, delivery.stop(command.stop_id)
    act(courier, delivery)
    stop = delivery.stop(command.stop_id)
    if stop == before and not delivery.events:
        return delivery, stop
    store.see(courier.courier_id, Sighting(place=stop.place, at=now))
    keeps = {other.stop_id for other in delivery.open_stops()} if delivery.courier_id else set()
    gone = {on.stop_id for on in courier.route if on.order_id == delivery.order_id} - keeps
    courier.leave_out(gone)
    courier.go_home_if_done(now)
    zones = [delivery.zone_id] if delivery.zone_id else []
    store.save(couriers=[courier], deliveries=both([delivery]), changed_zones=zones)
    return delivery, stop
