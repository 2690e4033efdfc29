"""What orders took, and the counters that move with it, in PostgreSQL.

Rows that several orders share (``customer_uses``, then ``campaigns``) are locked in the order of their
campaign ids, so that two orders never wait for each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, TextClause, text

from services.campaigns.application.ports import Taking
from services.campaigns.domain.commands import Redeem, RefundFact
from services.campaigns.domain.redemption import Correction, OrderRedemption, Taken
from shared.kernel.money import Money

_OPEN = text(
    "INSERT INTO orders (order_id, customer_id, expires_at) VALUES (:order_id, :customer_id, :expires_at)"
    " ON CONFLICT (order_id) DO NOTHING RETURNING order_id"
)
_TAKE = text("""
INSERT INTO taken (order_id, campaign_id, amount, currency, counted, uses)
SELECT :order_id, given.campaign_id, given.amount, given.currency, given.amount, 1
FROM unnest(CAST(:campaign_ids AS text[]), CAST(:amounts AS bigint[]), CAST(:currencies AS text[]))
     AS given(campaign_id, amount, currency)
""")
# The limit is read once per statement and never changes, so the row's own lock decides who is last.
_COUNT_CUSTOMER = text("""
INSERT INTO customer_uses AS u (campaign_id, customer_id, uses)
SELECT campaign_id, :customer_id, 1 FROM campaigns
WHERE campaign_id = ANY(CAST(:campaign_ids AS text[])) ORDER BY campaign_id
ON CONFLICT (campaign_id, customer_id) DO UPDATE SET uses = u.uses + 1
WHERE u.uses < coalesce((SELECT per_customer_limit FROM campaigns c WHERE c.campaign_id = u.campaign_id),
                        2147483647)
RETURNING campaign_id
""")
_COUNT_CAMPAIGN = text("""
WITH given AS (
    SELECT *
    FROM unnest(CAST(:campaign_ids AS text[]), CAST(:amounts AS bigint[]), CAST(:currencies AS text[]))
         AS given(campaign_id, amount, currency)
), locked AS (
    SELECT campaign_id FROM campaigns WHERE campaign_id = ANY(CAST(:campaign_ids AS text[]))
    ORDER BY campaign_id FOR UPDATE
)
UPDATE campaigns AS c SET spent = c.spent + given.amount, uses = c.uses + 1
FROM given JOIN locked USING (campaign_id)
WHERE c.campaign_id = given.campaign_id
  AND given.campaign_id = ANY(CAST(:counted AS text[]))
  AND c.currency = given.currency AND given.amount <= c.off
  AND c.ended_at IS NULL AND c.starts_at <= :now AND c.ends_at > :now
  AND c.spent + given.amount <= c.budget
  AND (c.total_limit IS NULL OR c.uses < c.total_limit)
RETURNING c.campaign_id
""")
_FACTS = """
SELECT o.order_id, o.customer_id, o.paid_at, o.closed_at, o.lapsed_at,
       t.campaign_id, t.amount, t.currency, t.counted, t.uses, t.told_redeemed, t.told_returned,
       coalesce((SELECT sum(r.amount) FROM refunds r
                 WHERE r.order_id = t.order_id AND r.campaign_id = t.campaign_id), 0)::bigint AS returned
FROM held AS o LEFT JOIN taken AS t ON t.order_id = o.order_id
ORDER BY t.campaign_id
"""
_LOAD = text(f"WITH held AS (SELECT * FROM orders WHERE order_id = :order_id FOR UPDATE) {_FACTS}")
_PAID = text(f"""
WITH held AS (
    UPDATE orders SET paid_at = least(paid_at, :at) WHERE order_id = :order_id RETURNING *
) {_FACTS}""")
_CLOSED = text("""
INSERT INTO orders AS o (order_id, closed_at, closed_because) VALUES (:order_id, :at, :reason)
ON CONFLICT (order_id) DO UPDATE SET closed_at = excluded.closed_at, closed_because = excluded.closed_because
WHERE o.closed_at IS NULL OR (o.closed_at, o.closed_because) > (excluded.closed_at, excluded.closed_because)
""")
_LAPSE = text("""
WITH due AS (
    SELECT order_id FROM orders
    WHERE paid_at IS NULL AND closed_at IS NULL AND lapsed_at IS NULL AND expires_at < :before
    ORDER BY expires_at LIMIT :limit FOR UPDATE SKIP LOCKED
)
UPDATE orders AS o SET lapsed_at = :now FROM due WHERE o.order_id = due.order_id RETURNING o.order_id
""")
_REFUND = text("""
INSERT INTO refunds (order_id, refund_key, campaign_id, amount)
SELECT :order_id, :refund_key, given.campaign_id, given.amount
FROM unnest(CAST(:campaign_ids AS text[]), CAST(:amounts AS bigint[])) AS given(campaign_id, amount)
ON CONFLICT DO NOTHING
""")
_CORRECT_TAKEN = text("""
UPDATE taken AS t SET counted = t.counted + given.spent, uses = t.uses + given.uses,
       told_redeemed = t.told_redeemed OR given.redeemed, told_returned = t.told_returned OR given.returned
FROM unnest(CAST(:campaign_ids AS text[]), CAST(:spent AS bigint[]), CAST(:uses AS int[]),
            CAST(:redeemed AS boolean[]), CAST(:returned AS boolean[]))
     AS given(campaign_id, spent, uses, redeemed, returned)
