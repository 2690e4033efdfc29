"""What is asked about paying and paying back."""

from __future__ import annotations

from marshmallow import Schema, fields

from services.gateway.contracts.fields import count, one_of
from services.gateway.contracts.payment_shapes import REFUND_STATES


class RefundsQuery(Schema):
    state = one_of(*REFUND_STATES)
    limit = count(1, 200, load_default=50)


class StatementDayQuery(Schema):
    day = fields.Date(required=True, metadata={"description": "A day of UTC, such as 2026-01-05."})
