"""Statements say in words what every kind of line is, and which rate plan made it (rule 25)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.commission.adapters.statement_pdf import KINDS
from services.commission.domain.ledger import Kind
from services.commission.domain.payee import Payee, PayeeKind
from services.commission.domain.statement import CASH_NETTING, PAYOUT, PAYOUT_FEE, Movement, formula

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
COURIER = Payee(kind=PayeeKind.COURIER, payee_id="courier-1", currency="CNY")
# What moves between the customer and the platform, and touches no account of a payee.
_OF_NO_PAYEE = {Kind.PAYMENT, Kind.REFUND, Kind.DELIVERY_FEE, Kind.GOODWILL, Kind.COURIER_FAULT}
PAID = Movement(
    entry_id=1,
    transaction_id="transaction-1",
    event_type="CourierOffShift",
    occurred_at=NOON,
    posted_at=NOON,
    account="payable:courier:courier-1",
    kind=Kind.COURIER_GUARANTEE,
    amount=-500,
    rate_plan=3,
)


def test_a_printed_statement_has_words_in_both_languages_for_every_kind_of_line() -> None:
    assert set(KINDS) == {*Kind, PAYOUT, PAYOUT_FEE, CASH_NETTING} - _OF_NO_PAYEE
    assert all(not words.isascii() and words[-1].isascii() for words in KINDS.values())


@pytest.mark.parametrize(
    "kind", [Kind.COURIER_PAY, Kind.COURIER_GUARANTEE, Kind.SUBSCRIPTION, Kind.ADVERTISING]
)
def test_what_a_rate_plan_made_without_a_rate_names_the_plan(kind: Kind) -> None:
    assert formula(replace(PAID, kind=kind), COURIER).endswith(" (rate plan 3)")


def test_what_no_plan_made_names_none() -> None:
    assert formula(replace(PAID, kind=Kind.TIP), COURIER) == "Tip of the customer"
