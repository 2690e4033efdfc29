"""What the use cases need of the world."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.dispatch.domain.courier import Courier, Shift, Sighting
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.loan import Loan
from services.dispatch.domain.offer import Offer
from services.dispatch.domain.override import Override
from services.dispatch.domain.pause import Pause
from services.dispatch.domain.places import Position
from services.dispatch.domain.planning.outlook import ZoneState
from services.dispatch.domain.planning.record import PlanRecord
from services.dispatch.domain.planning.upkeep import Change
from services.dispatch.domain.preparation import Prepared
from services.dispatch.domain.wait import WaitAt
from services.dispatch.domain.zone import Slot, Zone


class Stored(Protocol):
    """Saving: aggregates go back as they are now, what has happened to them is published with them."""

    def save(
        self,
        deliveries: Collection[Delivery] = (),
        couriers: Collection[Courier] = (),
        offers: Collection[Offer] = (),
        changed_zones: Collection[str] = (),
    ) -> None:
        """Write back what was got or locked before, and mark ``changed_zones`` as worth planning anew."""

    def tell(self, delivery: Delivery, cause: object) -> None:
        """Publish what has happened to a delivery as a consequence of ``cause``."""


class Sightings(Protocol):
    """Where couriers were seen last."""

    def see(self, courier_id: str, sighting: Sighting, marks: bool = False) -> None:
        """Remember where a courier was seen last; an older sighting changes nothing.

        With ``marks`` the zone of an idle courier is worth planning anew.
        """


class Holds(Protocol):
    """Where deliveries begin."""

    def hold_anew(self, delivery: Delivery) -> bool:
        """Write a delivery that nobody wrote before; false when there is one already."""


class ZoneMap(Protocol):
    """Zones as they are remembered, without asking for them each time."""

    def at(self, place: Position) -> Zone | None:
        """The zone of a place; ``None`` when no zone is known there."""


class Deliveries(Stored, Sightings, Holds, Protocol):
    """Everything that commands and events work on; whatever is got is locked until the transaction ends."""

    def delivery(self, order_id: str) -> Delivery:
        """The delivery of an order, a blank one when nothing was heard of the order yet."""

    def deliveries_or_blank(self, order_ids: Collection[str]) -> dict[str, Delivery]:
        """The deliveries of several orders by order, blank ones where nothing was heard yet.

        Those of split orders come with their second trips.
        """

    def delivery_at(self, stop_id: str) -> Delivery | None:
        """The delivery with this stop; of a split order, with the other trip."""

    def trips(self, order_id: str) -> list[Delivery]:
        """The delivery of an order and, where it was split, its second trip; none when it is unknown."""

    def deliveries(self, order_ids: Iterable[str]) -> list[Delivery]: ...

    def deliveries_of(self, courier_id: str) -> list[Delivery]:
        """Those that this courier is riding with now."""

    def courier(self, courier_id: str) -> Courier:
        """A courier, a blank one when nothing was heard of this person yet."""

    def offer(self, offer_id: str) -> Offer | None: ...

    def open_offer_to(self, courier_id: str) -> Offer | None: ...

    def take_slot(self, slot_id: str, now: datetime) -> bool:
        """Count one more order in the slot, if there is room."""

    def move_slot(self, before: str | None, after: str | None, now: datetime) -> bool:
        """Count one order from one slot to another, if there is room; slots are locked in one order."""

    def past_shift(self, shift_id: str) -> tuple[str, Shift] | None:
        """Whose shift it was, and the shift, if there ever was one."""

    def expired_holds(self, before: datetime, limit: int) -> list[Delivery]: ...

    def paid_without_hold(self, before: datetime, limit: int) -> list[Delivery]: ...


class Zones(Protocol):
    """Zones and their slots."""

    def zone(self, zone_id: str) -> Zone | None: ...

    def zone_at(self, place: Position) -> Zone | None: ...

    def zones(self) -> list[Zone]: ...

    def add_zone(self, zone: Zone) -> bool: ...

    def slot(self, slot_id: str) -> Slot | None: ...

    def slots(self, zone_id: str, now: datetime) -> list[Slot]:
        """The zone's slots whose cut-off is still to come, soonest first."""

    def running_slots(self, zone_id: str, now: datetime) -> list[Slot]:
        """The zone's slots that are not over yet, soonest first, also those that take no more orders."""

    def add_slots(self, slots: Sequence[Slot]) -> list[Slot]:
        """Open slots; those that are open already stay as they are. Answers all of them."""


