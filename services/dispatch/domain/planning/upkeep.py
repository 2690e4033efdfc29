"""What time alone brings about in a zone: offers run out, shifts end, and some deliveries cannot be saved."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.dispatch.domain.courier import Courier
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.lending import settle
from services.dispatch.domain.lifecycle import ENDED, RIDING, UNASSIGNED
from services.dispatch.domain.offer import Offer, OfferStatus, take_question_back
from services.dispatch.domain.planning.outlook import ZoneState
from services.dispatch.domain.second_try import give_up, is_overdue, redirect
from services.dispatch.domain.stop import StopStatus
from services.dispatch.domain.trips import both, link, may_end
from services.dispatch.domain.zone import Zone

# Somebody who let an offer run out may have been busy: the same delivery may be theirs a little later.
ASK_AGAIN_AFTER = timedelta(minutes=5)
# What a pause kept waiting gets a chance before it counts as taken by nobody.
CHANCE_AFTER_PAUSE = timedelta(minutes=30)


@dataclass(frozen=True, kw_only=True)
class Change:
    """Aggregates that changed together: all of them are kept, or none."""

    couriers: frozenset[str] = frozenset()
    orders: frozenset[str] = frozenset()
    offers: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls, couriers: Iterable[str] = (), orders: Iterable[str] = (), offers: Iterable[str] = ()
    ) -> Change:
        return cls(couriers=frozenset(couriers), orders=frozenset(orders), offers=frozenset(offers))

    def touches(self, other: Change) -> bool:
        return bool(
            self.couriers & other.couriers or self.orders & other.orders or self.offers & other.offers
        )


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long a courier may stay unseen before the work goes to others, and before goods count as lost."""

    silent: timedelta = timedelta(minutes=30)
    lost: timedelta = timedelta(hours=4)


def keep_up(state: ZoneState, now: datetime, patience: Patience = Patience()) -> list[Change]:
    """Bring ``state`` up to ``now``; answers what changed.

    A trip of a split order whose other one is not in ``state`` is given up another time.
    """
    link(state.deliveries.values())
    return [
        *_close_offers(state, now),
        *_clear_routes(state),
        *_miss_couriers(state, now, patience),
        *_end_shifts(state, now),
        *_end_tries(state, now),
        *_change_zones(state, now),
        *_give_up(state, now),
    ]


def _close_offers(state: ZoneState, now: datetime) -> Iterator[Change]:
    for offer in list(state.offers.values()):
        wanted = [state.deliveries[o] for o in offer.order_ids if _is_asked(state.deliveries.get(o), offer)]
        courier = state.couriers.get(offer.courier_id)
        if offer.is_due(now):
            offer.expire(now)
            for delivery in wanted:
                delivery.not_taken(offer.courier_id, now + ASK_AGAIN_AFTER)
            if courier is not None:
                courier.missed(now)
        elif not wanted or courier is None or courier.on_shift().ending:
            reason = "nothing left of it" if not wanted else "the courier's shift is ending"
            take_question_back(offer, wanted, reason, now)
        if offer.status is not OfferStatus.OPEN:
            del state.offers[offer.offer_id]
            yield Change.of(
                couriers=[courier.courier_id] if courier else [],
                orders=[delivery.order_id for delivery in wanted],
                offers=[offer.offer_id],
            )


def _is_asked(delivery: Delivery | None, offer: Offer) -> bool:
    return delivery is not None and delivery.offer_id == offer.offer_id


def _clear_routes(state: ZoneState) -> Iterator[Change]:
    """Stops of cancelled orders and rejected parts leave the routes they were on."""
    for courier in state.couriers.values():
        kept = state.promised(courier)
        if len(kept) < len(courier.route):
            courier.follow(kept)
            yield Change.of(couriers=[courier.courier_id])


def _miss_couriers(state: ZoneState, now: datetime, patience: Patience) -> Iterator[Change]:
    """A courier who should be riding and is not seen any more loses the work, and in the end the goods."""
    for courier in state.couriers.values():
        seen = state.sightings.get(courier.courier_id)
        if not courier.route or seen is None or now - seen.at < patience.silent:
            continue
        touched: list[Delivery] = []
        first = state.deliveries[courier.route[0].order_id].stop(courier.route[0].stop_id)
        for delivery in riding_with(state.deliveries.values(), courier):
            # Nobody was to be seen riding for it before it was theirs.
            silence = now - max(seen.at, delivery.assigned_at or seen.at)
            if silence < patience.silent:
                continue
            if silence >= patience.lost and may_end(delivery):
                delivery.fail("courier-lost", now)
            elif not delivery.started and first.status is StopStatus.PENDING:
                delivery.unassign("courier-silent", now + patience.silent)
            else:
                continue
            touched.append(delivery)
        if touched:
            gone = {delivery.order_id for delivery in touched}
            courier.follow([stop for stop in courier.route if stop.order_id not in gone])
            courier.leave_alone(now + patience.silent)
            yield Change.of(couriers=[courier.courier_id], orders=_concerned(touched))


