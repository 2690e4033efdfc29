"""What may be asked of the books as a whole: balances now and then, explanations, a reversal by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from services.commission.contracts.reading import Asked, InCurrency, Moment, read
from services.commission.domain.commands import (
    Actor,
    AskAccountBalance,
    AskExplanation,
    AskTrialBalance,
    ReverseTransaction,
)
from services.commission.domain.totals import AsOf

_NAME = validate.Length(min=1, max=200)


def _entry_id() -> fields.Integer:
    return fields.Integer(
        strict=True, load_default=None, allow_none=True, validate=validate.Range(min=1, max=2**63 - 1)
    )


class _AsOf(Schema):
    """``at`` is the first moment that no longer counts, ``entry_id`` the last entry that does."""

    at = Moment(load_default=None, allow_none=True)
    entry_id = _entry_id()

    @validates_schema
    def _one_of_them(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("at") is not None and data.get("entry_id") is not None:
            raise ValidationError("Give at or entry_id, not both.", "entry_id")


class _TrialBalance(_AsOf, Asked):
    currency = fields.String(load_default=None, allow_none=True, validate=validate.Regexp("^[A-Z]{3}$"))
    expanded = fields.Boolean(load_default=False)


class _AccountBalance(_AsOf, InCurrency):
    account = fields.String(required=True, validate=_NAME)


class _Explanation(Asked):
    order_id = fields.String(load_default=None, allow_none=True, validate=_NAME)
    entry_id = _entry_id()

    @validates_schema
    def _one_of_them(self, data: dict[str, Any], **_: Any) -> None:
        if (data.get("order_id") is None) == (data.get("entry_id") is None):
            raise ValidationError("Name an order or an entry.", "order_id")


class _Reverse(Asked):
    transaction_id = fields.String(required=True, validate=_NAME)
    reason = fields.String(required=True, validate=validate.Length(min=3, max=300))


_TRIAL_BALANCE, _ACCOUNT_BALANCE = _TrialBalance(), _AccountBalance()
_EXPLANATION, _REVERSE = _Explanation(), _Reverse()


def trial_balance(wire: Mapping[str, Any]) -> AskTrialBalance:
    asked = read(_TRIAL_BALANCE, wire)
    return AskTrialBalance(
        actor=Actor(**asked["actor"]),
        as_of=_as_of(asked),
        currency=asked["currency"],
        expanded=asked["expanded"],
    )


def account_balance(wire: Mapping[str, Any]) -> AskAccountBalance:
    asked = read(_ACCOUNT_BALANCE, wire)
    return AskAccountBalance(
        actor=Actor(**asked["actor"]),
        account=asked["account"],
        currency=asked["currency"],
        as_of=_as_of(asked),
    )


def explanation(wire: Mapping[str, Any]) -> AskExplanation:
    asked = read(_EXPLANATION, wire)
    return AskExplanation(actor=Actor(**asked.pop("actor")), **asked)


def reverse(wire: Mapping[str, Any]) -> ReverseTransaction:
    asked = read(_REVERSE, wire)
    return ReverseTransaction(actor=Actor(**asked.pop("actor")), **asked)


def _as_of(asked: Mapping[str, Any]) -> AsOf:
    return AsOf(before=asked["at"], entry=asked["entry_id"])
