"""A statement as CSV, for a spreadsheet: the head, a row for each line, then what each order consisted of."""

from __future__ import annotations

import csv
import io
from datetime import datetime

from services.commission.domain.cycle import BUSINESS_ZONE
from services.commission.domain.statement import Document

LINE_COLUMNS = (
    "entry_id",
    "posted_at",
    "order_id",
    "store_order_id",
    "kind",
    "amount",
    "base",
    "rate_bp",
    "rate_plan",
    "formula",
    "note",
    "reverses",
)
ORDER_COLUMNS = (
    "store_order_id",
    "order_id",
    "paid_at",
    "goods",
    "shop_discount",
    "platform_discount",
    "paid",
    "refunded",
    "platform_discount_returned",
)


def statement_csv(document: Document, title: str | None = None) -> str:
    """Amounts are in the currency's main unit with two places, times in the business zone."""
    head = document.statement
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    for name, value in (
        ("statement_id", head.statement_id),
        ("payee", f"{head.payee.kind.value} {head.payee.payee_id}"),
        ("title", title or ""),
        ("number", head.number),
        ("cycle", head.cycle.value),
        ("since", _time(head.since)),
        ("until", _time(head.until)),
        ("issued_at", _time(head.issued_at)),
        ("currency", head.payee.currency),
        ("opening", _amount(head.opening)),
        *((f"sum:{kind}", _amount(amount)) for kind, amount in head.sums.items()),
        ("earned", _amount(head.earned)),
        ("paid_out", _amount(head.paid_out)),
        ("closing", _amount(head.closing)),
    ):
        writer.writerow([name, _plain(value)])
    writer.writerow([])
    writer.writerow(LINE_COLUMNS)
    for line in document.lines:
        movement = line.movement
        writer.writerow(
            [
                movement.entry_id,
                _time(movement.posted_at),
                movement.order_id,
                movement.store_order_id,
                movement.kind,
                _amount(line.amount),
                None if movement.base is None else _amount(movement.base),
                movement.rate_bp,
                movement.rate_plan,
                _plain(line.formula),
                _plain(movement.note),
                movement.reverses,
            ]
        )
    if document.orders:
        writer.writerow([])
        writer.writerow(ORDER_COLUMNS)
    for order in document.orders:
        writer.writerow(
            [
                order.store_order_id,
                order.order_id,
                _time(order.paid_at),
                *(
                    _amount(each)
                    for each in (
                        order.goods,
                        order.shop_discount,
                        order.platform_discount,
                        order.paid,
                        order.refunded,
                        order.discount_returned,
                    )
                ),
            ]
        )
    # What tells spreadsheets that this is UTF-8.
    return "\ufeff" + written.getvalue()


def _amount(amount: int) -> str:
    whole, part = divmod(abs(amount), 100)
    return f"{'-' if amount < 0 else ''}{whole}.{part:02d}"


def _time(moment: datetime) -> str:
    return moment.astimezone(BUSINESS_ZONE).isoformat(timespec="seconds")


def _plain(value: object) -> object:
    """Text that a spreadsheet does not take for a formula of its own."""
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t"} and not _is_number(value):
        return "'" + value
    return value


def _is_number(value: str) -> bool:
    return value.lstrip("-").replace(".", "", 1).isdecimal()