WHERE t.order_id = :order_id AND t.campaign_id = given.campaign_id
""")
_CORRECT_CUSTOMER = text("""
WITH locked AS (
    SELECT campaign_id FROM customer_uses
    WHERE customer_id = :customer_id AND campaign_id = ANY(CAST(:campaign_ids AS text[]))
    ORDER BY campaign_id FOR UPDATE
)
UPDATE customer_uses AS u SET uses = u.uses + given.uses
FROM unnest(CAST(:campaign_ids AS text[]), CAST(:uses AS int[])) AS given(campaign_id, uses)
JOIN locked USING (campaign_id)
WHERE u.customer_id = :customer_id AND u.campaign_id = given.campaign_id
""")
_CORRECT_CAMPAIGN = text("""
WITH locked AS (
    SELECT campaign_id FROM campaigns WHERE campaign_id = ANY(CAST(:campaign_ids AS text[]))
    ORDER BY campaign_id FOR UPDATE
)
UPDATE campaigns AS c SET spent = c.spent + given.spent, uses = c.uses + given.uses
FROM unnest(CAST(:campaign_ids AS text[]), CAST(:spent AS bigint[]), CAST(:uses AS int[]))
     AS given(campaign_id, spent, uses)
JOIN locked USING (campaign_id)
WHERE c.campaign_id = given.campaign_id
""")


class RedemptionsSql:
    """:class:`services.campaigns.application.ports.Redemptions` over one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def open(self, command: Redeem) -> bool:
        claimed = self._connection.scalar(
            _OPEN,
            {
                "order_id": command.order_id,
                "customer_id": command.customer_id,
                "expires_at": command.expires_at,
            },
        )
        return claimed is not None

    def take(self, command: Redeem, now: datetime) -> Taking:
        if not command.amounts:
            return Taking(counted=set(), granted=set())
        campaign_ids = sorted(command.amounts)
        amounts = {
            "campaign_ids": campaign_ids,
            "amounts": [command.amounts[one].amount for one in campaign_ids],
            "currencies": [command.amounts[one].currency for one in campaign_ids],
        }
        self._connection.execute(_TAKE, amounts | {"order_id": command.order_id})
        customer = {"customer_id": command.customer_id, "campaign_ids": campaign_ids}
        counted = set(self._connection.scalars(_COUNT_CUSTOMER, customer))
        granted = self._connection.scalars(
            _COUNT_CAMPAIGN, amounts | {"counted": sorted(counted), "now": now}
        )
        return Taking(counted=counted, granted=set(granted))

    def load(self, order_id: str) -> OrderRedemption | None:
        return self._order(_LOAD, {"order_id": order_id})

    def mark_paid(self, order_id: str, at: datetime) -> OrderRedemption | None:
        return self._order(_PAID, {"order_id": order_id, "at": at})

    def _order(self, statement: TextClause, asked: dict[str, Any]) -> OrderRedemption | None:
        rows = self._connection.execute(statement, asked).all()
        if not rows:
            return None
        first = rows[0]
        return OrderRedemption(
            order_id=first.order_id,
            customer_id=first.customer_id,
            paid_at=first.paid_at,
            closed_at=first.closed_at,
            lapsed_at=first.lapsed_at,
            taken=tuple(_taken(row) for row in rows if row.campaign_id is not None),
        )

    def mark_closed(self, order_id: str, at: datetime, reason: str) -> None:
        self._connection.execute(_CLOSED, {"order_id": order_id, "at": at, "reason": reason})

    def lapse(self, before: datetime, now: datetime, limit: int) -> Sequence[str]:
        asked = {"before": before, "now": now, "limit": limit}
        return sorted(self._connection.scalars(_LAPSE, asked))

    def record_refund(self, fact: RefundFact) -> None:
        campaign_ids = sorted(fact.returned)
        self._connection.execute(
            _REFUND,
            {
                "order_id": fact.order_id,
                "refund_key": fact.refund_key,
                "campaign_ids": campaign_ids,
                "amounts": [fact.returned[one] for one in campaign_ids],
            },
        )

    def correct(self, order: OrderRedemption, corrections: Sequence[Correction]) -> None:
        self._connection.execute(
            _CORRECT_TAKEN,
            {
                "order_id": order.order_id,
                "campaign_ids": [one.campaign_id for one in corrections],
                "spent": [one.add_spent for one in corrections],
                "uses": [one.add_uses for one in corrections],
                "redeemed": [one.tell_redeemed for one in corrections],
                "returned": [one.tell_returned for one in corrections],
            },
        )
        counting = [one for one in corrections if one.counts]
        if not counting:
            return
        added = {
            "campaign_ids": [one.campaign_id for one in counting],
            "uses": [one.add_uses for one in counting],
        }
        self._connection.execute(_CORRECT_CUSTOMER, added | {"customer_id": order.customer_id})
        self._connection.execute(_CORRECT_CAMPAIGN, added | {"spent": [one.add_spent for one in counting]})


def _taken(row: Any) -> Taken:
    return Taken(
        campaign_id=row.campaign_id,
        amount=Money(row.amount, row.currency),
        returned=row.returned,
        counted=row.counted,
        uses=row.uses,
        told_redeemed=row.told_redeemed,
        told_returned=row.told_returned,
    )
