"""The request that every order makes, read without a schema where it is plainly right.

A schema takes twenty times as long. It still reads whatever is not plain, and names what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.dispatch.domain import commands
from services.dispatch.domain.facts import DropOff, Pickup
from services.dispatch.domain.places import Position
from services.dispatch.domain.vehicle import USUAL_LOAD, Load

ASAP = "asap"
ID = r"[\x21-\x7e]{1,100}\Z"
LONGEST_ADDRESS, LONGEST_CONTACT, LONGEST_NAME = 300, 100, 200
MOST_PICKUPS = 20
LONGEST_PREPARATION, USUAL_PREPARATION = 24 * 60, 15

_is_id = re.compile(ID).match
_is_moment = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)\Z").match

_HOLD = frozenset({"order_id", "slot_id", "drop_off", "pickups", "expires_at"})
_DROP_OFF = frozenset({"lat", "lon", "address", "contact"})
_PICKUP = frozenset({"store_order_id", "shop_id", "name", "position", "preparation_minutes", "load"})
_LOAD = frozenset({"volume", "weight", "cold"})
_POSITION = frozenset({"lat", "lon"})


class _NotPlainError(Exception):
    """For a schema to look at."""


def hold(request: Mapping[str, Any]) -> commands.Hold | None:
    """The command in ``request``; ``None`` when it is wrong, or right in a way that is not the usual one."""
    try:
        return _hold(request)
    except (_NotPlainError, KeyError, TypeError, ValueError):
        return None


def _hold(request: Mapping[str, Any]) -> commands.Hold:
    _must(request.keys() <= _HOLD)
    slot_id, pickups, expires_at = request.get("slot_id", ASAP), request["pickups"], request["expires_at"]
    _must(type(pickups) is list and 1 <= len(pickups) <= MOST_PICKUPS)
    _must(type(expires_at) is str and _is_moment(expires_at))
    return commands.Hold(
        order_id=_id(request["order_id"]),
        slot_id=None if slot_id in {None, ASAP} else _id(slot_id),
        drop_off=_drop_off(_object(request["drop_off"], _DROP_OFF)),
        pickups=tuple(_pickup(_object(pickup, _PICKUP)) for pickup in pickups),
        expires_at=datetime.fromisoformat(expires_at),
    )


def _drop_off(wire: Mapping[str, Any]) -> DropOff:
    return DropOff(
        place=_place(wire),
        address=_said(wire.get("address"), LONGEST_ADDRESS),
        contact=_said(wire.get("contact"), LONGEST_CONTACT),
    )


def _pickup(wire: Mapping[str, Any]) -> Pickup:
    minutes = wire.get("preparation_minutes", USUAL_PREPARATION)
    _must(type(minutes) is int and 0 <= minutes <= LONGEST_PREPARATION)
    return Pickup(
        store_order_id=_id(wire["store_order_id"]),
        shop_id=_id(wire["shop_id"]),
        name=_text(wire["name"], LONGEST_NAME),
        place=_place(_object(wire["position"], _POSITION)),
        preparation_minutes=minutes,
        load=_load(wire["load"]) if "load" in wire else USUAL_LOAD,
    )


def _load(wire: Any) -> Load:
    _must(type(wire) is dict and wire.keys() == _LOAD)
    _must(all(type(units) is int and 0 <= units <= 1000 for units in wire.values()))
    return Load(**wire)


def _place(wire: Mapping[str, Any]) -> Position:
    lat, lon = wire["lat"], wire["lon"]
    _must(type(lat) in {int, float} and type(lon) in {int, float} and -90 <= lat <= 90 and -180 <= lon <= 180)
    return Position(lat=float(lat), lon=float(lon))


def _object(value: Any, fields: frozenset[str]) -> Mapping[str, Any]:
    _must(type(value) is dict and value.keys() <= fields)
    found: Mapping[str, Any] = value
    return found


def _id(value: Any) -> str:
    _must(type(value) is str and _is_id(value))
    return str(value)


def _text(value: Any, longest: int) -> str:
    _must(type(value) is str and len(value) <= longest and "\x00" not in value)
    return str(value)


def _said(value: Any, longest: int) -> str:
    return "" if value is None else _text(value, longest)


def _must(be_plain: object) -> None:
    if not be_plain:
        raise _NotPlainError
