"""Reads a day's folder, strictly: either the whole day is sound, or nothing of it is used.

Every problem is found in one pass and named by file, line and field, so that a broken export can be mended
at once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from linli.day import fields
from linli.day.format import (
    Day,
    DayCourier,
    DayLine,
    DayListing,
    DayOrder,
    DayShop,
    Position,
    Rules,
)

MOST_PROBLEMS = 50
LONGEST_DAY = 7 * 24 * 60
LARGEST_FILE = 256 * 1024 * 1024

Record = dict[str, object]

_MINUTE = fields.number(0, LONGEST_DAY)
_LAT, _LON = fields.number(-90, 90), fields.number(-180, 180)
_RULES: Mapping[str, fields.Check] = {
    "meters_per_minute": fields.number(1, 10_000),
    "pickup_service_minutes": fields.number(0, 240),
    "dropoff_service_minutes": fields.number(0, 240),
    "target_click_to_door_minutes": fields.number(1, LONGEST_DAY),
    "maximum_click_to_door_minutes": fields.number(1, LONGEST_DAY),
}
_RULES_MAY_HAVE: Mapping[str, fields.Check] = {
    "source_instance": fields.text(200),
    "single_shop_orders_before_merging": fields.whole(0, 10_000_000),
}
_SHOP: Mapping[str, fields.Check] = {
    "shop": fields.name,
    "category": fields.name,
    "lat": _LAT,
    "lon": _LON,
}
_LISTING: Mapping[str, fields.Check] = {
    "listing": fields.name,
    "shop": fields.name,
    "name": fields.text(120),
    "price": fields.anything,
    "stock": fields.whole(0, 1_000_000),
}
_PRICE: Mapping[str, fields.Check] = {
    "amount": fields.whole(1, 100_000_000),
    "currency": fields.currency,
}
_COURIER: Mapping[str, fields.Check] = {
    "courier": fields.name,
    "lat": _LAT,
    "lon": _LON,
    "on_minute": _MINUTE,
    "off_minute": _MINUTE,
}
_ORDER: Mapping[str, fields.Check] = {
    "order": fields.name,
    "customer": fields.name,
    "placed_minute": _MINUTE,
    "lat": _LAT,
    "lon": _LON,
    "lines": fields.anything,
    "ready_minute": fields.anything,
}
_LINE: Mapping[str, fields.Check] = {"listing": fields.name, "quantity": fields.whole(1, 999)}


@dataclass(frozen=True, kw_only=True)
class Problem:
    file: str
    line: int | None
    field: str | None
    message: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {self.field}: {self.message}" if self.field else f"{place}: {self.message}"


class BrokenDay(Exception):
    """The folder does not hold a sound day; `problems` says where (at most MOST_PROBLEMS of `total`)."""

    def __init__(self, folder: Path, problems: list[Problem], total: int) -> None:
        self.folder = folder
        self.problems = problems
        self.total = total
        super().__init__(f"{folder} has {total} problem{'s' if total != 1 else ''}; nothing was imported")


def read_day(folder: Path) -> Day:
    """The day in `folder`; raises BrokenDay with everything that is wrong with it."""
    return _Reading(folder).day()


class _Broken(Exception):
    """A line that cannot be decoded at all."""


class _Reading:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[Problem] = []
        self.total = 0
        self.currency: str | None = None

    def day(self) -> Day:
        rules = self._rules()
        shops = self._shops()
        listings = self._listings({shop.shop for shop in shops})
        couriers = self._couriers()
        orders = self._orders({listing.listing: listing.shop for listing in listings})
        if self.total or rules is None:
            raise BrokenDay(self.folder, self.problems, self.total)
        return Day(
            name=self.folder.resolve().name,
            currency=self.currency or "CNY",
            rules=rules,
            shops=tuple(shops),
            listings=tuple(listings),
            couriers=tuple(couriers),
            orders=tuple(sorted(orders, key=lambda order: (order.placed_minute, order.order))),
        )

    def _wrong(self, file: str, line: int | None, field: str | None, message: str) -> None:
        self.total += 1
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(file=file, line=line, field=field, message=message))

    def _rules(self) -> Rules | None:
        content = self._content("day.json")
        if content is None:
            return None
        try:
            found = _decoded(content)
        except _Broken as broken:
            self._wrong("day.json", _line_of(content, broken), None, str(broken.args[0]))
            return None
        if not isinstance(found, dict):
            self._wrong("day.json", 1, None, f"must hold an object, not {fields.kind(found)}")
            return None
        if not self._sound("day.json", None, found, _RULES, _RULES_MAY_HAVE):
            return None
        if _float(found, "maximum_click_to_door_minutes") < _float(found, "target_click_to_door_minutes"):
            self._wrong("day.json", None, "maximum_click_to_door_minutes", "must not be below the target")
            return None
        return Rules(
            metres_per_minute=_float(found, "meters_per_minute"),
            pickup_service_minutes=_float(found, "pickup_service_minutes"),
            drop_off_service_minutes=_float(found, "dropoff_service_minutes"),
            target_click_to_door_minutes=_float(found, "target_click_to_door_minutes"),
            maximum_click_to_door_minutes=_float(found, "maximum_click_to_door_minutes"),
        )

    def _shops(self) -> list[DayShop]:
        return [
            DayShop(shop=_str(row, "shop"), category=_str(row, "category"), position=_position(row))
            for _, row in self._rows("shops.jsonl", "shop", _SHOP)
        ]

    def _listings(self, shops: set[str]) -> list[DayListing]:
        file, result = "listings.jsonl", []
        for line, row in self._rows(file, "listing", _LISTING):
            if shops and row["shop"] not in shops:
                self._wrong(file, line, "shop", f"no shop {row['shop']!r} in shops.jsonl")
            price = row["price"]
            if not isinstance(price, dict):
                self._wrong(file, line, "price", f"must be an object, not {fields.kind(price)}")
                continue
            if not self._sound(file, line, price, _PRICE, {}, under="price."):
                continue
            self.currency = self.currency or _str(price, "currency")
            if price["currency"] != self.currency:
                trouble = f"{price['currency']} where the day began in {self.currency}"
                self._wrong(file, line, "price.currency", trouble)
            result.append(
                DayListing(
                    listing=_str(row, "listing"),
                    shop=_str(row, "shop"),
                    name=_str(row, "name"),
                    price=_int(price, "amount"),
                    stock=_int(row, "stock"),
                )
            )
        return result

    def _couriers(self) -> list[DayCourier]:
        file, result = "couriers.jsonl", []
        for line, row in self._rows(file, "courier", _COURIER):
            on, off = _float(row, "on_minute"), _float(row, "off_minute")
            if off <= on:
                self._wrong(file, line, "off_minute", f"must be after on_minute ({on:g}), not {off:g}")
            result.append(
                DayCourier(
                    courier=_str(row, "courier"), position=_position(row), on_minute=on, off_minute=off
                )
            )
        return result

    def _orders(self, shop_of: dict[str, str]) -> list[DayOrder]:
        file, result = "orders.jsonl", []
        for number, row in self._rows(file, "order", _ORDER):
            lines = self._lines(file, number, row["lines"], shop_of)
            shops = {shop_of[line.listing] for line in lines if line.listing in shop_of}
            ready = self._ready(file, number, row, shops)
            result.append(
                DayOrder(
                    order=_str(row, "order"),
                    customer=_str(row, "customer"),
                    placed_minute=_float(row, "placed_minute"),
                    drop_off=_position(row),
                    lines=tuple(lines),
                    ready_minute=ready,
                )
            )
        return result

    def _lines(self, file: str, number: int, lines: object, shop_of: dict[str, str]) -> list[DayLine]:
        if not isinstance(lines, list) or not lines:
            self._wrong(file, number, "lines", "must be a list of at least one line")
            return []
        result: list[DayLine] = []
        seen: set[object] = set()
        for index, line in enumerate(lines):
            field = f"lines[{index}]"
            if not isinstance(line, dict):
                self._wrong(file, number, field, f"must be an object, not {fields.kind(line)}")
                continue
            if not self._sound(file, number, line, _LINE, {}, under=f"{field}."):
                continue
            listing = _str(line, "listing")
            if shop_of and listing not in shop_of:
                self._wrong(file, number, f"{field}.listing", f"no listing {listing!r} in listings.jsonl")
            if listing in seen:
                self._wrong(file, number, f"{field}.listing", f"{listing!r} is in this order already")
            seen.add(listing)
            result.append(DayLine(listing=listing, quantity=_int(line, "quantity")))
        return result

    def _ready(self, file: str, number: int, row: Record, shops: set[str]) -> dict[str, float]:
        ready = row["ready_minute"]
        if not isinstance(ready, dict):
            self._wrong(file, number, "ready_minute", f"must be an object, not {fields.kind(ready)}")
            return {}
        for shop, minute in ready.items():
            field = f"ready_minute.{shop}"
            trouble = _MINUTE(minute)
            if trouble is None and shops and shop not in shops:
                trouble = "no line of this order is from this shop"
            placed = _float(row, "placed_minute")
            if trouble is None and float(minute) < placed:
                trouble = f"must not be before placed_minute ({placed:g}), not {minute:g}"
            if trouble is not None:
                self._wrong(file, number, field, trouble)
        for shop in sorted(shops - set(ready)):
            self._wrong(file, number, f"ready_minute.{shop}", "is missing")
        return {shop: float(minute) for shop, minute in ready.items() if _MINUTE(minute) is None}

    def _rows(self, file: str, key: str, shape: Mapping[str, fields.Check]) -> list[tuple[int, Record]]:
        """The sound rows of a file of JSON lines, each with its number; `key` may not appear twice."""
        content = self._content(file)
        if content is None:
            return []
        rows: list[tuple[int, Record]] = []
        first_at: dict[str, int] = {}
        lines = content.split(b"\n")
        if lines[-1] == b"":
            lines.pop()
        if not lines:
            self._wrong(file, None, None, "is empty")
        for number, line in enumerate(lines, start=1):
            try:
                row = _decoded(line)
            except _Broken as broken:
                self._wrong(file, number, None, str(broken.args[0]))
                continue
            if not isinstance(row, dict):
                self._wrong(file, number, None, f"must hold an object, not {fields.kind(row)}")
                continue
            if not self._sound(file, number, row, shape, {}):
                continue
            value = _str(row, key)
            if value in first_at:
                self._wrong(file, number, key, f"{value!r} is on line {first_at[value]} already")
                continue
            first_at[value] = number
            rows.append((number, row))
        return rows

    def _sound(
        self,
        file: str,
        line: int | None,
        found: Record,
        must: Mapping[str, fields.Check],
        may: Mapping[str, fields.Check],
        under: str = "",
    ) -> bool:
        before = self.total
        for field, check in must.items():
            trouble = check(found[field]) if field in found else "is missing"
            if trouble:
                self._wrong(file, line, under + field, trouble)
        for field in found:
            if field in may:
                trouble = may[field](found[field])
                if trouble:
                    self._wrong(file, line, under + field, trouble)
            elif field not in must:
                self._wrong(file, line, under + field, "is not a field of this file")
        return self.total == before

    def _content(self, file: str) -> bytes | None:
        try:
            path = self.folder / file
            if path.stat().st_size > LARGEST_FILE:
                self._wrong(file, None, None, f"is larger than {LARGEST_FILE // 1024 // 1024} MiB")
                return None
            return path.read_bytes()
        except OSError as error:
            self._wrong(file, None, None, f"cannot be read: {error.strerror or error}")
            return None


def _decoded(content: bytes) -> object:
    if content.startswith(b"\xef\xbb\xbf"):
        raise _Broken("begins with a byte order mark; plain UTF-8 is expected", 0)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _Broken(f"is not UTF-8 at byte {error.start + 1}", error.start) from None
    if not text.strip():
        raise _Broken("is empty", 0)
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        raise _Broken(f"is not JSON: {error.msg} at column {error.colno}", error.pos) from None
    except RecursionError:
        raise _Broken("is nested too deeply", 0) from None
    except ValueError:
        raise _Broken("holds a number of too many digits", 0) from None


def _unique(pairs: list[tuple[str, object]]) -> Record:
    found: Record = {}
    for field, value in pairs:
        if field in found:
            raise _Broken(f"holds the field {field!r} twice", 0)
        found[field] = value
    return found


def _refuse_constant(word: str) -> object:
    raise _Broken(f"is not JSON: {word} is not a number", 0)


def _line_of(content: bytes, broken: _Broken) -> int:
    return content[: int(broken.args[1])].count(b"\n") + 1


def _str(row: Mapping[str, object], field: str) -> str:
    value = row[field]
    assert isinstance(value, str)
    return value


def _int(row: Mapping[str, object], field: str) -> int:
    value = row[field]
    assert isinstance(value, int)
    return value


def _float(row: Mapping[str, object], field: str) -> float:
    value = row[field]
    assert isinstance(value, int | float)
    return float(value)


def _position(row: Mapping[str, object]) -> Position:
    return Position(lat=_float(row, "lat"), lon=_float(row, "lon"))
