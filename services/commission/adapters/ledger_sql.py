"""The read side: balances, entries and what an audit compares, straight from PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from services.commission.adapters import balances_sql
from services.commission.adapters.books_sql import accrual_of
from services.commission.adapters.facts_json import facts_from_row
from services.commission.adapters.plan_json import plan_from_json
from services.commission.adapters.promises_sql import promises
from services.commission.application.ports import AuditedOrder, EntryRow, Promise
from services.commission.domain.promotion import Accrual
from services.commission.domain.rates import RatePlan
from services.commission.domain.totals import NOW, AsOf

AUDIT_PAGE = 500
# No transaction comes near so many entries.
MOST_OF_ONE = 100_000

_RECOUNTED = text(
    "SELECT account, currency, sum(amount) AS amount FROM ledger_entry"
    " GROUP BY account, currency ORDER BY account, currency"
)
_ENTRIES = """
SELECT e.entry_id, e.transaction_id, t.event_type, t.occurred_at, e.posted_at, e.account, e.amount,
    e.currency, e.kind, e.order_id, e.store_order_id, e.promotion_link_id, t.rate_plan, e.rate_bp, e.base,
    e.note, e.reverses
FROM ledger_entry AS e JOIN ledger_transaction AS t USING (transaction_id)
WHERE e.entry_id > :after{conditions} ORDER BY {order} LIMIT :limit
"""
# Of an order or a period there are few entries: PostgreSQL shall find and sort them, and not go through the
# whole ledger in the order of its entries until it has met enough of them.
_SORTED, _AS_WRITTEN = "e.entry_id + 0", "e.entry_id"
# No index leads from a transaction to its entries but by its order, or by its having none.
_ENTRIES_OF = {
    True: text(
        _ENTRIES.format(conditions=" AND e.order_id = :order_id AND e.transaction_id = :id", order=_SORTED)
    ),
    False: text(
        _ENTRIES.format(conditions=" AND e.order_id IS NULL AND e.transaction_id = :id", order=_SORTED)
    ),
}
_CONDITIONS = {
    "up_to": "e.entry_id <= :up_to",
    "accounts": "e.account = ANY(:accounts)",
    "order_id": "e.order_id = :order_id",
    "currency": "e.currency = :currency",
    "since": "e.posted_at >= :since",
    "until": "e.posted_at < :until",
}
_JOURNAL = text(
    "SELECT account, currency, sum(amount) AS amount FROM ledger_entry WHERE order_id IS NULL"
    " GROUP BY account, currency ORDER BY account, currency"
)
_UNBALANCED = text(
    "SELECT transaction_id, currency, sum(amount) AS amount FROM ledger_entry"
    " GROUP BY transaction_id, currency HAVING sum(amount) <> 0 LIMIT :limit"
)
_ORPHANS = text(
    "SELECT DISTINCT t.order_id FROM ledger_transaction AS t"
    " WHERE t.order_id IS NOT NULL"
    " AND NOT EXISTS (SELECT FROM order_book AS b WHERE b.order_id = t.order_id AND b.paid IS NOT NULL)"
    " LIMIT :limit"
)
_PLANS = text("SELECT version, plan_id, currency, effective_from, terms FROM rate_plan")
# Facts and sums of a page are read by one statement, so that a posting between two reads is no mismatch.
_AUDITED = """
SELECT b.*, (
    SELECT COALESCE(jsonb_object_agg(s.account, s.amount), '{{}}')
    FROM (SELECT account, sum(amount) AS amount FROM ledger_entry AS e
          WHERE e.order_id = b.order_id GROUP BY account) AS s
) AS ledger
FROM order_book AS b WHERE {which} ORDER BY b.order_id LIMIT :limit
"""
_ALL_AUDITED = text(_AUDITED.format(which="b.order_id > :after"))
_ONE_AUDITED = text(_AUDITED.format(which="b.order_id = :order_id"))
_PROMISED = text(
    "SELECT accrual_id, order_id, store_order_id, promotion_link_id, promoter_shop_id, status, full_amount,"
    " amount, rate_bp, reason, level, attributed_by, offer_id, units, currency, changed_at"
    " FROM accrual WHERE promoter_shop_id = :shop_id"
    " ORDER BY changed_at DESC, accrual_id LIMIT :limit"
)


class SqlLedger:
    """Implements the Ledger port."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def balances(self, prefix: str = "", as_of: AsOf = NOW) -> list[tuple[str, str, int]]:
        return balances_sql.by_account(self._connection, prefix, as_of)

    def recounted(self) -> list[tuple[str, str, int]]:
        rows = self._connection.execute(_RECOUNTED)
        return [(row.account, row.currency, int(row.amount)) for row in rows]

    def sums(
        self,
        accounts: list[str],
        currency: str,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> dict[tuple[str, str], int]:
        found = balances_sql.by_kind(self._connection, accounts, currency, AsOf(before=until))
        if since is None:
            return {key: amount for key, (amount, _) in found.items()}
        earlier = balances_sql.by_kind(self._connection, accounts, currency, AsOf(before=since))
        sums = {}
        for key, (amount, entries) in found.items():
            amount_before, entries_before = earlier.get(key, (0, 0))
            if entries > entries_before:
                sums[key] = amount - amount_before
        return sums

    def sums_as_of(self, accounts: list[str], currency: str, as_of: AsOf) -> dict[tuple[str, str], int]:
        found = balances_sql.by_kind(self._connection, accounts, currency, as_of)
        return {key: amount for key, (amount, _) in found.items()}

    def entries(
        self,
        *,
        accounts: list[str] | None = None,
        order_id: str | None = None,
        currency: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        after: int = 0,
        up_to: int | None = None,
        limit: int,
    ) -> list[EntryRow]:
        given: dict[str, Any] = {
            "up_to": up_to,
            "accounts": accounts,
            "order_id": order_id,
            "currency": currency,
            "since": since,
            "until": until,
        }
        chosen = {name: value for name, value in given.items() if value is not None}
        order = _SORTED if {"order_id", "since", "until"} & chosen.keys() else _AS_WRITTEN
        conditions = "".join(f" AND {_CONDITIONS[name]}" for name in chosen)
        rows = self._connection.execute(
            text(_ENTRIES.format(conditions=conditions, order=order)),
            {**chosen, "after": after, "limit": limit},
        )
        return [EntryRow(**row._mapping) for row in rows]

    def entries_of(self, transaction_id: str, order_id: str | None) -> list[EntryRow]:
        rows = self._connection.execute(
            _ENTRIES_OF[order_id is not None],
            {"id": transaction_id, "order_id": order_id, "after": 0, "limit": MOST_OF_ONE},
        )
        return [EntryRow(**row._mapping) for row in rows]

    def journal(self) -> list[tuple[str, str, int]]:
        return [(row.account, row.currency, int(row.amount)) for row in self._connection.execute(_JOURNAL)]

    def promises(self) -> Iterator[Promise]:
        return promises(self._connection)

    def unbalanced(self, limit: int) -> list[tuple[str, str, int]]:
        rows = self._connection.execute(_UNBALANCED, {"limit": limit})
        return [(row.transaction_id, row.currency, int(row.amount)) for row in rows]

    def orphans(self, limit: int) -> list[str]:
        return list(self._connection.scalars(_ORPHANS, {"limit": limit}))

    def audited(self, order_id: str | None = None) -> Iterator[AuditedOrder]:
        plans: dict[int, RatePlan] = {
            row.version: plan_from_json(row.plan_id, row.currency, row.effective_from, row.terms)
            for row in self._connection.execute(_PLANS)
        }
        if order_id is not None:
            for row in self._connection.execute(_ONE_AUDITED, {"order_id": order_id, "limit": 1}):
                yield _audited(row, plans)
            return
        after = ""
        while rows := self._connection.execute(_ALL_AUDITED, {"after": after, "limit": AUDIT_PAGE}).all():
            for row in rows:
                yield _audited(row, plans)
            after = rows[-1].order_id

    def promised(self, shop_id: str, limit: int) -> list[tuple[Accrual, str, datetime]]:
        rows = self._connection.execute(_PROMISED, {"shop_id": shop_id, "limit": limit})
        return [(accrual_of(row), row.currency, row.changed_at) for row in rows]


def _audited(row: Any, plans: Mapping[int, RatePlan]) -> AuditedOrder:
    return AuditedOrder(
        facts=facts_from_row(row),
        plan=plans.get(row.rate_plan),
        ledger={account: int(amount) for account, amount in row.ledger.items() if amount},
    )
