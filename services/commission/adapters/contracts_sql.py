"""Subscriptions and placements of shops, and what is charged for them, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, text

from services.commission.application.charge_ports import Charged, ContractBook
from services.commission.domain.ledger import Kind, shop_payable
from services.commission.domain.shop_contract import Charge, ContractKind, ShopContract

PAGE = 500

_ADD = text("""
INSERT INTO shop_contract (contract_id, kind, shop_id, product, currency, fee, per_order, rate_plan,
    starts_on, ends_on, booked_by, booked_at)
VALUES (:contract_id, :kind, :shop_id, :product, :currency, :fee, :per_order, :rate_plan, :starts_on,
    :ends_on, :booked_by, :booked_at)
ON CONFLICT (contract_id) DO NOTHING
""")
_SET_NEXT = text("""
INSERT INTO shop_contract_due (contract_id, next_period, due_at) VALUES (:contract_id, :period, :due_at)
ON CONFLICT (contract_id) DO UPDATE SET next_period = excluded.next_period, due_at = excluded.due_at
""")
_BOOK = """
SELECT c.contract_id, c.kind, c.shop_id, c.product, c.currency, c.fee, c.per_order, c.rate_plan, c.starts_on,
    c.ends_on, c.booked_by, c.booked_at,
    (SELECT e.ends_before FROM shop_contract_end AS e WHERE e.contract_id = c.contract_id
     ORDER BY e.end_id DESC LIMIT 1) AS ends_before,
    (SELECT d.next_period FROM shop_contract_due AS d WHERE d.contract_id = c.contract_id) AS next_period,
    (SELECT COALESCE(jsonb_agg(jsonb_build_array(s.period, s.amount, s.formula, s.postings,
        s.last_transaction) ORDER BY s.period), '[]')
     FROM shop_charge AS s WHERE s.contract_id = c.contract_id) AS charges
FROM shop_contract AS c
"""
# What was waited for is read anew: a statement sees what was there when it began, not when it got the lock.
_LOCK = text("SELECT FROM shop_contract WHERE contract_id = :contract_id FOR UPDATE")
_ONE = text(_BOOK + "WHERE c.contract_id = :contract_id")
_OF_SHOP = text(
    _BOOK + "WHERE c.shop_id = :shop_id AND c.contract_id > :after ORDER BY c.contract_id LIMIT :limit"
)
_CHARGED = text(
    _BOOK + "WHERE c.contract_id > :after AND EXISTS (SELECT FROM shop_charge AS s"
    " WHERE s.contract_id = c.contract_id) ORDER BY c.contract_id LIMIT :page"
)
_END = text(
    "INSERT INTO shop_contract_end (contract_id, ends_before, reason, ended_by, ended_at)"
    " VALUES (:contract_id, :ends_before, :reason, :by, :at)"
)
_DUE = text(
    "SELECT contract_id FROM shop_contract_due WHERE due_at <= :now ORDER BY due_at, contract_id LIMIT :limit"
)
_KEEP_CHARGE = text("""
INSERT INTO shop_charge AS s (contract_id, period, amount, formula, postings, last_transaction)
VALUES (:contract_id, :period, :amount, :formula, 1, :transaction_id)
ON CONFLICT (contract_id, period) DO UPDATE SET amount = excluded.amount, formula = excluded.formula,
    postings = s.postings + 1, last_transaction = excluded.last_transaction
""")
# A settled store order has one entry that credits its goods and takes nothing back.
_DELIVERED = text(
    "SELECT count(DISTINCT store_order_id) FROM ledger_entry WHERE account = :account AND kind = :kind"
    " AND amount < 0 AND reverses IS NULL AND posted_at >= :since AND posted_at < :until"
)


class SqlContracts:
    """Implements the Contracts port."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, contract: ShopContract) -> None:
        added = self._connection.execute(
            _ADD,
            {
                "contract_id": contract.contract_id,
                "kind": contract.kind.value,
                "shop_id": contract.shop_id,
                "product": contract.product,
                "currency": contract.currency,
                "fee": contract.fee,
                "per_order": contract.per_order,
                "rate_plan": contract.rate_plan,
                "starts_on": contract.starts_on,
                "ends_on": contract.ends_on,
                "booked_by": contract.booked_by,
                "booked_at": contract.booked_at,
            },
        )
        if added.rowcount:
            first = contract.period_of(contract.starts_on)
            self.set_next(contract.contract_id, first, contract.due_at(first))

    def held(self, contract_id: str) -> ContractBook | None:
        self._connection.execute(_LOCK, {"contract_id": contract_id})
        row = self._connection.execute(_ONE, {"contract_id": contract_id}).one_or_none()
        return _book(row) if row else None

    def of_shop(self, shop_id: str, after: str | None, limit: int) -> list[ContractBook]:
        rows = self._connection.execute(_OF_SHOP, {"shop_id": shop_id, "after": after or "", "limit": limit})
        return [_book(row) for row in rows]

    def charged(self) -> Iterator[ContractBook]:
        """Every contract that something was charged for, one page after the other."""
        after = ""
        while rows := self._connection.execute(_CHARGED, {"after": after, "page": PAGE}).all():
            yield from map(_book, rows)
            after = rows[-1].contract_id

    def end(self, contract_id: str, ends_before: date, reason: str, by: str, at: datetime) -> None:
        self._connection.execute(
            _END,
            {"contract_id": contract_id, "ends_before": ends_before, "reason": reason, "by": by, "at": at},
        )

    def due(self, now: datetime, limit: int) -> list[str]:
        return list(self._connection.scalars(_DUE, {"now": now, "limit": limit}))

    def keep_charge(self, contract_id: str, period: date, charge: Charge, transaction_id: str) -> None:
        self._connection.execute(
            _KEEP_CHARGE,
            {
                "contract_id": contract_id,
                "period": period,
                "amount": charge.amount,
                "formula": charge.formula,
                "transaction_id": transaction_id,
            },
        )

    def set_next(self, contract_id: str, period: date | None, due_at: datetime | None) -> None:
        self._connection.execute(_SET_NEXT, {"contract_id": contract_id, "period": period, "due_at": due_at})

    def delivered(self, shop_id: str, since: datetime, until: datetime) -> int:
        found = self._connection.scalar(
            _DELIVERED,
            {"account": shop_payable(shop_id), "kind": Kind.SALE.value, "since": since, "until": until},
        )
        return int(found or 0)


def _book(row: Any) -> ContractBook:
    return ContractBook(
        contract=ShopContract(
            contract_id=row.contract_id,
            kind=ContractKind(row.kind),
            shop_id=row.shop_id,
            product=row.product,
            currency=row.currency,
            fee=row.fee,
            per_order=row.per_order,
            rate_plan=row.rate_plan,
            starts_on=row.starts_on,
            ends_on=row.ends_on,
            booked_by=row.booked_by,
            booked_at=row.booked_at,
        ),
        ends_before=row.ends_before,
        next_period=row.next_period,
        charges={
            date.fromisoformat(period): Charged(
                charge=Charge(amount=amount, formula=formula),
                postings=postings,
                last_transaction=last_transaction,
            )
            for period, amount, formula, postings, last_transaction in row.charges
        },
    )
