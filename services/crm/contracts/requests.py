"""Untrusted input, turned into queries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields, validate

from services.crm.contracts import cursors
from services.crm.contracts.reading import ID, read
from services.crm.domain.profile import Actor
from services.crm.domain.queries import AskCustomers, AskProfile, AskShop

_PAGE = validate.Range(min=1, max=200)


class _Actor(Schema):
    account_id = fields.String(required=True, validate=ID)
    role = fields.String(required=True)


class _Shop(Schema):
    actor = fields.Nested(_Actor, required=True)
    shop_id = fields.String(required=True, validate=ID)


class _Profile(_Shop):
    customer_id = fields.String(required=True, validate=ID)
    limit = fields.Integer(load_default=50, strict=True, validate=_PAGE)
    cursor = fields.String(load_default=None, allow_none=True)


class _Customers(_Shop):
    limit = fields.Integer(load_default=50, strict=True, validate=_PAGE)
    cursor = fields.String(load_default=None, allow_none=True)
    q = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Regexp(r"[\x21-\x7e]{0,100}\Z", error="Expected how an id begins."),
    )


_SHOP, _PROFILE, _CUSTOMERS = _Shop(), _Profile(), _Customers()


def profile(wire: Mapping[str, Any]) -> AskProfile:
    asked = read(_PROFILE, wire)
    return AskProfile(
        actor=Actor(**asked["actor"]),
        shop_id=asked["shop_id"],
        customer_id=asked["customer_id"],
        limit=asked["limit"],
        after=cursors.moment(asked["cursor"]),
    )


def customers(wire: Mapping[str, Any]) -> AskCustomers:
    asked = read(_CUSTOMERS, wire)
    return AskCustomers(
        actor=Actor(**asked["actor"]),
        shop_id=asked["shop_id"],
        prefix=asked["q"] or "",
        limit=asked["limit"],
        after=cursors.tally(asked["cursor"]),
    )


def shop(wire: Mapping[str, Any]) -> AskShop:
    asked = read(_SHOP, wire)
    return AskShop(actor=Actor(**asked["actor"]), shop_id=asked["shop_id"])
