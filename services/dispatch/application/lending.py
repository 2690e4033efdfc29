"""Couriers are lent to neighbouring zones, by operators and by planners, and called back."""

from __future__ import annotations

from datetime import datetime, timedelta

from services.dispatch.application.ports import Store
from services.dispatch.domain import lending
from services.dispatch.domain.commands import Actor, LendCourier
from services.dispatch.domain.courier import Courier
from services.dispatch.domain.errors import LoanExists, LoanNotFound, WrongState, ZoneNotFound
from services.dispatch.domain.lending import are_neighbours, must_be_lendable
from services.dispatch.domain.loan import PLANNER, Loan, LoanStatus
from services.dispatch.domain.places import Position
from services.dispatch.domain.planning.outlook import ZoneState
from services.dispatch.domain.planning.problem import Plan
from services.dispatch.domain.planning.upkeep import Change
from shared.kernel.clock import Clock
from shared.kernel.errors import InvalidInput
from shared.kernel.ids import Ids


def lend_courier(command: LendCourier, *, store: Store, clock: Clock) -> Loan:
    """Lend a courier until a time at most, once per id: at once, or when what was accepted is brought.

    An open offer is left to be answered first. Raises :class:`CourierNotAvailable` and
    :class:`WrongState`, each with a sentence.
    """
    command.actor.must_operate()
    known = store.loan(command.loan_id)
    if known is not None:
        if (known.courier_id, known.to_zone_id) != (command.courier_id, command.to_zone_id):
            raise LoanExists
        return known
    now = clock.now()
    if command.until <= now:
        message = "A loan ends in the future."
        raise InvalidInput(message, errors=[{"field": "until", "message": message}])
    courier = must_be_lendable(store.couriers([command.courier_id]).get(command.courier_id), now)
    shift = courier.on_shift()
    here, there = store.zone(shift.zone_id), store.zone(command.to_zone_id)
    if here is None or there is None:
        raise ZoneNotFound
    if not are_neighbours(here, there):
        raise WrongState("Couriers are lent to neighbouring zones alone.")
    loan = Loan(
        loan_id=command.loan_id,
        courier_id=courier.courier_id,
        from_zone_id=here.zone_id,
        to_zone_id=there.zone_id,
        until=min(command.until, shift.ends_at),
        offered_at=now,
        by=command.actor.account_id,
        reason=command.reason,
    )
    lending.offer(courier, loan, asked=store.open_offer_to(courier.courier_id) is not None)
    now_it_is = courier.changed_loans[-1]
    store.save(couriers=[courier], changed_zones=[here.zone_id, there.zone_id])
    return now_it_is


def recall_courier(actor: Actor, loan_id: str, *, store: Store, clock: Clock) -> Loan:
    """Call a lent courier back; what was accepted is brought first. Again, it changes nothing."""
    actor.must_operate()
    found = store.loan(loan_id)
    if found is None:
        raise LoanNotFound
    now = clock.now()
    courier = store.courier(found.courier_id)
    # As it is now that the courier is locked.
    found = store.loan(loan_id) or found
    runs = courier.loan is not None and courier.loan.loan_id == loan_id
    if runs and found.status is not LoanStatus.RECALLED:
        lending.recall(courier, actor.account_id, store.open_offer_to(courier.courier_id) is not None, now)
        found = courier.changed_loans[-1]
        store.save(couriers=[courier], changed_zones=[found.from_zone_id, found.to_zone_id])
    return found


def lend_idle(state: ZoneState, plan: Plan, now: datetime, ids: Ids) -> list[Change]:
    """Lend couriers for whom ``plan`` has nothing to neighbours that want some; answers what changed."""
    if not state.wanting:
        return []
    idle = [
        courier
        for courier in state.couriers.values()
        if courier.may_be_asked(now)
        and courier.loan is None
        and not courier.route
        and courier.courier_id not in plan.routes
        and state.offer_to(courier.courier_id) is None
    ]
    places = {courier.courier_id: _whereabouts(state, courier) for courier in idle}
    changes = []
    for courier, zone_id in lending.to_lend(idle, state.wanting, places):
        shift = courier.on_shift()
        until = now + timedelta(minutes=state.zone.settings.lend_minutes)
        loan = Loan(
            loan_id=ids.new(),
            courier_id=courier.courier_id,
            from_zone_id=shift.zone_id,
            to_zone_id=zone_id,
            until=min(until, shift.ends_at),
            offered_at=now,
            by=PLANNER,
            reason="idle here, and orders wait there",
        )
        lending.offer(courier, loan, asked=False)
        changes.append(Change.of(couriers=[courier.courier_id]))
    return changes


def _whereabouts(state: ZoneState, courier: Courier) -> Position:
    seen = state.sightings.get(courier.courier_id)
    place = seen.place if seen else courier.place
    assert place is not None, "nobody goes on shift without a place"
    return place
