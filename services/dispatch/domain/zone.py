"""A zone: an area that is planned on its own, with the figures it is planned by, and its slots."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from services.dispatch.domain.errors import SlotClosed
from services.dispatch.domain.outline import Outline
from services.dispatch.domain.places import Area, Position
from services.dispatch.domain.planning.travel import minutes_between
from services.dispatch.domain.vehicle import USUAL_KINDS, Capacity, Vehicle, VehicleKind


@dataclass(frozen=True, kw_only=True)
class ZoneSettings:
    """The figures a zone is planned by; minutes unless the name says otherwise.

    ``commit_margin_minutes`` is how much earlier than strictly needed a courier is asked, beside what
    couriers take to answer;
    ``shift_slack_minutes`` how far a last drop-off may run past a shift's end; after
    ``give_up_minutes`` beyond the last ready time a delivery that nobody took has failed;
    ``moving_minutes`` of a customer's waiting is what it must save to plan a delivery for somebody else than
    was foreseen. A shop's part is planned to be ready when it is in a ``ready_share`` of all cases.
    ``capacity`` is how many pickups a courier carries whose vehicle says nothing else. Of the couriers' time
    in a slot ``slot_share`` is the slot's, the rest is kept for who orders to have it soon. A slot that is
    opened without a cut-off takes orders until ``slot_cutoff_minutes`` before it starts. For
    ``lend_minutes`` (never, if none) the planner lends idle couriers to neighbouring zones where orders wait.
    An idle courier is told to wait where orders are likely, at most ``wait_minutes`` away (never, if none).
    With ``pickup_code`` a shop's part is collected with its code alone; with ``drop_off_proof`` a handover
    wants the customer's code, a picture, or the reason why there is neither. After a failed try at the door
    another one may be chosen for ``second_try_minutes`` (never, if none); what nobody took goes back to its
    shops where the zone ``returns_goods``. A split to a second courier has to save ``split_minutes`` of a
    customer's waiting, for the second ring and ride; with none of them the planner splits nothing.
    """

    metres_per_minute: float = 320.0
    pickup_service_minutes: float = 4.0
    drop_off_service_minutes: float = 4.0
    target_minutes: float = 40.0
    maximum_minutes: float = 90.0
    give_up_minutes: float = 180.0
    horizon_minutes: float = 40.0
    slot_lead_minutes: float = 60.0
    commit_margin_minutes: float = 2.0
    shift_slack_minutes: float = 20.0
    offer_seconds: float = 60.0
    capacity: int = 12
    slot_share: float = 0.7
    slot_cutoff_minutes: float = 15.0
    moving_minutes: float = 0.5
    ready_share: float = 0.55
    vehicles: tuple[VehicleKind, ...] = ()
    lend_minutes: float = 0.0
    wait_minutes: float = 10.0
    pickup_code: bool = False
    drop_off_proof: bool = False
    second_try_minutes: float = 30.0
    returns_goods: bool = True
    split_minutes: float = 20.0

    def kind_of(self, vehicle: Vehicle) -> VehicleKind:
        """What this vehicle can do here, all that is said of it and the usual for the rest."""
        usual = USUAL_KINDS[vehicle]
        kind = next((kind for kind in self.vehicles if kind.vehicle is vehicle), usual)
        capacity = kind.capacity.over(usual.capacity).over(Capacity(pickups=self.capacity))
        return replace(kind, capacity=capacity)


@dataclass(frozen=True, kw_only=True)
class Zone:
    """``area`` is all of it, or the rectangle around its ``outline``."""

    zone_id: str
    name: str
    area: Area
    outline: Outline | None = None
    settings: ZoneSettings = field(default_factory=ZoneSettings)

    def covers(self, place: Position) -> bool:
        return self.area.contains(place) and (self.outline is None or self.outline.contains(place))

    @property
    def rank(self) -> tuple[float, str]:
        """Where zones overlap the lowest has the place: the smallest one; ids decide between equals."""
        return (self.outline or self.area).size, self.zone_id

    def promise(
        self, now: datetime, pickups: Iterable[tuple[Position, float]], drop_off: Position
    ) -> datetime:
        """When an order placed ``now`` should be at the door: the target, or what the way plainly takes.

        ``pickups`` are positions with the shop's preparation minutes.
        """
        s = self.settings
        left = list(pickups)
        prepared = max((minutes for _, minutes in left), default=0.0)
        way = s.drop_off_service_minutes + s.pickup_service_minutes * len(left)
        here = drop_off
        while left:
            nearest = min(left, key=lambda pickup: pickup[0].metres_to(here))
            left.remove(nearest)
            way += minutes_between(nearest[0], here, s.metres_per_minute)
            here = nearest[0]
        return now + timedelta(minutes=max(s.target_minutes, prepared + way))


def zone_of_place(zones: Iterable[Zone], place: Position) -> Zone | None:
    """The smallest of ``zones`` that covers ``place``."""
    return min((zone for zone in zones if zone.covers(place)), key=lambda zone: zone.rank, default=None)


class SlotSource(StrEnum):
    """Where a slot's capacity comes from: couriers' hours, or somebody's word."""

    TYPED = "typed"
    ROTA = "rota"
    CAP = "cap"
    FIXED = "fixed"


class SlotState(StrEnum):
    """Whether a slot takes another order."""

    FREE = "free"
    FULL = "full"
    CUT_OFF = "cut_off"


@dataclass(frozen=True, kw_only=True)
class Slot:
    """A delivery time window of a zone that takes ``capacity`` orders until ``cutoff_at``.

    ``typed`` is the capacity it was opened with, for as long as no rota reaches it. ``version`` counts what
    was told of its capacity; ``couriers``, ``courier_minutes`` and ``pace`` are what it was worked out from.
    More may be ``taken`` than the capacity once couriers drop out: what is taken stays taken.
    """

    slot_id: str
    zone_id: str
    starts_at: datetime
    ends_at: datetime
    capacity: int
    cutoff_at: datetime
    taken: int = 0
    typed: int | None = None
    source: SlotSource = SlotSource.TYPED
    version: int = 0
    couriers: int = 0
    courier_minutes: int = 0
    pace: float = 0.0

    @property
    def left(self) -> int:
        return max(0, self.capacity - self.taken)

    def state(self, now: datetime) -> SlotState:
        """Whether it takes an order ``now``, as far as couriers go."""
        if now >= self.cutoff_at:
            return SlotState.CUT_OFF
        return SlotState.FREE if self.left else SlotState.FULL

    def must_be_open(self, now: datetime) -> None:
        """Raises :class:`SlotClosed` once the cut-off has passed."""
        if now >= self.cutoff_at:
            raise SlotClosed("This slot's cut-off has passed; choose a later one.")


@dataclass(frozen=True, kw_only=True)
class SlotWindow:
    """The window a customer chose, as it was when chosen."""

    slot_id: str
    starts_at: datetime
    ends_at: datetime
