"""What a request must look like, field by field; what is wrong is said with the field's name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, validate

from linli.failures import Failure

_SECONDS = validate.Range(min=0, max=10**9)
# Names of VROOM that would change the answer and that the engine does not know.
_NOT_KNOWN = {
    "jobs": "a task of one stop is not known here: give a shipment, with `onboard` where it is underway",
    "skills": "skills are not known here: name the vehicle with `locked_to`",
    "setup": "setup times are not known here: add them to `service`",
    "max_tasks": "a bound on tasks is not known here: give `capacity` and `amount` a dimension for it",
}


class _Strict(Schema):
    class Meta:
        unknown = RAISE

    error_messages = {"unknown": "there is no such field"}


def _window(**more: Any) -> fields.List[Any]:
    return fields.List(fields.Integer(strict=True, validate=_SECONDS), validate=_is_window, **more)


def _is_window(window: list[int]) -> None:
    if len(window) != 2 or window[0] > window[1]:
        raise ValidationError("a time window is [first second, last second], the first not after the last")


def _is_place(place: list[float]) -> None:
    if len(place) != 2 or not (-180 <= place[0] <= 180 and -90 <= place[1] <= 90):
        raise ValidationError("a place is [longitude, latitude] in degrees")


def _place() -> fields.List[Any]:
    return fields.List(fields.Float(), validate=_is_place)


def _amounts() -> fields.List[Any]:
    return fields.List(fields.Integer(strict=True, validate=validate.Range(min=0, max=10**12)))


def _id(**more: Any) -> fields.Integer:
    return fields.Integer(strict=True, validate=validate.Range(min=0), **more)


class TaskSchema(_Strict):
    id = _id(required=True)
    description = fields.String()
    location = _place()
    location_index = _id()
    service = fields.Integer(strict=True, load_default=0, validate=_SECONDS)
    time_windows = fields.List(
        _window(), validate=validate.Length(equal=1, error="exactly one is known here")
    )


class PickupSchema(TaskSchema):
    amount = _amounts()


class ShipmentSchema(_Strict):
    amount = _amounts()
    pickup = fields.Nested(PickupSchema)
    pickups = fields.List(fields.Nested(PickupSchema))
    delivery = fields.Nested(TaskSchema, required=True)
    priority = fields.Integer(strict=True, load_default=0, validate=validate.Range(min=0, max=100))
    due = fields.Integer(strict=True, validate=_SECONDS)
    asap = fields.Boolean(load_default=False)
    placed = fields.Integer(strict=True, validate=_SECONDS)
    locked_to = _id()
    onboard = _amounts()


class BreakSchema(_Strict):
    id = _id(required=True)
    time_windows = fields.List(
        _window(), required=True, validate=validate.Length(equal=1, error="exactly one is known here")
    )
    description = fields.String()


class StepSchema(_Strict):
    type = fields.String(
        required=True, validate=validate.OneOf(["start", "pickup", "delivery", "break", "end"])
    )
    id = _id()


class CostsSchema(_Strict):
    fixed = fields.Integer(strict=True, load_default=0, validate=validate.Range(min=0))


class VehicleSchema(_Strict):
    id = _id(required=True)
    profile = fields.String(load_default="car")
    description = fields.String()
    start = _place()
    start_index = _id()
    end = _place()
    end_index = _id()
    capacity = _amounts()
    time_window = _window()
    breaks = fields.List(fields.Nested(BreakSchema), load_default=list)
    speed_factor = fields.Float(load_default=1.0, validate=validate.Range(min=0.01, max=5))
    costs = fields.Nested(CostsSchema, load_default=lambda: {"fixed": 0})
    steps = fields.List(fields.Nested(StepSchema))


class MatrixSchema(_Strict):
    durations = fields.List(fields.List(fields.Integer(strict=True, validate=_SECONDS)), required=True)
    distances = fields.List(fields.List(fields.Integer(strict=True, validate=validate.Range(min=0))))


class ProfileSchema(_Strict):
    metres_per_second = fields.Float(required=True, validate=validate.Range(min=0.1, max=100))
    detour = fields.Float(load_default=1.0, validate=validate.Range(min=1, max=5))


class WeightsSchema(_Strict):
    _weight = validate.Range(min=0, max=10**9)
    waiting = fields.Float(load_default=1.0, validate=_weight)
    lateness = fields.Float(load_default=3.0, validate=_weight)
    riding = fields.Float(load_default=0.15, validate=_weight)
    unassigned = fields.Float(load_default=1_000_000.0, validate=_weight)


class OptionsSchema(_Strict):
    g = fields.Boolean()


class RequestSchema(_Strict):
    class Meta:
        unknown = RAISE

    vehicles = fields.List(fields.Nested(VehicleSchema), required=True, validate=validate.Length(min=1))
    shipments = fields.List(fields.Nested(ShipmentSchema), required=True)
    matrices = fields.Dict(keys=fields.String(), values=fields.Nested(MatrixSchema), load_default=dict)
    profiles = fields.Dict(keys=fields.String(), values=fields.Nested(ProfileSchema), load_default=dict)
    weights = fields.Nested(WeightsSchema, load_default=lambda: WeightsSchema().load({}))
    options = fields.Nested(OptionsSchema, unknown=EXCLUDE)


def read(request: object) -> dict[str, Any]:
    """The request with its defaults; :class:`Failure` names every field that is wrong, and says how."""
    if not isinstance(request, Mapping):
        raise Failure("The request is not an object with vehicles and shipments.", exit_code=2)
    try:
        loaded: dict[str, Any] = RequestSchema().load(request)
    except ValidationError as error:
        wrong = [f"  {where}: {what}" for where, what in _sentences(error.messages, "")]
        raise Failure("\n".join(["The request is not understood:", *wrong]), exit_code=2) from None
    return loaded


def _sentences(messages: Any, where: str) -> Iterator[tuple[str, str]]:
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            if isinstance(key, int):
                yield from _sentences(inner, f"{where}[{key}]")
            elif key in {"key", "value"}:
                yield from _sentences(inner, where)
            else:
                yield from _sentences(inner, f"{where}.{key}".lstrip("."))
        return
    for message in messages if isinstance(messages, list) else [messages]:
        name = where.rpartition(".")[2]
        unknown = message == "there is no such field"
        yield where or "the request", _NOT_KNOWN[name] if unknown and name in _NOT_KNOWN else _lower(message)


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:].rstrip(".")
