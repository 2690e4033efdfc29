"""Loans as rows and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from services.dispatch.domain.loan import Loan, LoanStatus

_MOMENTS = ("until", "offered_at", "lent_at", "recalled_at", "returned_at")


def loan_row(loan: Loan) -> dict[str, Any]:
    """The row of ``loan`` as JSON."""
    row = asdict(loan) | {"status": loan.status.value}
    return row | {name: row[name] and row[name].isoformat() for name in _MOMENTS}


def loan_of(row: Mapping[Any, Any]) -> Loan:
    values = {name: row[name] for name in Loan.__dataclass_fields__}
    return Loan(**values | {"status": LoanStatus(row["status"])})


def loan_of_json(wire: Mapping[str, Any]) -> Loan:
    moments = {name: wire[name] and datetime.fromisoformat(wire[name]) for name in _MOMENTS}
    return loan_of(dict(wire) | moments)
