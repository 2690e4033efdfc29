"""A simulated day in hindsight: what it came to beside the same day solved again with everything known."""

from __future__ import annotations

import math

from linli.simulation.case import Case
from linli.simulation.record import Record
from services.dispatch.domain.planning.hindsight import FinishedDay
from services.dispatch.domain.planning.problem import Basket, Rider, Visit


def finished_day(case: Case, record: Record) -> FinishedDay:
    """The day as it was played, everything in it known; the door counts as in the case."""
    handling = case.handling
    routes: dict[str, list[str]] = {}
    for move in sorted(record.moves, key=lambda move: (move.leaves, move.ends)):
        if move.stop_id:
            routes.setdefault(move.courier_id, []).append(move.stop_id)
    return FinishedDay(
        baskets=tuple(
            Basket(
                basket_id=basket.basket_id,
                pickups=tuple(
                    Visit(
                        stop_id=basket.pickup_stop(number),
                        place=parcel.place,
                        ready=parcel.ready - handling.pickup_before,
                        service=handling.pickup,
                    )
                    for number, parcel in enumerate(basket.parcels)
                ),
                drop_off=Visit(stop_id=basket.door_stop, place=basket.door, service=handling.door),
                clicked=basket.placed + handling.door_after,
                due=basket.placed + case.target + handling.door_after,
            )
            for basket in case.baskets
        ),
        riders=tuple(
            Rider(
                courier_id=courier.courier_id,
                place=courier.place,
                free_at=courier.on,
                until=math.inf if case.slack is None else courier.off + case.slack,
                loads_until=courier.off - handling.pickup_before if case.slack is None else math.inf,
                capacity=(1000,),
            )
            for courier in case.couriers
        ),
        doors={
            name: fate.door + handling.door_after
            for name, fate in record.fates.items()
            if fate.door is not None
        },
        routes={courier_id: tuple(stops) for courier_id, stops in routes.items()},
        metres=sum(case.metres(move.start, move.end) for move in record.moves),
        metres_per_minute=case.metres_per_minute,
    )
