"""What shops prepare in an hour, and what is asked of them for a delivery window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from services.storefront.contracts.fields import identifier, load, whole
from services.storefront.domain import commands
from services.storefront.domain.preparation import Counts, Obstacle, PreparationCapacity, Window
from shared.kernel.clock import to_wire

Wire = dict[str, Any]

MOST_SHOPS, MOST_WINDOWS, MOST_ITEMS = 50, 500, 1_000_000


class PreparationCapacitySchema(Schema):
    per_hour = whole(1, 100_000, required=True)
    counts = fields.Enum(Counts, by_value=True, load_default=Counts.ORDERS)

    @post_load
    def make(self, data: Mapping[str, Any], **_: Any) -> PreparationCapacity:
        return PreparationCapacity(**data)


class WindowSchema(Schema):
    starts_at = fields.AwareDateTime(format="iso", required=True)
    ends_at = fields.AwareDateTime(format="iso", required=True)

    @post_load
    def make(self, data: Mapping[str, Any], **_: Any) -> Window:
        if data["starts_at"] >= data["ends_at"]:
            raise ValidationError("A window ends after it starts.", "ends_at")
        return Window(**data)


class _Part(Schema):
    shop_id = identifier()
    items = whole(1, MOST_ITEMS, required=True)


class PreparationSchema(Schema):
    shops = fields.List(fields.Nested(_Part), required=True, validate=validate.Length(1, MOST_SHOPS))
    window = fields.Nested(WindowSchema, allow_none=True, load_default=None)

    @post_load
    def make(self, data: Mapping[str, Any], **_: Any) -> commands.Preparation:
        return commands.Preparation(items=_items(data["shops"]), window=data["window"])


class _Move(Schema):
    order_id = identifier()
    number = whole(1, 2**31 - 1, required=True)


class _HoldMove(_Move):
    preparation = fields.Nested(PreparationSchema, required=True)


class _AskWindows(Schema):
    shops = fields.List(fields.Nested(_Part), required=True, validate=validate.Length(1, MOST_SHOPS))
    windows = fields.List(
        fields.Nested(WindowSchema), required=True, validate=validate.Length(max=MOST_WINDOWS)
    )


_MOVE, _HOLD_MOVE, _ASK = _Move(), _HoldMove(), _AskWindows()


def hold_move(request: Mapping[str, Any]) -> commands.MovePreparation:
    return commands.MovePreparation(**load(_HOLD_MOVE, request))


def drop_move(request: Mapping[str, Any]) -> commands.DropMove:
    return commands.DropMove(**load(_MOVE, request))


def ask_windows(request: Mapping[str, Any]) -> commands.AskWindows:
    read = load(_ASK, request)
    return commands.AskWindows(items=_items(read["shops"]), windows=tuple(read["windows"]))


def obstacles(windows: Sequence[Sequence[Obstacle]], soon: Sequence[Obstacle]) -> Wire:
    """For each window that was asked for, and for "soon", which shops cannot prepare and why."""
    return {"windows": [_told(found) for found in windows], "soon": _told(soon)}


def _told(found: Sequence[Obstacle]) -> list[Wire]:
    return [
        {
            "shop_id": one.shop_id,
            "name": one.name,
            "reason": one.reason,
            "opens_at": None if one.opens_at is None else to_wire(one.opens_at),
        }
        for one in found
    ]


def _items(parts: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for part in parts:
        found[part["shop_id"]] = found.get(part["shop_id"], 0) + part["items"]
    return found
