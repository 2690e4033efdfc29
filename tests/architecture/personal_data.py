"""What an event may tell: ids, moments, money, counts, codes, and places about a kilometre wide.

Three nets, one behind the other: words that a field's name must not have; a list of all names that somebody
has thought about; and what a value must look like, in schemas and in samples.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

# Parts of names that speak of a person, or of something that a person wrote.
_OF_A_PERSON = (
    "name names surname nickname mail email phone mobile tel telephone fax contact contacts person people"
    " birth birthday birthdate age gender sex avatar photo image signature"
)
_OF_A_PLACE = (
    "address street house door floor building city postcode zip"
    " lat lon lng latitude longitude position location geo point coordinates ip device"
)
_WRITTEN = (
    "note notes comment comments message remark text title description words question answer review label"
)
_SECRET = "password secret token card iban agent proof"
_TELLING = frozenset(" ".join((_OF_A_PERSON, _OF_A_PLACE, _WRITTEN, _SECRET)).split())
_PLACES = {"area", "drop_off_area"}
_IN_PLACES = {"lat", "lon"}

# Every name that an event's data has, at any depth. Whoever adds one says with it: this tells of nobody.
_MOMENTS = (
    "accepted_at accrued_at assigned_at cancelled_at changed_at choose_by chosen_at closed_at"
    " completed_at confirmed_at delivered_at due_at ended_at ends_at eta eta_from eta_to expired_at"
    " expires_at failed_at handed_back_at hidden_at issued_at lent_at offered_at opened_at paid_at"
    " picked_up_at placed_at posted_at promised_at proved_at published_at ready_at rebooked_at"
    " recalled_at registered_at rejected_at released_at returned_at reversed_at split_at started_at"
    " starts_at trip_eta withdrawn_at"
)
_IDS = (
    "account_id accrual_id campaign_id case_id courier_id customer_id delivery_id from_slot_id"
    " from_zone_id id line_id list_id listing_id loan_id merchant_id offer_id order_id owner_id"
    " payment_id payout_id promoter_shop_id promotion_link_id rating_id rebooking_id refund_id"
    " settlement_id shift_id shop_ids statement_id"
    " shop_id slot_id store_order_id store_order_ids to_zone_id transaction_id trip_id zone_id"
)
_SUMS = (
    "amount closing collected currency delivery_fee discount discount_by_funder discounts earned fee"
    " goods opening paid paid_out platform price remaining shop tip total unit_price"
)
_COUNTS = (
    "capacity correction courier_minutes couriers distance_m exclusive level number pace parts"
    " pickups plan_version proved_distance_m quantity rate_bp rate_max_bp rate_min_bp rate_plan"
    " recruiter_bp restock sourced stars version was_paid"
)
_CODES = (
    "borne_by by category chosen_by cycle decided_by funder handover kind proved_by reason role"
    " source status unproved_reason vehicle method"
)
_PARTS = "area drop_off_area lat lon lines payee store_orders"
_PICKING = (
    "accept_by decide_by decided_at decided_by estimated_grams grams proposed_at"
    " reminded_at substitute_listing_id substitution_id weighed_at"
)
THOUGHT_ABOUT = frozenset(" ".join((_MOMENTS, _IDS, _SUMS, _COUNTS, _CODES, _PARTS, _PICKING)).split())

# Strings without a list of choices: the kinds of postings and the ways to pay come from the code and the
# configuration, and a category is what a shop calls its goods to everybody.
_PLAIN = {"kind", "category", "method"}

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)")
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_PHONE = re.compile(r"\+?\d[\d ()-]{6,}")


def doubts_about_schema(schema: Mapping[str, Any]) -> list[str]:
    """Why the schema of an event's data might let something personal through."""
    return list(_fields(schema, schema.get("$defs", {}), within="", path=""))


def doubts_about_sample(data: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """Why an example of the data might tell of a person, or holds what its schema does not know."""
    return list(_values(data, schema, schema.get("$defs", {}), name="", path=""))


def _fields(schema: Any, parts: Mapping[str, Any], within: str, path: str) -> Iterator[str]:
    schema = _resolved(schema, parts)
    for name, field in schema.get("properties", {}).items():
        here = f"{path}.{name}".lstrip(".")
        yield from _name(name, within, here)
        body = _resolved(field, parts)
        yield from _kind(name, body, here)
        yield from _fields(body, parts, name, here)
    if "items" in schema:
        yield from _kind(within, _resolved(schema["items"], parts), f"{path}[]")
        yield from _fields(schema["items"], parts, within, f"{path}[]")


def _name(name: str, within: str, path: str) -> Iterator[str]:
    if name in _IN_PLACES and within in _PLACES:
        return
    if telling := _TELLING & {name, *name.split("_")}:
        yield f"{path}: a field called {', '.join(sorted(telling))} would tell of a person"
    elif name not in THOUGHT_ABOUT:
        yield f"{path}: nobody has said yet that this field tells of nobody"


def _kind(name: str, body: Mapping[str, Any], path: str) -> Iterator[str]:
    types = body.get("type", [])
    types = {types} if isinstance(types, str) else set(types)
    if not types:
        yield f"{path}: may be anything"
    if "object" in types and not body.get("properties"):
        yield f"{path}: may hold anything"
    is_said = "enum" in body or "const" in body or "pattern" in body or body.get("format") == "date-time"
    if "string" in types and not (is_said or name in _PLAIN or _is_id(name)):
        yield f"{path}: may be any text, so people may write in it"


def _values(value: Any, schema: Any, parts: Mapping[str, Any], name: str, path: str) -> Iterator[str]:
    schema = _resolved(schema, parts)
    if isinstance(value, Mapping):
        for key, inner in value.items():
            here = f"{path}.{key}".lstrip(".")
            if key in schema.get("properties", {}):
                yield from _values(inner, schema["properties"][key], parts, key, here)
            else:
                yield f"{here}: its schema does not know it"
    elif isinstance(value, list):
        for inner in value:
            yield from _values(inner, schema.get("items", {}), parts, name, f"{path}[]")
    elif isinstance(value, str):
        yield from _text(value, path)
    elif isinstance(value, float) and round(value, 2) != value:
        yield f"{path}: {value} says more exactly where than a kilometre"


def _text(value: str, path: str) -> Iterator[str]:
    if _UUID.fullmatch(value) or _MOMENT.fullmatch(value):
        return
    if "@" in value:
        yield f"{path}: {value!r} looks like an e-mail address"
    elif _PHONE.fullmatch(value):
        yield f"{path}: {value!r} looks like a phone number"
    elif not _WORD.fullmatch(value):
        yield f"{path}: {value!r} looks like something that a person wrote"


def _is_id(name: str) -> bool:
    return name == "id" or name.endswith(("_id", "_ids"))


def _resolved(schema: Any, parts: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" in schema:
        resolved: Mapping[str, Any] = parts[schema["$ref"].rpartition("/")[2]]
        return resolved
    known: Mapping[str, Any] = schema
    return known
