"""What the schemas of requests are made of."""

from __future__ import annotations

from typing import Any

from marshmallow import RAISE, Schema, fields, validate

from services.dispatch.contracts import plain

_AN_ID = validate.Regexp(plain.ID, error="Expected an id.")


def an_id(**options: Any) -> fields.String:
    return fields.String(**({"required": True} | options), validate=_AN_ID)


def text(longest: int, **options: Any) -> fields.String:
    checks = validate.And(validate.Length(max=longest), validate.ContainsNoneOf("\x00"))
    return fields.String(**options, validate=checks)


def reason() -> fields.String:
    checks = validate.And(validate.Length(min=1, max=200), validate.ContainsNoneOf("\x00"))
    return fields.String(required=True, validate=checks)


def number(least: float, most: float, **options: Any) -> fields.Float:
    return fields.Float(**options, validate=validate.Range(min=least, max=most))


class Strict(Schema):
    class Meta:
        unknown = RAISE


def units(least: int = 0) -> fields.Integer:
    return fields.Integer(strict=True, validate=validate.Range(least, 1_000_000))
