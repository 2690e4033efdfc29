"""What ordering reads of others' events: only the fields it uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields

from shared.kernel.errors import InvalidInput


class _Read(Schema):
    class Meta:
        unknown = EXCLUDE


class _Delivery(_Read):
    """``delivery_id`` is the trip's, where the delivery was split."""

    order_id = fields.String(required=True)
    delivery_id = fields.String(required=True)


class CourierAssigned(_Delivery):
    courier_id = fields.String(required=True)
    eta = fields.AwareDateTime(required=True, allow_none=True)


class CourierUnassigned(_Delivery):
    pass


class PickupCompleted(_Delivery):
    store_order_id = fields.String(required=True)
    picked_up_at = fields.AwareDateTime(required=True)


class PickupFailed(_Delivery):
    store_order_id = fields.String(required=True)
    reason = fields.String(required=True)
    failed_at = fields.AwareDateTime(required=True)


class DeliveryCompleted(_Delivery):
    courier_id = fields.String(required=True)
    completed_at = fields.AwareDateTime(required=True)
    pickups = fields.Integer(load_default=None)


class TripCompleted(_Delivery):
    courier_id = fields.String(required=True)
    completed_at = fields.AwareDateTime(required=True)
    store_order_ids = fields.List(fields.String(), required=True)


class DeliverySplit(_Delivery):
    trip_id = fields.String(required=True)
    store_order_ids = fields.List(fields.String(), required=True)
    reason = fields.String(required=True)
    split_at = fields.AwareDateTime(required=True)
    eta = fields.AwareDateTime(required=True, allow_none=True)
    trip_eta = fields.AwareDateTime(required=True, allow_none=True)


class DeliveryFailed(_Delivery):
    reason = fields.String(required=True)
    failed_at = fields.AwareDateTime(required=True)


class DropOffFailed(_Delivery):
    failed_at = fields.AwareDateTime(required=True)
    choose_by = fields.AwareDateTime(required=True)


class ReturnStarted(_Delivery):
    started_at = fields.AwareDateTime(required=True)


class CampaignLaunched(_Read):
    campaign_id = fields.String(required=True)
    shop_id = fields.String(required=True, allow_none=True)
    kind = fields.String(required=True)
    starts_at = fields.AwareDateTime(required=True)
    ends_at = fields.AwareDateTime(required=True)


class CampaignEnded(_Read):
    campaign_id = fields.String(required=True)


FROM_DISPATCH = (
    "CourierAssigned",
    "CourierUnassigned",
    "PickupCompleted",
    "PickupFailed",
    "DeliveryCompleted",
    "DeliveryFailed",
    "DropOffFailed",
    "ReturnStarted",
    "DeliverySplit",
    "TripCompleted",
)
FROM_CAMPAIGNS = ("CampaignLaunched", "CampaignEnded")
_SCHEMAS: dict[str, Schema] = {
    "CourierAssigned": CourierAssigned(),
    "CourierUnassigned": CourierUnassigned(),
    "PickupCompleted": PickupCompleted(),
    "PickupFailed": PickupFailed(),
    "DeliveryCompleted": DeliveryCompleted(),
    "DeliveryFailed": DeliveryFailed(),
    "DropOffFailed": DropOffFailed(),
    "ReturnStarted": ReturnStarted(),
    "DeliverySplit": DeliverySplit(),
    "TripCompleted": TripCompleted(),
    "CampaignLaunched": CampaignLaunched(),
    "CampaignEnded": CampaignEnded(),
}


def read(type: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an event that matter here; raises :class:`InvalidInput` when it is not as promised."""
    try:
        loaded: dict[str, Any] = _SCHEMAS[type].load(data)
    except ValidationError as error:
        raise InvalidInput(f"{type} is not as promised: {error.messages}") from error
    return loaded
