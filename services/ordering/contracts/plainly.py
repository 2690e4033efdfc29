"""Reading by hand what every checkout asks, which costs a twentieth of what the schemas cost.

A reader takes what is plainly in order and gives what its schema gives. For anything else it gives None,
and leaves it, with every reproach, to the schema; a property test holds each reader to that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.ordering.domain import commands
from services.ordering.domain.places import DropOff, Position
from shared.kernel.ids import derived_id

ID = re.compile(r"[\x21-\x7e]{1,100}\Z")
ASAP = "asap"
IF_MISSING = ("substitute", "call", "refund")
# All that there are; which of them are offered, configuration decides.
METHODS = ("sandbox", "wechat", "cash")
SCENARIOS = ("success", "failure", "late_success", "double_success", "silent", "refund_fails_first")
MOST_TIP = 1_000_000
OUTCOMES = ("payment.succeeded", "payment.failed")

_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z", re.ASCII)
_ABSENT = {
    "line_id": None,
    "listing_id": None,
    "quantity": 0,
    "list_name": None,
    "if_missing": "refund",
    "promotion_code": None,
}


def quote(request: Mapping[str, Any]) -> commands.QuoteBasket | None:
    data: dict[str, Any] = {"slot_id": ASAP, "coupon_codes": [], "tip": None, **request}
    if data.keys() != {"actor", "quote_id", "lines", "drop_off", "slot_id", "coupon_codes", "tip"}:
        return None
    wanted, codes = data["lines"], data["coupon_codes"]
    if type(wanted) is not list or not 1 <= len(wanted) <= 100:
        return None
    if type(codes) is not list or len(codes) > 10 or not all(map(_is_id, codes)):
        return None
    if data["tip"] is not None:
        return None
    actor, drop_off = _actor(data["actor"]), _drop_off(data["drop_off"])
    lines = [_line(line) for line in wanted]
    if actor is None or drop_off is None or None in lines:
        return None
    if not _is_id(data["quote_id"]) or not _is_optional_id(data["slot_id"]):
        return None
    return basket(data | {"actor": actor, "drop_off": drop_off, "lines": lines})


def place(request: Mapping[str, Any]) -> commands.PlaceOrder | None:
    match request:
        case {"actor": asks, "order_id": order_id, "quote_id": quote_id} if len(request) == 3:
            actor = _actor(asks)
            if actor is not None and _is_id(order_id) and _is_id(quote_id):
                return commands.PlaceOrder(actor=actor, order_id=order_id, quote_id=quote_id)
    return None


def pay(request: Mapping[str, Any]) -> commands.PayOrder | None:
    data: dict[str, Any] = {"method": "sandbox", "scenario": "success", **request}
    if data.keys() != {"actor", "order_id", "payment_id", "method", "scenario"}:
        return None
    actor = _actor(data["actor"])
    if actor is None or not _is_id(data["order_id"]) or not _is_id(data["payment_id"]):
        return None
    if data["method"] not in METHODS or data["scenario"] not in SCENARIOS:
        return None
    return commands.PayOrder(**data | {"actor": actor})


def notice(request: Mapping[str, Any]) -> commands.ProviderNotice | None:
    match request:
        case {
            "type": "payment.succeeded" | "payment.failed",
            "timestamp": timestamp,
            "data": {
                "payment_id": payment_id,
                "charge_id": charge_id,
                "amount": {"amount": amount, "currency": currency},
            },
        }:
            data = request["data"]
            if len(request) != 3 or len(data) != 3 or len(data["amount"]) != 2:
                return None
            if not _is_id(payment_id) or not _is_optional_id(charge_id) or not _is_text(currency, 3):
                return None
            if type(amount) is int and _is_moment(timestamp):
                return provider_notice(request)
    return None


# -- what readers and schemas make of valid data ---------------------------------------------------


def basket(data: Mapping[str, Any]) -> commands.QuoteBasket | None:
    """None when two lines have the same id. A line without one gets the one that belongs to its place."""
    quote_id = data["quote_id"]
    lines = tuple(
        commands.BasketLine(**line | {"line_id": line["line_id"] or derived_id("line", quote_id, str(nth))})
        for nth, line in enumerate(data["lines"])
    )
    if len({line.line_id for line in lines}) < len(lines):
        return None
    return commands.QuoteBasket(
        actor=data["actor"],
        quote_id=quote_id,
        lines=lines,
        drop_off=data["drop_off"],
        slot_id=None if data["slot_id"] in {None, ASAP} else data["slot_id"],
        coupon_codes=tuple(dict.fromkeys(data["coupon_codes"])),
        tip=data["tip"],
    )


def provider_notice(data: Mapping[str, Any]) -> commands.ProviderNotice:
    told = data["data"]
    return commands.ProviderNotice(
        payment_id=told["payment_id"],
        succeeded=data["type"] == "payment.succeeded",
        charge_id=told["charge_id"],
        amount=told["amount"]["amount"],
        currency=told["amount"]["currency"],
    )


# -- pieces ----------------------------------------------------------------------------------------


def _actor(value: Any) -> commands.Actor | None:
    match value:
        case {"account_id": account_id, "role": role} if len(value) == 2:
            if _is_id(account_id) and _is_text(role, 40):
                return commands.Actor(account_id=account_id, role=role)
    return None


def _drop_off(value: Any) -> DropOff | None:
    match value:
        case {"lat": lat, "lon": lon, "address": address, "contact": contact} if len(value) == 4:
            is_place = _is_number(lat, 90) and _is_number(lon, 180)
            if is_place and _is_text(address, 300) and _is_text(contact, 100):
                position = Position(lat=float(lat), lon=float(lon))
                return DropOff(position=position, address=address, contact=contact)
    return None


def _line(value: Any) -> dict[str, Any] | None:
    if type(value) is not dict:
        return None
    line = _ABSENT | value
    is_known = (
        len(line) == len(_ABSENT)
        and _is_optional_id(line["line_id"])
        and _is_id(line["listing_id"])
        and _is_optional_id(line["promotion_code"])
    )
    is_wanted = (
        type(line["quantity"]) is int
        and 1 <= line["quantity"] <= 999
        and (line["list_name"] is None or _is_text(line["list_name"], 60))
        and line["if_missing"] in IF_MISSING
    )
    return line if is_known and is_wanted else None


def _is_id(value: Any) -> bool:
    return type(value) is str and ID.match(value) is not None


def _is_optional_id(value: Any) -> bool:
    return value is None or _is_id(value)


def _is_text(value: Any, longest: int) -> bool:
    return type(value) is str and 1 <= len(value) <= longest and "\x00" not in value


def _is_number(value: Any, bound: int) -> bool:
    return type(value) in {int, float} and -bound <= value <= bound


def _is_moment(value: Any) -> bool:
    if type(value) is not str or _MOMENT.match(value) is None:
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True
