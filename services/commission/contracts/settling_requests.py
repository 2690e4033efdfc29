"""Untrusted input about statements, payouts and reconciliations, turned into commands or refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from services.commission.contracts.reading import ID as _ID
from services.commission.contracts.reading import Asked as _Asked
from services.commission.contracts.reading import InCurrency as _InCurrency
from services.commission.contracts.reading import Moment
from services.commission.contracts.reading import read as _read
from services.commission.contracts.requests import MOST, PAGE
from services.commission.domain.commands import Actor
from services.commission.domain.payee import Cycle, Payee, PayeeKind
from services.commission.domain.payout import PayoutStatus
from services.commission.domain.reconciliation import Source
from services.commission.domain.settling_commands import (
    AskPayouts,
    AskStatements,
    ChangePayee,
    PayeeAction,
    Reconcile,
)
from shared.kernel.clock import from_wire
from shared.kernel.errors import InvalidInput


class _Listed(_InCurrency):
    payee_kind = fields.Enum(PayeeKind, by_value=True, load_default=None, allow_none=True)
    payee_id = fields.String(load_default=None, allow_none=True, validate=_ID)
    cursor = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=200))
    limit = fields.Integer(strict=True, load_default=PAGE, validate=validate.Range(min=1, max=MOST))

    @validates_schema
    def _whole(self, data: dict[str, Any], **_: Any) -> None:
        if (data.get("payee_kind") is None) != (data.get("payee_id") is None):
            raise ValidationError("A payee is a kind and an id.", "payee_id")


class _Statements(_Listed):
    since = Moment(load_default=None, allow_none=True)


class _Payouts(_Listed):
    status = fields.Enum(PayoutStatus, by_value=True, load_default=None, allow_none=True)


class _OfStatement(_Asked):
    statement_id = fields.String(required=True, validate=_ID)
    # What people call the payee, for what is printed.
    title = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=200))
    names = fields.Dict(
        keys=fields.String(validate=_ID),
        values=fields.String(validate=validate.Length(max=200)),
        load_default=dict,
        validate=validate.Length(max=2000),
    )


class _OfPayee(_InCurrency):
    payee_kind = fields.Enum(PayeeKind, by_value=True, required=True)
    payee_id = fields.String(required=True, validate=_ID)


class _ChangePayee(_OfPayee):
    action = fields.Enum(PayeeAction, by_value=True, required=True)
    value = fields.String(load_default=None, allow_none=True, validate=validate.Length(min=1, max=100))
    reason = fields.String(required=True, validate=validate.Length(min=1, max=300))

    @validates_schema
    def _with_value(self, data: dict[str, Any], **_: Any) -> None:
        action, value = data.get("action"), data.get("value")
        if action is PayeeAction.BANK_ACCOUNT and value is None:
            raise ValidationError("A bank account has a reference.", "value")
        if action is PayeeAction.CYCLE and value is not None and value not in set(Cycle):
            raise ValidationError("Must be daily, weekly, or nothing for the platform's.", "value")


class _RequestPayout(_OfPayee):
    payout_id = fields.String(required=True, validate=_ID)


class _Reconcile(_Asked):
    reconciliation_id = fields.String(required=True, validate=_ID)
    source = fields.Enum(Source, by_value=True, required=True)
    file = fields.String(load_default="", validate=validate.Length(max=200))
    content = fields.String(required=True)
    method = fields.String(load_default=None, allow_none=True, validate=validate.Length(min=1, max=40))
    since = Moment(load_default=None, allow_none=True)
    until = Moment(load_default=None, allow_none=True)


class _OfReconciliation(_Asked):
    reconciliation_id = fields.String(required=True, validate=_ID)


class _Paged(_Asked):
    cursor = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=200))
    limit = fields.Integer(strict=True, load_default=PAGE, validate=validate.Range(min=1, max=MOST))


class _BankFile(_Asked):
    since = Moment(required=True)
    until = Moment(required=True)


_STATEMENTS, _PAYOUTS, _OF_STATEMENT, _OF_PAYEE = _Statements(), _Payouts(), _OfStatement(), _OfPayee()
_CHANGE, _REQUEST, _RECONCILE = _ChangePayee(), _RequestPayout(), _Reconcile()
_OF_RECONCILIATION, _PAGED, _BANK_FILE = _OfReconciliation(), _Paged(), _BankFile()


def statements(wire: Mapping[str, Any]) -> AskStatements:
    asked = _read(_STATEMENTS, wire)
    return AskStatements(
        actor=Actor(**asked["actor"]),
        payee=_payee(asked),
        since=asked["since"],
        after=_after(asked["cursor"]),
        limit=asked["limit"],
    )


def payouts(wire: Mapping[str, Any]) -> AskPayouts:
    asked = _read(_PAYOUTS, wire)
    return AskPayouts(
        actor=Actor(**asked["actor"]),
        payee=_payee(asked),
        status=asked["status"],
        after=_after(asked["cursor"]),
        limit=asked["limit"],
    )


def of_statement(wire: Mapping[str, Any]) -> tuple[Actor, str, str | None, dict[str, str]]:
    asked = _read(_OF_STATEMENT, wire)
    return Actor(**asked["actor"]), asked["statement_id"], asked["title"], asked["names"]


def of_payee(wire: Mapping[str, Any]) -> tuple[Actor, Payee]:
    asked = _read(_OF_PAYEE, wire)
    return Actor(**asked["actor"]), Payee(asked["payee_kind"], asked["payee_id"], asked["currency"])


def change_payee(wire: Mapping[str, Any]) -> ChangePayee:
    asked = _read(_CHANGE, wire)
    return ChangePayee(
        actor=Actor(**asked["actor"]),
        payee=Payee(asked["payee_kind"], asked["payee_id"], asked["currency"]),
        action=asked["action"],
        value=asked["value"],
        reason=asked["reason"],
    )


def request_payout(wire: Mapping[str, Any]) -> tuple[Actor, Payee, str]:
    asked = _read(_REQUEST, wire)
    payee = Payee(asked["payee_kind"], asked["payee_id"], asked["currency"])
    return Actor(**asked["actor"]), payee, asked["payout_id"]


def reconcile(wire: Mapping[str, Any]) -> Reconcile:
    asked = _read(_RECONCILE, wire)
    return Reconcile(actor=Actor(**asked.pop("actor")), **asked)


def of_reconciliation(wire: Mapping[str, Any]) -> tuple[Actor, str]:
    asked = _read(_OF_RECONCILIATION, wire)
    return Actor(**asked["actor"]), asked["reconciliation_id"]


def paged(wire: Mapping[str, Any]) -> tuple[Actor, tuple[datetime, str] | None, str | None, int]:
    """The actor, the cursor as a moment and an id, the cursor as it came, and how many are wanted."""
    asked = _read(_PAGED, wire)
    return Actor(**asked["actor"]), _after(asked["cursor"]), asked["cursor"], asked["limit"]


def payees(wire: Mapping[str, Any]) -> tuple[Actor, Payee | None, int]:
    asked = _read(_PAGED, wire)
    after = None
    if asked["cursor"] is not None:
        kind, _, rest = asked["cursor"].partition(":")
        payee_id, _, currency = rest.rpartition(":")
        if kind not in set(PayeeKind) or not payee_id:
            raise _no_cursor()
        after = Payee(PayeeKind(kind), payee_id, currency)
    return Actor(**asked["actor"]), after, asked["limit"]


def bank_file(wire: Mapping[str, Any]) -> tuple[Actor, datetime, datetime]:
    asked = _read(_BANK_FILE, wire)
    return Actor(**asked["actor"]), asked["since"], asked["until"]


def cursor(at: datetime, made_id: str) -> str:
    """Where a list, newest first, goes on."""
    return f"{at.isoformat()} {made_id}"


def _payee(asked: Mapping[str, Any]) -> Payee | None:
    if asked["payee_kind"] is None:
        return None
    return Payee(asked["payee_kind"], asked["payee_id"], asked["currency"])


def _after(given: str | None) -> tuple[datetime, str] | None:
    if given is None:
        return None
    moment, _, made_id = given.partition(" ")
    try:
        return from_wire(moment), made_id
    except InvalidInput as refusal:
        raise _no_cursor() from refusal


def _no_cursor() -> InvalidInput:
    message = "This cursor was not given out here."
    return InvalidInput(message, errors=[{"field": "cursor", "message": message}])