def _end_shifts(state: ZoneState, now: datetime) -> Iterator[Change]:
    for courier in list(state.couriers.values()):
        shift = courier.on_shift()
        touched: list[Delivery] = []
        if not shift.ending:
            if now < shift.ends_at:
                continue
            latest = shift.ends_at + timedelta(minutes=state.zone.settings.shift_slack_minutes)
            touched = end_of_work(courier, riding_with(state.deliveries.values(), courier), latest)
        elif courier.route:
            continue
        if courier.go_home_if_done(now):
            del state.couriers[courier.courier_id]
        yield Change.of(couriers=[courier.courier_id], orders=[delivery.order_id for delivery in touched])


def _end_tries(state: ZoneState, now: datetime) -> Iterator[Change]:
    """What nobody has chosen a second try for in time goes back to its shops."""
    for delivery in state.deliveries.values():
        courier = state.couriers.get(delivery.courier_id or "")
        if courier is None or not is_overdue(delivery, now) or not may_end(delivery):
            continue
        give_up(delivery, now)
        redirect(courier, delivery, state.zone.settings, now)
        yield Change.of(couriers=[courier.courier_id], orders=_concerned([delivery]))


def _change_zones(state: ZoneState, now: datetime) -> Iterator[Change]:
    """Who is lent, or comes back, and has nothing more to do here, is another zone's from now on."""
    for courier in list(state.couriers.values()):
        here = courier.on_shift().zone_id
        if settle(courier, state.offer_to(courier.courier_id) is not None, now):
            if courier.on_shift().zone_id != here:
                del state.couriers[courier.courier_id]
            yield Change.of(couriers=[courier.courier_id])


def riding_with(deliveries: Iterable[Delivery], courier: Courier) -> list[Delivery]:
    return [d for d in deliveries if d.courier_id == courier.courier_id and d.status in RIDING]


def end_of_work(
    courier: Courier, riding: Iterable[Delivery], latest: datetime | None = None
) -> list[Delivery]:
    """Take back what the courier has not started, and let the rest be finished; answers what was taken back.

    With ``latest``, a shift that ends as planned, what is expected at the door by then is still brought, and
    so is what the courier is on the way to.
    """
    following = courier.route[0].order_id if latest is not None and courier.route else None
    given_back: list[Delivery] = []
    for delivery in riding:
        # Whoever stands in a shop already has started, too.
        in_time = latest is not None and delivery.eta is not None and delivery.eta <= latest
        if delivery.started or in_time or delivery.order_id == following:
            continue
        delivery.unassign("shift-ended")
        given_back.append(delivery)
    courier.wind_down({stop.order_id for stop in courier.route} - {d.order_id for d in given_back})
    return given_back


def _give_up(state: ZoneState, now: datetime) -> Iterator[Change]:
    just_resumed = state.resumed_at is not None and now < state.resumed_at + CHANCE_AFTER_PAUSE
    on_hold = state.paused or just_resumed
    for delivery in list(state.deliveries.values()):
        if (
            not on_hold
            and delivery.status in UNASSIGNED
            and delivery.offer_id is None
            and now >= give_up_at(state.zone, delivery)
            and may_end(delivery)
        ):
            delivery.fail("no-courier", now)
            yield Change.of(orders=_concerned([delivery]))
        if delivery.status in ENDED:
            del state.deliveries[delivery.order_id]


def _concerned(changed: Iterable[Delivery]) -> set[str]:
    """What is kept together: what changed, and the trips that heard of an end."""
    return {delivery.order_id for delivery in both(changed)}


def give_up_at(zone: Zone, delivery: Delivery) -> datetime:
    """From when on a delivery that nobody took counts as failed."""
    settings = zone.settings
    begun = delivery.rebooking.at or delivery.paid_at or delivery.placed_at
    assert begun is not None, "only what is paid is delivered"
    promised = max(begun, delivery.slot.ends_at) if delivery.slot else begun
    elsewhere = set() if delivery.trip is None else delivery.parts.keys() - set(delivery.trip.parts)
    ready = [
        part.ready_at or part.ready_estimate or begun
        for name, part in delivery.parts.items()
        if not part.rejected and name not in elsewhere
    ]
    return max(
        promised + timedelta(minutes=settings.maximum_minutes),
        max([promised, *ready]) + timedelta(minutes=settings.give_up_minutes),
    )
