"""How many deliveries a courier brings in an hour: measured by planning a zone's own deliveries.

Deliveries of the zone's history, as many as a few couriers bring in a slot and none of them picked for being
near, are planned together, and the time that it takes the couriers is counted.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from services.dispatch.domain.places import Position
from services.dispatch.domain.planning.problem import Basket, Rider, Snapshot, Visit
from services.dispatch.domain.planning.slots import Booked
from services.dispatch.domain.planning.solver import solve
from services.dispatch.domain.zone import ZoneSettings

LEAST_SAMPLES = 5


@dataclass(frozen=True, kw_only=True)
class Trial:
    """How a pace is measured: so many couriers for about so many minutes, with fresh draws of the history."""

    couriers: int = 3
    minutes: float = 120.0
    draws: int = 6
    first: int = 9
    most: int = 45
    rounds: int = 40


def measured_pace(
    history: Sequence[Booked], settings: ZoneSettings, seed: int, trial: Trial = Trial()
) -> float | None:
    """Deliveries a courier-hour, over all draws; ``None`` where there is too little history to tell."""
    if len(history) < LEAST_SAMPLES:
        return None
    chance = random.Random(seed)
    brought, hours = 0, 0.0
    for _ in range(trial.draws):
        # The more is brought in a slot, the nearer one door is to the next: so many as that are planned.
        likely = trial.first / max(_hours(history, trial.first, settings, chance, trial), 1e-9)
        many = round(likely * trial.couriers * trial.minutes / 60)
        many = min(max(many, trial.couriers), trial.most)
        hours += _hours(history, many, settings, chance, trial)
        brought += many
    return brought / hours if hours > 0 else None


def _hours(
    history: Sequence[Booked], many: int, settings: ZoneSettings, chance: random.Random, trial: Trial
) -> float:
    """How many courier-hours it takes to bring ``many`` deliveries of the history."""
    drawn = [chance.choice(history) for _ in range(many)]
    begin = [chance.choice(history).door for _ in range(trial.couriers)]
    plan = solve(_snapshot(drawn, begin, settings, trial), trial.rounds)
    missing = len(plan.unassigned)
    minutes = sum(route[-1].finish for route in plan.routes.values() if route)
    # What no courier had room for takes as long as the rest did.
    return minutes / 60 * many / (many - missing) if missing < many else 0.0


def _snapshot(
    drawn: Sequence[Booked], begin: Sequence[Position], settings: ZoneSettings, trial: Trial
) -> Snapshot:
    baskets = tuple(
        Basket(
            basket_id=f"{number}",
            pickups=tuple(
                Visit(
                    stop_id=f"{number}.{shop}",
                    place=place,
                    ready=0.0,
                    service=settings.pickup_service_minutes,
                )
                for shop, place in enumerate(one.shops)
            ),
            drop_off=Visit(
                stop_id=f"{number}.door", place=one.door, service=settings.drop_off_service_minutes
            ),
            clicked=0.0,
            due=trial.minutes,
            asap=False,
        )
        for number, one in enumerate(drawn)
    )
    riders = tuple(
        Rider(
            courier_id=f"courier-{number}",
            place=place,
            capacity=(settings.capacity,),
        )
        for number, place in enumerate(begin)
    )
    return Snapshot(baskets=baskets, riders=riders, metres_per_minute=settings.metres_per_minute)
