"""What is answered about the ledger."""

from __future__ import annotations

from marshmallow import Schema, fields

from services.gateway.contracts.fields import Instant, Money
from services.gateway.contracts.shapes import several


class ChartAccount(Schema):
    code = fields.String(metadata={"description": "The account; with `*`, one for each owner."})
    name = fields.String()
    type = fields.String(metadata={"description": "asset, liability, revenue or expense"})
    normal_side = fields.String(metadata={"description": "debit or credit"})
    owner = fields.String()
    means = fields.String()


class TrialBalanceLine(Schema):
    code = fields.String()
    name = fields.String()
    type = fields.String()
    accounts = fields.Integer()
    debit = fields.Nested(Money)
    credit = fields.Nested(Money)


class TrialBalanceOfCurrency(Schema):
    currency = fields.String()
    debit = fields.Nested(Money)
    credit = fields.Nested(Money)
    adds_up = fields.Boolean()
    lines = fields.List(fields.Nested(TrialBalanceLine))


class _AsOf(Schema):
    at = Instant(allow_none=True)
    entry_id = fields.Integer(allow_none=True)


class TrialBalance(_AsOf):
    adds_up = fields.Boolean()
    currencies = fields.List(fields.Nested(TrialBalanceOfCurrency))


class BalanceOfAccount(_AsOf):
    account = fields.String()
    currency = fields.String()
    balance = fields.Nested(Money, metadata={"description": "Debits less credits."})
    side = fields.String(metadata={"description": "Where the account normally stands."})
    natural = fields.Nested(Money, metadata={"description": "The balance, positive on that side."})
    by_kind = fields.Dict(values=fields.Nested(Money))


class ExplanationCheck(Schema):
    what = fields.String()
    expected = fields.Nested(Money)
    found = fields.Nested(Money)
    holds = fields.Boolean()


class Explanation(Schema):
    of = fields.String(metadata={"description": "order or entry"})
    subject = fields.String()
    title = fields.String()
    currency = fields.String()
    adds_up = fields.Boolean()
    checks = fields.List(fields.Nested(ExplanationCheck))
    branches = fields.List(
        fields.Dict(),
        metadata={
            "description": "A tree: each branch has `what`, `amount` (Money or null), `why`, `account`,"
            " `entry_id` and `branches` of its own."
        },
    )


class LedgerHead(Schema):
    position = fields.Integer(metadata={"description": "How many transactions are sealed."})
    hash = fields.String(metadata={"description": "SHA-256 over the seal before and the newest transaction."})
    unsealed = fields.Integer(metadata={"description": "Transactions that wait to be sealed."})


class Reversal(Schema):
    transaction_id = fields.String()
    reverses = fields.String()
    reason = fields.String()


ChartPage = several(ChartAccount, "ChartPage")
