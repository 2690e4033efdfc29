"""The journal in PostgreSQL, on one open transaction."""

from __future__ import annotations

from sqlalchemy import Connection, text

from services.commission.adapters.books_sql import posting_row, to_json
from services.commission.domain.ledger import Posting

# Where the key is known nothing is `written`, so no entries are either; who comes at the same time waits.
_ADD = text("""
WITH posting AS (
    SELECT * FROM jsonb_to_recordset(CAST(:postings AS jsonb)) AS p (transaction_id text, natural_key text,
        event_type text, currency text, rate_plan int, occurred_at timestamptz, posted_at timestamptz,
        entries jsonb)
), written AS (
    INSERT INTO ledger_transaction
        (transaction_id, natural_key, event_type, currency, rate_plan, occurred_at, posted_at)
    SELECT transaction_id, natural_key, event_type, currency, rate_plan, occurred_at, posted_at
    FROM posting ON CONFLICT DO NOTHING RETURNING transaction_id
)
INSERT INTO ledger_entry (transaction_id, account, amount, currency, kind, store_order_id, promotion_link_id,
    rate_bp, base, note, reverses, posted_at)
SELECT p.transaction_id, e.account, e.amount, p.currency, e.kind, e.store_order_id, e.promotion_link_id,
    e.rate_bp, e.base, e.note, e.reverses, p.posted_at
FROM posting AS p JOIN written USING (transaction_id), jsonb_to_recordset(p.entries) AS e (account text,
    amount bigint, kind text, store_order_id text, promotion_link_id text, rate_bp int, base bigint,
    note text, reverses text)
RETURNING entry_id
""")


class SqlJournal:
    """Implements the Journal port."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, posting: Posting) -> bool:
        rows = self._connection.execute(_ADD, {"postings": to_json([posting_row(posting)])})
        return bool(rows.all())
