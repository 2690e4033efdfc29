"""What may be asked about settlements, payouts and reconciliations."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from services.gateway.contracts.fields import Id, Instant, one_of, text
from services.gateway.contracts.forms import Page

_STATES = ("created", "sent", "confirmed", "failed", "retried", "returned", "withdrawn")


def _currency() -> fields.String:
    return fields.String(load_default="CNY", validate=validate.Regexp("^[A-Z]{3}$"))


class OwnSettlements(Page):
    since = Instant(load_default=None)
    currency = _currency()


class SettlementsOfShop(OwnSettlements):
    payee_kind = one_of(
        "shop",
        "promoter",
        load_default="shop",
        metadata={"description": "For what the shop sold, or for what it promoted."},
    )


class Settlements(OwnSettlements):
    payee_kind = one_of("shop", "courier", "promoter", load_default=None)
    payee_id = Id(load_default=None)


class OwnPayouts(Page):
    status = one_of(*_STATES, load_default=None)
    currency = _currency()


class PayoutsOfShop(OwnPayouts):
    payee_kind = one_of("shop", "promoter", load_default="shop")


class Payouts(OwnPayouts):
    payee_kind = one_of("shop", "courier", "promoter", load_default=None)
    payee_id = Id(load_default=None)


class RequestPayout(Schema):
    payee_kind = one_of("shop", "promoter", load_default="shop")
    currency = _currency()


class PayeeQuery(Schema):
    currency = _currency()


class ChangePayee(Schema):
    """Hold payouts or release them, say where they go, or how often is settled."""

    action = one_of("hold", "release", "bank_account", "cycle", required=True)
    value = text(
        100,
        load_default=None,
        allow_none=True,
        metadata={"description": "The bank's reference to an account; or daily, weekly, null: as usual."},
    )
    reason = text(300, required=True)
    currency = _currency()

    @validates_schema
    def _with_value(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("action") == "bank_account" and not data.get("value"):
            raise ValidationError("A bank account has a reference.", "value")


class ReconcileQuery(Schema):
    source = one_of("payments", "bank", required=True)
    method = text(
        40,
        load_default=None,
        metadata={"description": "Which payment provider's file it is, if there are several."},
    )
    file = text(200, least=0, load_default="")
    since = Instant(load_default=None)
    until = Instant(load_default=None)


class BankFileQuery(Schema):
    since = Instant(required=True)
    until = Instant(required=True)
