"""What may be asked of the ledger."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from services.gateway.contracts.fields import Id, Instant, count, text

_CURRENCY = validate.Regexp(r"^[A-Z]{3}$")


class _AsOf(Schema):
    at = Instant(
        load_default=None,
        metadata={"description": "As the books stood before this moment, which does not count any more."},
    )
    entry_id = count(
        1,
        2**63 - 1,
        load_default=None,
        metadata={"description": "As they stood after this entry; not together with at."},
    )


class TrialBalanceQuery(_AsOf):
    currency = fields.String(load_default=None, validate=_CURRENCY)
    expanded = fields.Boolean(
        load_default=False, metadata={"description": "Each shop's and courier's account for itself."}
    )


class AccountBalanceQuery(_AsOf):
    account = text(160, required=True)
    currency = fields.String(load_default="CNY", validate=_CURRENCY)


class ExplanationQuery(Schema):
    order_id = Id(load_default=None, metadata={"description": "An order, or else an entry."})
    entry_id = count(1, 2**63 - 1, load_default=None)


class ReverseTransaction(Schema):
    reason = text(300, least=3, required=True)
