"""What dispatch can be told to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.dispatch.domain.capacity import OverrideOfSlot
from services.dispatch.domain.courier import PlannedBreak
from services.dispatch.domain.errors import CouriersOnly, OperatorsOnly
from services.dispatch.domain.facts import DropOff, Pickup
from services.dispatch.domain.override import OverrideKind
from services.dispatch.domain.places import Position
from services.dispatch.domain.proof import NOTHING_SHOWN, Shown
from services.dispatch.domain.rota import Span
from services.dispatch.domain.vehicle import ANY, USUAL_VEHICLE, Capacity, Vehicle
from services.dispatch.domain.zone import Slot, Zone


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who asks, and as what."""

    account_id: str
    role: str

    @property
    def operates(self) -> bool:
        return self.role == "operator"

    def must_operate(self) -> None:
        """Raises :class:`OperatorsOnly` for anybody else."""
        if not self.operates:
            raise OperatorsOnly

    def must_ride(self) -> str:
        """The courier who asks; raises :class:`CouriersOnly` for anybody else."""
        if self.role != "courier":
            raise CouriersOnly
        return self.account_id


@dataclass(frozen=True, kw_only=True)
class Hold:
    """Keep room for an order that is about to be placed. Without a slot it is wanted as soon as possible."""

    order_id: str
    slot_id: str | None
    drop_off: DropOff
    pickups: tuple[Pickup, ...]
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class OpenZone:
    actor: Actor
    zone: Zone


@dataclass(frozen=True, kw_only=True)
class OpenSlots:
    actor: Actor
    zone_id: str
    slots: tuple[Slot, ...]
    without_cutoff: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Rebook:
    """Move an order to another slot (none: as soon as possible); ``number`` counts its moves."""

    order_id: str
    number: int
    slot_id: str | None


@dataclass(frozen=True, kw_only=True)
class ChooseSecondTry:
    """Come to the door once more (without times: as soon as possible), or bring the goods back.

    Of an order that was split ``delivery_id`` may say which trip is meant.
    """

    actor: Actor
    order_id: str
    delivery_id: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    give_up: bool = False


@dataclass(frozen=True, kw_only=True)
class StartShift:
    actor: Actor
    shift_id: str
    zone_id: str
    ends_at: datetime
    position: Position
    capacity: Capacity = ANY
    vehicle: Vehicle = USUAL_VEHICLE
    breaks: tuple[PlannedBreak, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ReportPosition:
    actor: Actor
    position: Position
    at: datetime | None


@dataclass(frozen=True, kw_only=True)
class AnswerOffer:
    actor: Actor
    offer_id: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class AtStop:
    actor: Actor
    stop_id: str
    proof: Mapping[str, str] | None = None
    reason: str = ""
    shown: Shown = NOTHING_SHOWN


@dataclass(frozen=True, kw_only=True)
class KeepPhoto:
    """Keep a picture of what was left at a door; ``content`` is whatever was sent."""

    actor: Actor
    stop_id: str
    content: bytes


@dataclass(frozen=True, kw_only=True)
class LendCourier:
    actor: Actor
    loan_id: str
    courier_id: str
    to_zone_id: str
    until: datetime
    reason: str


@dataclass(frozen=True, kw_only=True)
class OverrideDelivery:
    """Decide by hand who has a delivery; ``courier_id`` is who shall have it from now on.

    Of a split order ``delivery_id`` may say which trip is meant; ``store_order_ids`` are the parts that a
    second courier shall bring.
    """

    actor: Actor
    override_id: str
    kind: OverrideKind
    order_id: str
    courier_id: str | None
    reason: str
    delivery_id: str | None = None
    store_order_ids: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PlannedShift:
    """A shift that is to be: who, and when with which breaks."""

    entry_id: str
    courier_id: str
    span: Span
    breaks: tuple[Span, ...] = ()


@dataclass(frozen=True, kw_only=True)
class AnnounceShifts:
    """Put planned shifts into a zone's rota, all or none."""

    actor: Actor
    zone_id: str
    shifts: tuple[PlannedShift, ...]


@dataclass(frozen=True, kw_only=True)
class OverrideSlot:
    """Say what a slot takes, whatever the rota says."""

    actor: Actor
    override_id: str
    slot_id: str
    kind: OverrideOfSlot
    capacity: int
    reason: str
