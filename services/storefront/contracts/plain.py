"""The requests that every order makes, read without a schema where they are plainly right.

A schema takes ten times as long. It still reads whatever is not plain, and names what is wrong with it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from services.storefront.domain import commands
from services.storefront.domain.position import Position
from services.storefront.domain.pricing import WantedLine
from shared.kernel.money import Money

ID, CURRENCY = r"[\x21-\x7e]{1,100}\Z", r"[A-Z]{3}\Z"
MOST_LINES = 200
MOST_OF_A_LINE = 9_999
MOST_MONEY = 10**12

Wire = Mapping[str, Any]
Command = TypeVar("Command")

_is_id, _is_currency = re.compile(ID).match, re.compile(CURRENCY).match
_is_moment = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)\Z").match

_PRICE = {"lines", "drop_off"}
_RESERVE = {"order_id", "expires_at", "lines", "expected"}
_LINE = {"listing_id", "quantity"}
_EXPECTED = {"listing_id", "unit_price"}
_MONEY = {"amount", "currency"}


class _NotPlainError(Exception):
    """For a schema to look at."""


def price(request: Wire) -> commands.PriceBasket | None:
    """The command in ``request``; ``None`` when it is wrong, or right in a way that is not the usual one."""
    return _plainly(_price, request)


def reserve(request: Wire) -> commands.Reserve | None:
    """Like :func:`price`."""
    return _plainly(_reserve, request)


def _plainly(read: Callable[[Wire], Command], request: Wire) -> Command | None:
    try:
        return read(request)
    except (_NotPlainError, KeyError, TypeError, ValueError):
        return None


def _price(request: Wire) -> commands.PriceBasket:
    _must(request.keys() == _PRICE and type(request["drop_off"]) is dict)
    lat, lon = request["drop_off"]["lat"], request["drop_off"]["lon"]
    _must(type(lat) in {int, float} and type(lon) in {int, float})
    return commands.PriceBasket(
        lines=tuple(WantedLine(listing_id=key, quantity=quantity) for key, quantity in _lines(request)),
        drop_off=Position(lat=float(lat), lon=float(lon)),
    )


def _reserve(request: Wire) -> commands.Reserve:
    expires_at, expected = request["expires_at"], request["expected"]
    _must(request.keys() == _RESERVE and type(expected) is list)
    _must(type(expires_at) is str and _is_moment(expires_at))
    lines: Counter[str] = Counter()
    for listing_id, quantity in _lines(request):
        lines[listing_id] += quantity
    return commands.Reserve(
        order_id=_id(request["order_id"]),
        expires_at=datetime.fromisoformat(expires_at),
        lines=dict(lines),
        expected_prices=dict(_expected(_object(item, _EXPECTED)) for item in expected),
    )


def _lines(request: Wire) -> list[tuple[str, int]]:
    lines = request["lines"]
    _must(type(lines) is list and 1 <= len(lines) <= MOST_LINES)
    return [_line(_object(line, _LINE)) for line in lines]


def _line(wire: Wire) -> tuple[str, int]:
    quantity = wire["quantity"]
    _must(type(quantity) is int and 1 <= quantity <= MOST_OF_A_LINE)
    return _id(wire["listing_id"]), quantity


def _expected(wire: Wire) -> tuple[str, Money]:
    unit_price = _object(wire["unit_price"], _MONEY)
    amount, currency = unit_price["amount"], unit_price["currency"]
    _must(type(amount) is int and 0 <= amount <= MOST_MONEY)
    _must(type(currency) is str and _is_currency(currency))
    return _id(wire["listing_id"]), Money(amount, currency)


def _object(value: Any, fields: set[str]) -> Wire:
    _must(type(value) is dict and value.keys() == fields)
    found: Wire = value
    return found


def _id(value: Any) -> str:
    _must(type(value) is str and _is_id(value))
    return str(value)


def _must(be_plain: object) -> None:
    if not be_plain:
        raise _NotPlainError
