"""Commission's promises about statements and payouts: ids, codes and amounts, never who somebody is."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from services.commission.contracts.message import Message, MoneyData, PayeeData, money
from services.commission.domain.payee import Cycle, Payee, PayeeKind
from services.commission.domain.payout import Payout, PayoutStatus
from services.commission.domain.settling_news import SettlingNews, StatementIssued
from services.commission.domain.statement import Statement
from shared.kernel.clock import to_wire

_TYPES = {
    PayoutStatus.CONFIRMED: ("PayoutConfirmed", "confirmed_at"),
    PayoutStatus.FAILED: ("PayoutFailed", "failed_at"),
    PayoutStatus.RETURNED: ("PayoutReturned", "returned_at"),
}


def to_message(news: SettlingNews) -> Message:
    """What is handed to the outbox; all news of one payee share a partition key."""
    if isinstance(news, StatementIssued):
        return _statement(news.statement)
    return _payout(news.payout)


def _statement(issued: Statement) -> Message:
    payee = issued.payee
    return Message(
        type="StatementIssued",
        subject=issued.statement_id,
        partitionkey=payee.payee_id,
        data={
            "statement_id": issued.statement_id,
            "payee": _payee(payee),
            "number": issued.number,
            "cycle": issued.cycle.value,
            "starts_at": to_wire(issued.since),
            "ends_at": to_wire(issued.until),
            "opening": money(issued.opening, payee.currency),
            "earned": money(issued.earned, payee.currency),
            "paid_out": money(issued.paid_out, payee.currency),
            "closing": money(issued.closing, payee.currency),
            "issued_at": to_wire(issued.issued_at),
        },
    )


def _payout(payout: Payout) -> Message:
    type, moment = _TYPES[payout.status]
    currency = payout.payee.currency
    return Message(
        type=type,
        subject=payout.payout_id,
        partitionkey=payout.payee.payee_id,
        data={
            "payout_id": payout.payout_id,
            "payee": _payee(payout.payee),
            "amount": money(payout.amount, currency),
            "fee": money(payout.fee, currency),
            moment: to_wire(payout.changed_at),
        },
    )


def _payee(payee: Payee) -> dict[str, Any]:
    return {"kind": payee.kind.value, "id": payee.payee_id}


class _OwedPayeeData(PayeeData):
    kind = fields.String(required=True, validate=validate.OneOf([kind.value for kind in PayeeKind]))
    id = fields.String(required=True)


class StatementIssuedData(Schema):
    """A payee's cycle closed: ``opening + earned - paid_out = closing``; a negative closing is owed to the
    platform and filled by what is earned later."""

    statement_id = fields.String(required=True)
    payee = fields.Nested(_OwedPayeeData, required=True)
    number = fields.Integer(required=True, strict=True)
    cycle = fields.String(required=True, validate=validate.OneOf([cycle.value for cycle in Cycle]))
    starts_at = fields.AwareDateTime(required=True, format="iso")
    ends_at = fields.AwareDateTime(required=True, format="iso")
    opening = fields.Nested(MoneyData, required=True)
    earned = fields.Nested(MoneyData, required=True)
    paid_out = fields.Nested(MoneyData, required=True)
    closing = fields.Nested(MoneyData, required=True)
    issued_at = fields.AwareDateTime(required=True, format="iso")


class _PayoutData(Schema):
    payout_id = fields.String(required=True)
    payee = fields.Nested(_OwedPayeeData, required=True)
    amount = fields.Nested(MoneyData, required=True)
    fee = fields.Nested(MoneyData, required=True)


class PayoutConfirmedData(_PayoutData):
    """``amount`` arrived at the payee's bank account; ``fee`` was taken off their balance besides."""

    confirmed_at = fields.AwareDateTime(required=True, format="iso")


class PayoutFailedData(_PayoutData):
    """The bank refused a payout: nothing was paid, and it is tried again."""

    failed_at = fields.AwareDateTime(required=True, format="iso")


class PayoutReturnedData(_PayoutData):
    """The bank brought the money of a confirmed payout back: amount and fee are payable again."""

    returned_at = fields.AwareDateTime(required=True, format="iso")


SCHEMAS: dict[str, type[Schema]] = {
    "StatementIssued": StatementIssuedData,
    "PayoutConfirmed": PayoutConfirmedData,
    "PayoutFailed": PayoutFailedData,
    "PayoutReturned": PayoutReturnedData,
}
