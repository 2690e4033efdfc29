"""An event as it is handed to the outbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from marshmallow import Schema, fields, validate


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """All events of one order share its partition key."""

    type: str
    subject: str
    partitionkey: str
    data: dict[str, Any]


class MoneyData(Schema):
    amount = fields.Integer(required=True, strict=True)
    currency = fields.String(required=True, validate=validate.Regexp(r"^[A-Z]{3}$"))
