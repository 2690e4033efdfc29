"""Commission's promises to others: its announcements as event data, and the schemas that data keeps to."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields

from services.commission.contracts import published_settling
from services.commission.contracts.message import Message, MoneyData, PayeeData, money
from services.commission.contracts.published_offers import OFFER_SCHEMAS
from services.commission.domain.announcements import (
    Announcement,
    CommissionReleased,
    CommissionReversed,
    SettlementPosted,
)
from services.commission.domain.promotion import Accrual
from shared.kernel.clock import to_wire


def to_message(announcement: Announcement) -> Message:
    if isinstance(announcement, SettlementPosted):
        return _settlement(announcement)
    accrual = announcement.accrual
    data: dict[str, Any] = {
        "accrual_id": accrual.accrual_id,
        "order_id": accrual.order_id,
        "store_order_id": accrual.store_order_id,
        "promotion_link_id": accrual.promotion_link_id,
        "promoter_shop_id": accrual.promoter_shop_id,
    }
    if accrual.level > 1:
        data["level"] = accrual.level
    if isinstance(announcement, CommissionReversed):
        data["refund_id"] = announcement.refund_id
        data["amount"] = money(announcement.amount, announcement.currency)
        data["remaining"] = money(accrual.amount, announcement.currency)
        data["reversed_at"] = to_wire(announcement.at)
        return _of_accrual("CommissionReversed", accrual, data)
    data["amount"] = money(accrual.amount, announcement.currency)
    if isinstance(announcement, CommissionReleased):
        data["released_at"] = to_wire(announcement.at)
        return _of_accrual("CommissionReleased", accrual, data)
    data["accrued_at"] = to_wire(announcement.at)
    return _of_accrual("CommissionAccrued", accrual, data)


def _of_accrual(type: str, accrual: Accrual, data: dict[str, Any]) -> Message:
    return Message(type=type, subject=accrual.accrual_id, partitionkey=accrual.order_id, data=data)


def _settlement(posted: SettlementPosted) -> Message:
    return Message(
        type="SettlementPosted",
        subject=posted.store_order_id or posted.order_id,
        partitionkey=posted.order_id,
        data={
            "settlement_id": posted.settlement_id,
            "transaction_id": posted.transaction_id,
            "order_id": posted.order_id,
            "store_order_id": posted.store_order_id,
            "kind": posted.kind,
            "payee": {"kind": posted.payee_kind, "id": posted.payee_id},
            "amount": money(posted.amount, posted.currency),
            "parts": [
                {"kind": kind, "amount": money(amount, posted.currency)} for kind, amount in posted.parts
            ],
            "correction": posted.correction,
            "rate_plan": posted.rate_plan,
            "posted_at": to_wire(posted.at),
        },
    )


class _AccrualData(Schema):
    accrual_id = fields.String(required=True)
    order_id = fields.String(required=True)
    store_order_id = fields.String(required=True)
    promotion_link_id = fields.String(required=True)
    promoter_shop_id = fields.String(required=True)
    amount = fields.Nested(MoneyData, required=True)
    # 2: the part of the shop that recruited the promoter, which `promoter_shop_id` then names.
    level = fields.Integer(strict=True)


class CommissionAccruedData(_AccrualData):
    """A promoter earned a commission: the part of the order was delivered. It is frozen until released."""

    accrued_at = fields.AwareDateTime(required=True, format="iso")


class CommissionReversedData(_AccrualData):
    """A refund took ``amount`` of a commission back; ``remaining`` is what is left of it."""

    refund_id = fields.String(required=True)
    remaining = fields.Nested(MoneyData, required=True)
    reversed_at = fields.AwareDateTime(required=True, format="iso")


class CommissionReleasedData(_AccrualData):
    """The after-sale window closed: the commission may be paid out."""

    released_at = fields.AwareDateTime(required=True, format="iso")


class _PartData(Schema):
    kind = fields.String(required=True)
    amount = fields.Nested(MoneyData, required=True)


class SettlementPostedData(Schema):
    """One posting of the ledger, as far as it is one payee's: ``parts`` add up to ``amount``."""

    settlement_id = fields.String(required=True)
    transaction_id = fields.String(required=True)
    order_id = fields.String(required=True)
    store_order_id = fields.String(required=True, allow_none=True)
    kind = fields.String(required=True)
    payee = fields.Nested(PayeeData, required=True)
    amount = fields.Nested(MoneyData, required=True)
    parts = fields.List(fields.Nested(_PartData), required=True)
    correction = fields.Boolean(required=True)
    rate_plan = fields.Integer(required=True, strict=True)
    posted_at = fields.AwareDateTime(required=True, format="iso")


# Every event of this service, by type; each has a sample beside this module.
SCHEMAS: dict[str, type[Schema]] = {
    **OFFER_SCHEMAS,
    "CommissionAccrued": CommissionAccruedData,
    "CommissionReversed": CommissionReversedData,
    "CommissionReleased": CommissionReleasedData,
    "SettlementPosted": SettlementPostedData,
    **published_settling.SCHEMAS,
}
