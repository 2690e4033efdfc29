"""What commission's events are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, fields, validate


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """What is handed to the outbox. All events of one order, or of one payee, share its partition key."""

    type: str
    subject: str
    partitionkey: str
    data: dict[str, Any]


def money(amount: int, currency: str) -> dict[str, Any]:
    return {"amount": amount, "currency": currency}


class MoneyData(Schema):
    amount = fields.Integer(required=True, strict=True)
    currency = fields.String(required=True, validate=validate.Regexp(r"^[A-Z]{3}$"))


class PayeeData(Schema):
    kind = fields.String(required=True)
    id = fields.String(required=True, allow_none=True)
