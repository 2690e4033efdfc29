"""What ordering tells others of after-sale cases: codes and numbers, never what somebody wrote."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from marshmallow import Schema, fields, validate

from services.ordering.contracts.event_schemas import _id, _optional_id, _time
from services.ordering.contracts.message import Message
from services.ordering.domain import case_events
from services.ordering.domain.bearing import BEARERS
from services.ordering.domain.case import GOING_ON, REASONS, CaseStatus, Party
from shared.kernel.clock import to_wire

_DECIDED_BY = fields.String(required=True, validate=validate.OneOf([str(party) for party in Party]))


class CaseLineSchema(Schema):
    line_id = _id()
    listing_id = _id()
    quantity = fields.Integer(required=True, strict=True, validate=validate.Range(min=1))


class _CaseSchema(Schema):
    case_id = _id()
    order_id = _id()
    store_order_id = _id()
    shop_id = _id()
    customer_id = _id()


def _due() -> fields.AwareDateTime:
    return fields.AwareDateTime(required=True, allow_none=True, format="iso")


class AfterSaleCaseOpenedSchema(_CaseSchema):
    """A customer says that something is wrong with goods that arrived; the shop is to answer."""

    opened_at = _time()
    due_at = _due()
    reason = fields.String(required=True, validate=validate.OneOf(REASONS))
    lines = fields.List(fields.Nested(CaseLineSchema), required=True, validate=validate.Length(min=1))


class AfterSaleCaseChangedSchema(_CaseSchema):
    """A case goes on and waits for somebody else; the order is not completed meanwhile."""

    changed_at = _time()
    status = fields.String(
        required=True, validate=validate.OneOf([str(s) for s in CaseStatus if s in GOING_ON])
    )
    decided_by = _DECIDED_BY
    due_at = _due()


class AfterSaleCaseClosedSchema(_CaseSchema):
    """A case is over; a RefundIssued paid back what it was about where `refund_id` says so."""

    closed_at = _time()
    status = fields.String(
        required=True, validate=validate.OneOf([str(s) for s in CaseStatus if s not in GOING_ON])
    )
    decided_by = _DECIDED_BY
    refund_id = _optional_id()
    borne_by = fields.String(required=True, allow_none=True, validate=validate.OneOf(BEARERS))


CASE_SCHEMAS: Mapping[str, type[Schema]] = {
    "AfterSaleCaseOpened": AfterSaleCaseOpenedSchema,
    "AfterSaleCaseChanged": AfterSaleCaseChangedSchema,
    "AfterSaleCaseClosed": AfterSaleCaseClosedSchema,
}


def to_message(event: case_events.Event) -> Message:
    """A case is in its order's partition, so that a refund and the case that led to it stay in order."""
    data: dict[str, Any] = {
        name: to_wire(value) if isinstance(value, datetime) else value for name, value in vars(event).items()
    }
    if isinstance(event, case_events.AfterSaleCaseOpened):
        data["lines"] = [
            {"line_id": claim.line_id, "listing_id": claim.listing_id, "quantity": claim.quantity}
            for claim in event.lines
        ]
    else:
        data["decided_by"] = str(event.decided_by)
    return Message(type=type(event).__name__, subject=event.case_id, partitionkey=event.order_id, data=data)
