"""How an operator describes a zone: where it is, what it is planned by, and what is ridden there."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from services.dispatch.contracts.reading import Strict, number, units
from services.dispatch.domain.outline import LEAST_POINTS, MOST_POINTS, Outline
from services.dispatch.domain.places import Area
from services.dispatch.domain.vehicle import Capacity, Vehicle, VehicleKind
from services.dispatch.domain.zone import ZoneSettings


class AreaSchema(Strict):
    south = number(-90, 90, required=True)
    west = number(-180, 180, required=True)
    north = number(-90, 90, required=True)
    east = number(-180, 180, required=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Area:
        try:
            return Area(**data)
        except ValueError as error:
            raise ValidationError(str(error).capitalize() + ".") from error


class OutlineSchema(Strict):
    """A GeoJSON polygon: one ring, without holes."""

    type = fields.String(required=True, validate=validate.Equal("Polygon"))
    coordinates = fields.List(
        fields.List(
            fields.List(fields.Float(allow_nan=False), validate=validate.Length(equal=2)),
            validate=validate.Length(min=LEAST_POINTS, max=MOST_POINTS),
        ),
        required=True,
        validate=validate.Length(equal=1, error="An outline is one ring, without holes."),
    )

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Outline:
        try:
            return Outline.drawn(data["coordinates"][0])
        except ValueError as error:
            raise ValidationError(str(error), "coordinates") from error


class CapacitySchema(Strict):
    pickups = units(1)
    volume, weight, cold = units(), units(), units()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Capacity:
        return Capacity(**data)


class VehicleKindSchema(Strict):
    speed_factor = number(0.05, 20, load_default=1.0)
    capacity = fields.Nested(CapacitySchema, load_default=Capacity)


class SettingsSchema(Strict):
    """Only what an operator may set; what is left out keeps its default."""

    metres_per_minute = number(10, 2000)
    pickup_service_minutes = number(0, 60)
    drop_off_service_minutes = number(0, 60)
    target_minutes = number(5, 24 * 60)
    maximum_minutes = number(5, 48 * 60)
    give_up_minutes = number(0, 48 * 60)
    horizon_minutes = number(5, 24 * 60)
    slot_lead_minutes = number(5, 24 * 60)
    commit_margin_minutes = number(0, 120)
    shift_slack_minutes = number(0, 240)
    offer_seconds = number(5, 3600)
    capacity = fields.Integer(strict=True, validate=validate.Range(1, 200))
    slot_share = number(0, 1)
    slot_cutoff_minutes = number(0, 7 * 24 * 60)
    lend_minutes = number(0, 24 * 60)
    wait_minutes = number(0, 120)
    moving_minutes = number(0, 60)
    ready_share = number(0.05, 0.95)
    pickup_code = fields.Boolean(truthy={True}, falsy={False})
    drop_off_proof = fields.Boolean(truthy={True}, falsy={False})
    second_try_minutes = number(0, 240)
    returns_goods = fields.Boolean(truthy={True}, falsy={False})
    split_minutes = number(0, 24 * 60)
    vehicles = fields.Dict(
        keys=fields.Enum(Vehicle, by_value=True), values=fields.Nested(VehicleKindSchema), load_default=dict
    )

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> ZoneSettings:
        kinds = sorted(data.pop("vehicles").items())
        return ZoneSettings(**data, vehicles=tuple(VehicleKind(vehicle=v, **kind) for v, kind in kinds))
