"""What has happened in dispatch; ``contracts/published.py`` tells others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class DeliveryPlanned:
    delivery_id: str
    order_id: str
    zone_id: str
    courier_id: str
    plan_version: int
    eta: datetime
    promised_at: datetime
    eta_from: datetime | None = None
    eta_to: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class CourierAssigned:
    delivery_id: str
    order_id: str
    zone_id: str
    courier_id: str
    assigned_at: datetime
    plan_version: int
    eta: datetime
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class CourierUnassigned:
    delivery_id: str
    order_id: str
    courier_id: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class PickupCompleted:
    delivery_id: str
    order_id: str
    store_order_id: str
    shop_id: str
    courier_id: str
    picked_up_at: datetime
    proved_by: str | None = None
    proved_at: datetime | None = None
    proved_distance_m: int | None = None


@dataclass(frozen=True, kw_only=True)
class PickupFailed:
    delivery_id: str
    order_id: str
    store_order_id: str
    shop_id: str
    courier_id: str
    reason: str
    failed_at: datetime


@dataclass(frozen=True, kw_only=True)
class _HandedOver:
    delivery_id: str
    order_id: str
    zone_id: str
    courier_id: str
    completed_at: datetime
    pickups: int
    distance_m: int
    handover: str | None = None
    proved_by: str | None = None
    proved_at: datetime | None = None
    proved_distance_m: int | None = None
    unproved_reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class DeliveryCompleted(_HandedOver):
    """All that is to be delivered of an order has been."""


@dataclass(frozen=True, kw_only=True)
class TripCompleted(_HandedOver):
    """One trip of a split order has ended at the door; the other one goes on."""

    store_order_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class DeliveryFailed:
    delivery_id: str
    order_id: str
    courier_id: str | None
    reason: str
    failed_at: datetime


@dataclass(frozen=True, kw_only=True)
class DropOffFailed:
    delivery_id: str
    order_id: str
    courier_id: str
    reason: str
    failed_at: datetime
    choose_by: datetime


@dataclass(frozen=True, kw_only=True)
class SecondTryChosen:
    delivery_id: str
    order_id: str
    courier_id: str
    chosen_at: datetime
    chosen_by: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class ReturnStarted:
    delivery_id: str
    order_id: str
    courier_id: str
    reason: str
    started_at: datetime
    store_order_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class GoodsReturned:
    delivery_id: str
    order_id: str
    store_order_id: str
    shop_id: str
    courier_id: str
    returned_at: datetime


@dataclass(frozen=True, kw_only=True)
class DeliverySplit:
    delivery_id: str
    order_id: str
    trip_id: str
    zone_id: str
    store_order_ids: tuple[str, ...]
    reason: str
    split_at: datetime
    eta: datetime | None
    trip_eta: datetime | None


@dataclass(frozen=True, kw_only=True)
class CourierOnShift:
    courier_id: str
    zone_id: str
    shift_id: str
    started_at: datetime
    ends_at: datetime
    vehicle: str | None = None


@dataclass(frozen=True, kw_only=True)
class CourierOffShift:
    courier_id: str
    zone_id: str
    shift_id: str
    ended_at: datetime


@dataclass(frozen=True, kw_only=True)
class SlotCapacityChanged:
    """A later ``version`` of the same slot stands for all before it."""

    slot_id: str
    zone_id: str
    version: int
    starts_at: datetime
    ends_at: datetime
    capacity: int
    source: str
    couriers: int
    courier_minutes: int
    pace: float


@dataclass(frozen=True, kw_only=True)
class CourierLoanOffered:
    loan_id: str
    courier_id: str
    from_zone_id: str
    to_zone_id: str
    offered_at: datetime
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class CourierLent:
    loan_id: str
    courier_id: str
    from_zone_id: str
    to_zone_id: str
    lent_at: datetime
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class CourierRecalled:
    loan_id: str
    courier_id: str
    from_zone_id: str
    to_zone_id: str
    recalled_at: datetime


@dataclass(frozen=True, kw_only=True)
class CourierReturned:
    loan_id: str
    courier_id: str
    from_zone_id: str
    to_zone_id: str
    returned_at: datetime


DeliveryEvent = (
    DeliveryPlanned
    | CourierAssigned
    | CourierUnassigned
    | PickupCompleted
    | PickupFailed
    | DeliveryCompleted
    | DeliveryFailed
    | DropOffFailed
    | SecondTryChosen
    | ReturnStarted
    | GoodsReturned
    | DeliverySplit
    | TripCompleted
)
ShiftEvent = CourierOnShift | CourierOffShift
LoanEvent = CourierLoanOffered | CourierLent | CourierRecalled | CourierReturned
DispatchEvent = DeliveryEvent | ShiftEvent | LoanEvent | SlotCapacityChanged
