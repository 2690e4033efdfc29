"""Untrusted input, turned into commands, or refused with every field at fault."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from services.commission.contracts.reading import ID as _ID
from services.commission.contracts.reading import RATE as _BASIS_POINTS
from services.commission.contracts.reading import Asked as _Asked
from services.commission.contracts.reading import InCurrency as _InCurrency
from services.commission.contracts.reading import Moment, Price
from services.commission.contracts.reading import read as _read
from services.commission.domain.commands import (
    Actor,
    AskAccounts,
    AskBalance,
    AskEntries,
    AskStatement,
    CreateLink,
    Party,
)
from shared.kernel.errors import InvalidInput

PAGE = 50
MOST = 500
STATEMENT_LINES = 1000
MOST_STATEMENT_LINES = 5000


class _CreateLink(_Asked):
    link_id = fields.String(required=True, validate=_ID)
    shop_id = fields.String(required=True, validate=_ID)
    listing_id = fields.String(required=True, validate=_ID)
    rate_bp = fields.Integer(strict=True, load_default=None, allow_none=True, validate=_BASIS_POINTS)
    offer_id = fields.String(load_default=None, allow_none=True, validate=_ID)
    unit_price = Price(load_default=None, allow_none=True)


class _Code(Schema):
    code = fields.String(required=True, validate=validate.Length(min=1, max=40))


class _OfParty(_InCurrency):
    owner_id = fields.String(load_default="", allow_none=True, validate=validate.Length(max=100))


class _Balance(_OfParty):
    kind = fields.Enum(Party, by_value=True, required=True)


class _Paged(_Asked):
    cursor = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=300))
    limit = fields.Integer(strict=True, load_default=PAGE, validate=validate.Range(min=1, max=MOST))


class _Statement(_OfParty):
    account_kind = fields.Enum(Party, by_value=True, required=True)
    since = Moment(load_default=None, allow_none=True)
    until = Moment(load_default=None, allow_none=True)
    cursor = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=40))
    limit = fields.Integer(
        strict=True, load_default=STATEMENT_LINES, validate=validate.Range(min=1, max=MOST_STATEMENT_LINES)
    )

    @validates_schema
    def _in_order(self, data: dict[str, Any], **_: Any) -> None:
        since, until = data.get("since"), data.get("until")
        if since is not None and until is not None and since > until:
            raise ValidationError("Must not be before since.", "until")


class _Entries(_Paged):
    account = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=200))
    order_id = fields.String(load_default=None, allow_none=True, validate=_ID)


class _Accounts(_Paged):
    prefix = fields.String(load_default="", allow_none=True, validate=validate.Length(max=200))


class _Earnings(_InCurrency):
    since = Moment(load_default=None, allow_none=True)
    until = Moment(load_default=None, allow_none=True)
    cursor = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=40))
    limit = fields.Integer(strict=True, load_default=PAGE, validate=validate.Range(min=1, max=MOST))


class _Accruals(_Asked):
    shop_id = fields.String(required=True, validate=_ID)
    limit = fields.Integer(strict=True, load_default=PAGE, validate=validate.Range(min=1, max=MOST))


_CREATE_LINK, _CODE, _BALANCE = _CreateLink(), _Code(), _Balance()
_STATEMENT, _ENTRIES, _ACCOUNTS, _EARNINGS = _Statement(), _Entries(), _Accounts(), _Earnings()
_ACCRUALS, _ACTOR_ONLY = _Accruals(), _Asked()


def create_link(wire: Mapping[str, Any]) -> CreateLink:
    asked = _read(_CREATE_LINK, wire)
    price = asked.pop("unit_price")
    return CreateLink(
        actor=Actor(**asked.pop("actor")), price=price.amount if price is not None else None, **asked
    )


def code(wire: Mapping[str, Any]) -> str:
    return str(_read(_CODE, wire)["code"])


def balance(wire: Mapping[str, Any]) -> AskBalance:
    asked = _read(_BALANCE, wire)
    return AskBalance(
        actor=Actor(**asked["actor"]),
        party=asked["kind"],
        owner_id=asked["owner_id"] or "",
        currency=asked["currency"],
    )


def statement(wire: Mapping[str, Any]) -> AskStatement:
    asked = _read(_STATEMENT, wire)
    return AskStatement(
        actor=Actor(**asked["actor"]),
        party=asked["account_kind"],
        owner_id=asked["owner_id"] or "",
        currency=asked["currency"],
        since=asked["since"],
        until=asked["until"],
        after=_position(asked["cursor"]),
        limit=asked["limit"],
    )


def earnings(wire: Mapping[str, Any]) -> AskStatement:
    """A courier's own statement."""
    asked = _read(_EARNINGS, wire)
    actor = Actor(**asked["actor"])
    return AskStatement(
        actor=actor,
        party=Party.COURIER,
        owner_id=actor.account_id,
        currency=asked["currency"],
        since=asked["since"],
        until=asked["until"],
        after=_position(asked["cursor"]),
        limit=asked["limit"],
    )


def entries(wire: Mapping[str, Any]) -> AskEntries:
    asked = _read(_ENTRIES, wire)
    return AskEntries(
        actor=Actor(**asked["actor"]),
        account=asked["account"],
        order_id=asked["order_id"],
        after=_position(asked["cursor"]),
        limit=asked["limit"],
    )


def accounts(wire: Mapping[str, Any]) -> AskAccounts:
    asked = _read(_ACCOUNTS, wire)
    after = None
    if asked["cursor"] is not None:
        account, _, currency = asked["cursor"].rpartition(" ")
        after = (account, currency)
    return AskAccounts(
        actor=Actor(**asked["actor"]), prefix=asked["prefix"] or "", after=after, limit=asked["limit"]
    )


def accruals(wire: Mapping[str, Any]) -> tuple[Actor, str, int]:
    asked = _read(_ACCRUALS, wire)
    return Actor(**asked["actor"]), asked["shop_id"], asked["limit"]


def actor(wire: Mapping[str, Any]) -> Actor:
    return Actor(**_read(_ACTOR_ONLY, wire)["actor"])


def _position(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isdecimal():
        message = "This cursor was not given out here."
        raise InvalidInput(message, errors=[{"field": "cursor", "message": message}])
    return int(cursor)
