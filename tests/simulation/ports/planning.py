"""The planner's desk of dispatch, in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from statistics import median
from typing import Any

from services.dispatch.application.ports import DueZone, LeaseLostError
from services.dispatch.domain.lifecycle import RIDING, UNASSIGNED
from services.dispatch.domain.offer import OfferStatus
from services.dispatch.domain.planning.outlook import ZoneState, most_at_once
from services.dispatch.domain.planning.upkeep import Change
from services.dispatch.domain.wait import WaitAt
from services.dispatch.domain.zone import Zone
from tests.simulation.database import MemoryConnection, MemoryDatabase
from tests.simulation.ports.dispatch import Keeper, KeptPlan, copy_of
from tests.simulation.ports.experience import demand_of, preparation_of


def is_any_due(connection: MemoryConnection, now: datetime, planned_before: datetime) -> bool:
    return _next_due(connection, now, planned_before) is not None


def _next_due(connection: MemoryConnection, now: datetime, planned_before: datetime) -> str | None:
    marked = set(connection.rows("zone_change").values())
    plans = connection.rows("zone_plan")
    due = [
        zone_id
        for zone_id, kept in plans.items()
        if (kept.planned_at is None or kept.planned_at <= planned_before)
        and kept.leased_until <= connection.database.world.seconds
        and ((kept.due_at is not None and kept.due_at <= now) or zone_id in marked)
    ]
    return min(due, key=lambda zone_id: str(plans[zone_id].planned_at or ""), default=None)


class MemoryDesk:
    """:class:`services.dispatch.application.ports.PlanningDesk`: others go on while it looks and thinks."""

    def __init__(self, database: Any, holder: str, lease_seconds: float, experience: object = None) -> None:
        self._database: MemoryDatabase = database
        self._seconds = lease_seconds
        self._claimed: tuple[str, int] | None = None
        self._asked_at: datetime | None = None

    @property
    def claimed(self) -> str | None:
        return self._claimed[0] if self._claimed else None

    def claim(self, now: datetime, planned_before: datetime) -> DueZone | None:
        self._asked_at = now
        with self._database.transaction() as tx:
            connection: MemoryConnection = tx.connection  # type: ignore[assignment]
            zone_id = _next_due(connection, now, planned_before)
            if zone_id is None:
                return None
            for number, marked in list(connection.rows("zone_change").items()):
                if marked == zone_id:
                    connection.drop("zone_change", number)
            kept = connection.rows("zone_plan")[zone_id]
            leased = replace(
                kept,
                token=kept.token + 1,
                leased_until=self._now() + self._seconds,
                due_at=now if kept.due_at is None else min(kept.due_at, now),
            )
            connection.put("zone_plan", zone_id, leased)
            zone = connection.rows("zone")[zone_id]
        self._claimed = zone_id, leased.token
        return DueZone(
            zone=zone,
            token=leased.token,
            plan_version=kept.version + 1,
            previous=kept.plan,
            planned_at=kept.planned_at,
        )

    def renew(self, due: DueZone) -> bool:
        with self._database.transaction() as tx:
            connection: MemoryConnection = tx.connection  # type: ignore[assignment]
            kept = connection.rows("zone_plan")[due.zone.zone_id]
            if not self._is_mine(kept, due):
                return False
            leased = replace(kept, leased_until=self._now() + self._seconds)
            connection.put("zone_plan", due.zone.zone_id, leased)
            return True

    @contextmanager
    def keeping(self, due: DueZone) -> Iterator[MemoryKeeping]:
        with self._database.transaction() as tx:
            kept = tx.connection.rows("zone_plan")[due.zone.zone_id]  # type: ignore[attr-defined]
            if not self._is_mine(kept, due):
                raise LeaseLostError(due.zone.zone_id)
            yield MemoryKeeping(tx)

    def _is_mine(self, kept: KeptPlan, due: DueZone) -> bool:
        return kept.token == due.token and kept.leased_until > self._now()

    def _now(self) -> float:
        return self._database.world.seconds

    def postpone(self, now: datetime, due_at: datetime) -> None:
        if self._claimed is None:
            return
        zone_id, token = self._claimed
        with self._database.transaction() as tx:
            connection: MemoryConnection = tx.connection  # type: ignore[assignment]
            kept = connection.rows("zone_plan")[zone_id]
            if kept.token == token:
                freed = replace(kept, planned_at=now, due_at=due_at, leased_until=0.0)
                connection.put("zone_plan", zone_id, freed)

    def look(self, zone: Zone) -> ZoneState:
        rows = MemoryConnection(self._database, None).rows
        pauses = [pause for pause in rows("zone_pause").values() if pause.zone_id == zone.zone_id]
        state = ZoneState(
            zone=zone,
            answer_minutes=self._answer_minutes(zone),
            paused=any(pause.resumed_at is None for pause in pauses),
            resumed_at=max((pause.resumed_at for pause in pauses if pause.resumed_at), default=None),
            preparation=preparation_of(rows("preparation").values(), zone),
            demand=demand_of(rows("preparation").values(), zone, self._asked_at),
        )
        for offer in rows("offer").values():
            if offer.status is OfferStatus.OPEN and offer.zone_id == zone.zone_id:
                state.offers[offer.offer_id] = copy_of(offer)
        for courier in rows("courier").values():
            if courier.shift is not None and courier.shift.zone_id == zone.zone_id:
                state.couriers[courier.courier_id] = copy_of(courier)
                seen = rows("sighting").get(courier.courier_id)
                if seen is not None:
                    state.sightings[courier.courier_id] = seen
        here = [delivery for delivery in rows("delivery").values() if delivery.zone_id == zone.zone_id]
        free = [d for d in here if d.status in UNASSIGNED and d.offer_id is None]
        bound = [d for d in here if d.status in RIDING or (d.status in UNASSIGNED and d.offer_id is not None)]
        urgent = sorted(free, key=lambda d: (d.promised_at or datetime.max.replace(tzinfo=UTC), d.order_id))
        for delivery in [*bound, *urgent[: most_at_once(len(state.couriers))]]:
            state.deliveries[delivery.order_id] = copy_of(delivery)
        world = self._database.world
        world.step("while planning")
        if world.troubled and world.faults.dawdle:
            world.pause(world.chance.choice((0.0, 0.5, 8.0)))
        return state

    def _answer_minutes(self, zone: Zone) -> float:
        closed = {OfferStatus.ACCEPTED, OfferStatus.DECLINED, OfferStatus.EXPIRED}
        offers = MemoryConnection(self._database, None).rows("offer").values()
        lately = [offer for offer in offers if offer.zone_id == zone.zone_id and offer.status in closed]
        lately = sorted(lately, key=lambda offer: offer.offered_at, reverse=True)[:20]
        taken = [(o.answered_at - o.offered_at).total_seconds() / 60 for o in lately if o.answered_at]
        return median(taken) if taken else 0.0


class MemoryKeeping(Keeper):
    """:class:`services.dispatch.application.ports.Keeping`."""

    def unchanged(self, change: Change, state: ZoneState) -> Change:
        rows = self.connection.rows
        return Change.of(
            couriers=[k for k in change.couriers if rows("courier")[k].version == state.couriers[k].version],
            offers=[k for k in change.offers if rows("offer")[k].status is OfferStatus.OPEN],
            orders=[k for k in change.orders if rows("delivery")[k].version == state.deliveries[k].version],
        )

    def send_to_wait(self, waits: Mapping[str, WaitAt | None], state: ZoneState) -> None:
        for courier_id, wait in waits.items():
            known = self.connection.rows("courier")[courier_id]
            if known.version == state.couriers[courier_id].version:
                self.connection.put("courier", courier_id, replace(known, waits=wait))

    def finish(
        self,
        due: DueZone,
        plan: Mapping[str, Sequence[str]],
        now: datetime,
        due_at: datetime | None,
        travel: str = "great_circle",
    ) -> None:
        kept = KeptPlan(version=due.plan_version, plan=plan, planned_at=now, due_at=due_at, token=due.token)
        self.connection.put("zone_plan", due.zone.zone_id, kept)