class Pauses(Protocol):
    """Zones in which dispatch stands still."""

    def revoke_lease(self, zone_id: str) -> None:
        """Lock the zone against planners; what any of them is planning now will not be kept."""

    def pause_of(self, zone_id: str) -> Pause | None:
        """The pause that is running."""

    def keep_pause(self, pause: Pause) -> None: ...

    def open_offers_in(self, zone_id: str) -> list[Offer]: ...


@dataclass(frozen=True, kw_only=True)
class Whereabouts:
    """Where a delivery is and who has it or is asked for it, as of a moment ago.

    With ``tries_again`` it failed at the door, and a second try may be chosen.
    """

    key: str
    zone_id: str | None
    courier_id: str | None
    offer_id: str | None
    tries_again: bool = False


class Overrides(Protocol):
    """What operators decide by hand."""

    def whereabouts(self, order_id: str) -> Whereabouts | None:
        """Without locking anything: it tells what has to be locked, and in which order."""

    def couriers(self, courier_ids: Sequence[str]) -> dict[str, Courier]:
        """Those of the couriers that are known, by id."""

    def override(self, override_id: str) -> Override | None: ...

    def keep_override(self, override: Override) -> None: ...


class Experience(Protocol):
    """How things went, for whoever foresees how they will go."""

    def keep_prepared(self, parts: Sequence[tuple[str, Prepared]]) -> None:
        """How long parts took, each with its zone. What is known of the same part already is replaced."""

    def forget(self, before: datetime) -> int:
        """Forget what happened ``before``; answers how much it was."""


class Loans(Protocol):
    """Couriers lent to other zones. What becomes of a loan is saved with its courier."""

    def loan(self, loan_id: str) -> Loan | None: ...


class Store(Deliveries, Zones, Pauses, Overrides, Loans, Experience, Protocol):
    """All of it, in one transaction."""


@dataclass(frozen=True, kw_only=True)
class DueZone:
    """A zone whose turn it is, leased under ``token``; its last plan is ``previous``, of ``planned_at``."""

    zone: Zone
    token: int
    plan_version: int
    previous: Mapping[str, Sequence[str]]
    planned_at: datetime | None = None


class LeaseLostError(Exception):
    """The zone is not this planner's any more: its lease ran out, or was taken away."""


class RouterError(Exception):
    """Travel times cannot be had. The ``code`` is OSRM's or ours; what is ``passing`` may work again."""

    def __init__(self, code: str, said: str, passing: bool = False) -> None:
        super().__init__(f"{code}: {said}")
        self.code, self.passing = code, passing


@dataclass(frozen=True, kw_only=True)
class Ways:
    """Minutes, and metres where they are known: a row for each source; ``None`` where there is no way."""

    minutes: Sequence[Sequence[float | None]]
    metres: Sequence[Sequence[float | None]] | None = None


class Router(Protocol):
    """Somebody who knows how long couriers travel."""

    def table(self, sources: Sequence[Position], destinations: Sequence[Position]) -> Ways:
        """From each source to each destination; raises :class:`RouterError`."""


class PlanningDesk(Protocol):
    """What a planner works on: one due zone at a time, which no other planner gets meanwhile."""

    def claim(self, now: datetime, planned_before: datetime) -> DueZone | None:
        """Take the lease of the next due zone that was last planned before ``planned_before``, if any.

        The zone stays due until its plan is kept: should this planner die, another one plans it.
        """

    def look(self, zone: Zone) -> ZoneState:
        """The zone as it is at one moment, without locking anything.

        Of the deliveries that nobody is asked for yet, the most urgent: :func:`most_at_once` of them.
        """

    def renew(self, due: DueZone) -> bool:
        """Begin the lease anew; false when it is not this planner's any more."""

    def keeping(self, due: DueZone) -> AbstractContextManager[Keeping]:
        """A transaction in which the lease cannot be lost; raises :class:`LeaseLostError` when it is."""


class Keeping(Stored, Holds, Protocol):
    """Where a plan is kept, all of it or nothing."""

    def unchanged(self, change: Change, state: ZoneState) -> Change:
        """Lock what ``change`` names, without waiting; answers what is still as it was in ``state``."""

    def send_to_wait(self, waits: Mapping[str, WaitAt | None], state: ZoneState) -> None:
        """Say where to wait (or nothing any more) to couriers who are still as they were in ``state``."""

    def record(self, record: PlanRecord) -> None:
        """Keep what the plan was asked and answered, for a while."""

    def finish(
        self,
        due: DueZone,
        plan: Mapping[str, Sequence[str]],
        now: datetime,
        due_at: datetime | None,
        travel: str = "great_circle",
    ) -> None:
        """Keep the plan, and when the zone is due again if nothing changes (never: ``None``).

        ``travel`` says where its travel times came from. The lease is given back with it.
        """
