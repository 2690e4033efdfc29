"""Rate plans: a new version takes effect now or later, and never touches what was paid before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from services.commission.application.ports import Catalogue
from services.commission.application.rights import operators_only, readers_of_all_books_only
from services.commission.domain.commands import Actor, SetRatePlan, WithdrawRatePlan
from services.commission.domain.errors import (
    InvalidRatePlan,
    RatePlanExists,
    RatePlanInForce,
    RatePlanInThePast,
    RatePlanNotFound,
)
from services.commission.domain.rates import RatePlan
from shared.kernel.clock import Clock


class Standing(StrEnum):
    """Where a version stands now."""

    SCHEDULED = "scheduled"
    IN_FORCE = "in_force"
    SUPERSEDED = "superseded"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    version: int
    plan: RatePlan
    standing: Standing
    withdrawn_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Two versions: each term that differs, with its value before and after."""

    before: Version
    after: Version
    differences: dict[str, tuple[Any, Any]]


def set_rate_plan(command: SetRatePlan, *, catalogue: Catalogue, clock: Clock) -> Version:
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
    return _Now(catalogue, clock).stands(*there)


def withdraw(command: WithdrawRatePlan, *, catalogue: Catalogue, clock: Clock) -> Version:
    """Withdraw a version that is not in force yet; the one before it then goes on.

    Raises :class:`RatePlanInForce` for one that is or was. Withdrawing again changes nothing.
    """
    operators_only(command.actor)
    now = _Now(catalogue, clock)
    found = now.version(command.version)
    if found.standing is Standing.WITHDRAWN:
        return found
    if found.standing is not Standing.SCHEDULED:
        raise RatePlanInForce("What was paid under a plan keeps it: set another one instead.")
    catalogue.withdraw_plan(command.version, command.actor.account_id, now.at)
    return replace(found, standing=Standing.WITHDRAWN, withdrawn_at=now.at)


def rate_plans(actor: Actor, *, catalogue: Catalogue, clock: Clock) -> list[Version]:
    readers_of_all_books_only(actor)
    now = _Now(catalogue, clock)
    return [now.stands(version, plan) for version, plan in catalogue.plans()]


def rate_plan(actor: Actor, version: int, *, catalogue: Catalogue, clock: Clock) -> Version:
    readers_of_all_books_only(actor)
    return _Now(catalogue, clock).version(version)


def compare(
    actor: Actor, version: int, before: int | None, *, catalogue: Catalogue, clock: Clock
) -> Comparison:
    """What ``version`` changes of ``before``, or of the plan that was in force until it.

    Raises :class:`RatePlanNotFound` when there is no such version, or none before it.
    """
    readers_of_all_books_only(actor)
    now = _Now(catalogue, clock)
    after = now.version(version)
    if before is None:
        known = [
            (plan.effective_from, number)
            for number, plan in catalogue.plans()
            if plan.currency == after.plan.currency and number not in now.withdrawn
        ]
        earlier = [each for each in known if each < (after.plan.effective_from, version)]
        if not earlier:
            raise RatePlanNotFound("No plan was in force before this one.")
        before = max(earlier)[1]
    followed = now.version(before)
    flat = flat_terms(followed.plan), flat_terms(after.plan)
    return Comparison(
        before=followed,
        after=after,
        differences={
            name: (flat[0].get(name), flat[1].get(name))
            for name in sorted(flat[0].keys() | flat[1].keys())
            if flat[0].get(name) != flat[1].get(name)
        },
    )


def flat_terms(plan: RatePlan) -> dict[str, Any]:
    """Every figure of a plan under a name of its own, such as ``take_rate_by_shop.SHOP``."""
    pay = plan.courier_pay
    flat: dict[str, Any] = {
        "take_rate_bp": plan.take_rate_bp,
        "take_rate_base": plan.take_rate_base.value,
        "take_rate_on_delivery_fee": plan.take_rate_on_delivery_fee,
        "distribution_bp": plan.distribution_bp,
        "distribution_min_bp": plan.distribution_min_bp,
        "distribution_max_bp": plan.distribution_max_bp,
        "courier_pay.per_drop": pay.per_drop,
        "courier_pay.per_extra_pickup": pay.per_extra_pickup,
        "courier_pay.per_km": pay.per_km,
        "courier_pay.guaranteed_per_hour": pay.guaranteed_per_hour,
    }
    flat |= {f"take_rate_by_category.{name}": rate for name, rate in plan.take_rate_by_category.items()}
    flat |= {f"take_rate_by_shop.{name}": rate for name, rate in plan.take_rate_by_shop.items()}
    flat |= {f"subscription_fees.{name}": fee for name, fee in plan.subscription_fees.items()}
    for name, fee in plan.placement_fees.items():
        flat[f"placement_fees.{name}.per_day"] = fee.per_day
        flat[f"placement_fees.{name}.per_order"] = fee.per_order
    for rule in pay.peaks:
        flat[f"courier_pay.peaks.{rule.name}"] = rule.in_words()
    return flat


class _Now:
    """Where versions stand at one moment; the catalogue is asked once."""

    def __init__(self, catalogue: Catalogue, clock: Clock) -> None:
        self.at = clock.now()
        self.withdrawn = catalogue.withdrawn()
        self._catalogue = catalogue
        self._in_force: dict[str, int | None] = {}

    def version(self, version: int) -> Version:
        plan = self._catalogue.plan_by_version(version)
        if plan is None:
            raise RatePlanNotFound("There is no such version of the rate plan.")
        return self.stands(version, plan)

    def stands(self, version: int, plan: RatePlan) -> Version:
        withdrawn_at = self.withdrawn.get(version)
        if withdrawn_at is not None:
            standing = Standing.WITHDRAWN
        elif plan.effective_from > self.at:
            standing = Standing.SCHEDULED
        else:
            is_it = self._version_in_force(plan.currency) == version
            standing = Standing.IN_FORCE if is_it else Standing.SUPERSEDED
        return Version(version=version, plan=plan, standing=standing, withdrawn_at=withdrawn_at)

    def _version_in_force(self, currency: str) -> int | None:
        if currency not in self._in_force:
            found = self._catalogue.plan_at(currency, self.at)
            self._in_force[currency] = found[0] if found else None
        return self._in_force[currency]


def _plan(
    command: SetRatePlan, effective_from: datetime, catalogue: Catalogue, base: RatePlan | None = None
) -> RatePlan:
    """The plan in force at that time, with what ``command`` changes of it."""
    if base is None:
        found = catalogue.plan_at(command.currency, effective_from)
        base = found[1] if found else None
    identity: dict[str, Any] = {
        "plan_id": command.plan_id,
        "currency": command.currency,
        "effective_from": effective_from,
    }
    if base is not None:
        return replace(base, **identity, **command.terms)
    try:
        return RatePlan(**identity, **command.terms)
    except TypeError as error:
        raise InvalidRatePlan("The first plan of a currency names every rate.") from error
