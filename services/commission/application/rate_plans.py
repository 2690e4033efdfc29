"""Rate plans: a new version takes effect now or later, and never touches what was paid before."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from services.commission.application.ports import Catalogue
from services.commission.application.rights import operators_only, readers_of_all_books_only
from services.commission.domain.commands import Actor, SetRatePlan
from services.commission.domain.errors import InvalidRatePlan, RatePlanExists, RatePlanInThePast
from services.commission.domain.rates import RatePlan
from shared.kernel.clock import Clock


def set_rate_plan(command: SetRatePlan, *, catalogue: Catalogue, clock: Clock) -> tuple[int, RatePlan]:
    """Add a version; asking again with the same id and terms returns it."""
    operators_only(command.actor)
    there = catalogue.plan_by_id(command.plan_id)
    if there is None:
        now = clock.now()
        effective_from = command.effective_from or now
        if effective_from < now:
            raise RatePlanInThePast("A rate plan takes effect now or later.")
        there = catalogue.add_plan(_plan(command, effective_from, catalogue), now)
    if there[1] != _plan(command, command.effective_from or there[1].effective_from, catalogue, there[1]):
        raise RatePlanExists("This id already names a plan with other terms.")
    return there


def rate_plans(actor: Actor, *, catalogue: Catalogue) -> list[tuple[int, RatePlan]]:
    readers_of_all_books_only(actor)
    return catalogue.plans()


def _plan(
    command: SetRatePlan, effective_from: datetime, catalogue: Catalogue, base: RatePlan | None = None
) -> RatePlan:
    """The plan in force at that time, with what ``command`` changes of it."""
    if base is None:
        found = catalogue.plan_at(command.currency, effective_from)
        base = found[1] if found else None
    changes: dict[str, Any] = {
        name: value
        for name in (
            "take_rate_bp",
            "take_rate_by_category",
            "take_rate_by_shop",
            "take_rate_base",
            "distribution_bp",
            "distribution_max_bp",
            "courier_pay",
        )
        if (value := getattr(command, name)) is not None
    }
    identity: dict[str, Any] = {
        "plan_id": command.plan_id,
        "currency": command.currency,
        "effective_from": effective_from,
    }
    if base is not None:
        return replace(base, **identity, **changes)
    try:
        return RatePlan(**identity, **changes)
    except TypeError as error:
        raise InvalidRatePlan("The first plan of a currency names every rate.") from error
