"""What can be known of a day at one moment: a basket and a courier as the planner takes them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from linli.simulation.case import Case, SimulatedBasket, SimulatedCourier
from linli.simulation.record import Fate
from services.dispatch.domain.places import Position
from services.dispatch.domain.planning.problem import Basket, Rider, Visit


@dataclass
class StopToMake:
    stop_id: str
    basket: SimulatedBasket
    number: int

    @property
    def is_door(self) -> bool:
        return self.number < 0

    @property
    def place(self) -> Position:
        return self.basket.door if self.is_door else self.basket.parcels[self.number].place


@dataclass
class Leg:
    """Under way to, or at, one stop (or a place to wait); ``begins`` is when it is served."""

    stop: StopToMake | None
    start: Position
    end: Position
    leaves: float
    arrives: float
    begins: float
    ends: float


@dataclass
class Riding:
    spec: SimulatedCourier
    place: Position
    route: list[str] = field(default_factory=list)
    leg: Leg | None = None


def basket_seen(
    case: Case, basket: SimulatedBasket, fate: Fate, *, aboard: int, leg: Leg | None, now: float
) -> Basket:
    """The basket's remaining stops; ``leg`` is what its courier is doing, if it has one."""
    handling = case.handling
    pickups = [
        Visit(
            stop_id=basket.pickup_stop(number),
            place=parcel.place,
            ready=(parcel.ready if parcel.ready <= now else max(parcel.estimate, now))
            - handling.pickup_before
            - now,
            service=handling.pickup,
        )
        for number, parcel in enumerate(basket.parcels)
        if number not in fate.picked
    ]
    drop_off = Visit(stop_id=basket.door_stop, place=basket.door, service=handling.door)
    return Basket(
        basket_id=basket.basket_id,
        pickups=tuple(_rest(visit, leg, now) for visit in pickups),
        drop_off=_rest(drop_off, leg, now),
        clicked=basket.placed - now,
        due=basket.placed + case.target + handling.door_after - now,
        holder=fate.courier_id,
        on_board=(aboard,),
    )


def rider_seen(case: Case, courier: Riding, load: int, now: float) -> Rider:
    """The courier with what was given away; under way to a stop, from where and when it was left for."""
    leg, place, free_at = courier.leg, courier.place, 0.0
    if leg is not None:
        if leg.stop is None:
            place, free_at = leg.end, leg.arrives - now
        elif leg.arrives <= now:
            place = leg.end
        else:
            free_at = leg.leaves - now
    off, slack = courier.spec.off - now, case.slack
    return Rider(
        courier_id=courier.spec.courier_id,
        place=place,
        free_at=free_at,
        until=math.inf if slack is None else off + slack,
        loads_until=off - case.handling.pickup_before if slack is None else math.inf,
        capacity=(1000,),
        load=(load,),
        route=tuple(courier.route),
        frozen=1 if leg is not None and leg.stop is not None else 0,
    )


def _rest(visit: Visit, leg: Leg | None, now: float) -> Visit:
    """Of what is being served only the rest is still to come."""
    if leg is None or leg.stop is None or leg.stop.stop_id != visit.stop_id or leg.begins >= now:
        return visit
    return Visit(stop_id=visit.stop_id, place=visit.place, service=leg.ends - now)
