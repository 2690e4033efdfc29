"""Reviews in PostgreSQL, and a shop's of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection

from services.ordering.adapters.moments import moment_of, text_of
from services.ordering.contracts.message import Message
from services.ordering.contracts.review_messages import to_message
from services.ordering.domain.review import Review, ReviewKind

Cursor = tuple[datetime, str]

_FIND = "SELECT * FROM review WHERE review_id = %(review_id)s"
_LOCK = f"{_FIND} FOR UPDATE"
_OF_ORDER = "SELECT * FROM review WHERE order_id = %(order_id)s ORDER BY kind DESC, review_id"
_SAVE = """
INSERT INTO review (review_id, kind, order_id, store_order_id, shop_id, merchant_id, courier_id, customer_id,
                    stars, written_at, hidden, body)
VALUES (%(review_id)s, %(kind)s, %(order_id)s, %(store_order_id)s, %(shop_id)s, %(merchant_id)s,
        %(courier_id)s, %(customer_id)s, %(stars)s, %(written_at)s, %(hidden)s, CAST(%(body)s AS jsonb))
ON CONFLICT (review_id) DO UPDATE
SET stars = excluded.stars, hidden = excluded.hidden, body = excluded.body
"""
_OF_SHOP = """
SELECT * FROM review
WHERE kind = 'shop' AND shop_id = %(shop_id)s AND NOT hidden
  AND (CAST(%(at)s AS timestamptz) IS NULL OR (written_at, review_id) < (%(at)s, %(key)s))
ORDER BY written_at DESC, review_id DESC LIMIT %(limit)s
"""
_RATING = """
SELECT count(*), COALESCE(sum(stars), 0) FROM review
WHERE kind = 'shop' AND shop_id = %(shop_id)s AND NOT hidden
"""


class ReviewsSql:
    """``publish`` is None where each statement stands for itself; then nothing is written."""

    def __init__(self, connection: Connection, publish: Callable[[Message], None] | None) -> None:
        self._connection = connection
        self._publish = publish

    def lock(self, review_id: str) -> Review | None:
        return self._one(_LOCK, review_id)

    def find(self, review_id: str) -> Review | None:
        return self._one(_FIND, review_id)

    def of_order(self, order_id: str) -> Sequence[Review]:
        found = self._connection.exec_driver_sql(_OF_ORDER, {"order_id": order_id})
        return [_review(row) for row in found.mappings()]

    def save(self, review: Review) -> None:
        self._connection.exec_driver_sql(_SAVE, _columns(review))
        if review.recorded and self._publish is None:
            raise RuntimeError("events are published in a transaction only")
        for event in review.recorded:
            if self._publish is not None:
                self._publish(to_message(event))
        review.recorded.clear()

    def of_shop(
        self, shop_id: str, limit: int, after: Cursor | None
    ) -> tuple[Sequence[Review], Cursor | None]:
        """What is said of a shop, newest first, without what is hidden."""
        at, key = after or (None, None)
        given = {"shop_id": shop_id, "limit": limit + 1, "at": at, "key": key}
        found = self._connection.exec_driver_sql(_OF_SHOP, given).mappings().all()
        shown = [_review(row) for row in found[:limit]]
        return shown, (shown[-1].written_at, shown[-1].review_id) if len(found) > limit else None

    def rating(self, shop_id: str) -> tuple[int, int]:
        """How many reviews of a shop are shown, and the sum of their stars."""
        count, stars = self._connection.exec_driver_sql(_RATING, {"shop_id": shop_id}).one()
        return int(count), int(stars)

    def _one(self, statement: str, review_id: str) -> Review | None:
        found = self._connection.exec_driver_sql(statement, {"review_id": review_id})
        row = found.mappings().one_or_none()
        return None if row is None else _review(row)


def _columns(review: Review) -> dict[str, Any]:
    body = {
        "words": review.words,
        "version": review.version,
        "changed_at": text_of(review.changed_at),
        "reply": review.reply,
        "replied_at": text_of(review.replied_at),
        "hidden_for": review.hidden_for,
        "photo_ids": list(review.photo_ids),
    }
    return {
        "review_id": review.review_id,
        "kind": str(review.kind),
        "order_id": review.order_id,
        "store_order_id": review.store_order_id,
        "shop_id": review.shop_id,
        "merchant_id": review.merchant_id,
        "courier_id": review.courier_id,
        "customer_id": review.customer_id,
        "stars": review.stars,
        "written_at": review.written_at,
        "hidden": review.is_hidden,
        "body": orjson.dumps(body).decode(),
    }


def _review(row: Mapping[Any, Any]) -> Review:
    body = row["body"]
    return Review(
        review_id=row["review_id"],
        kind=ReviewKind(row["kind"]),
        order_id=row["order_id"],
        customer_id=row["customer_id"],
        store_order_id=row["store_order_id"],
        shop_id=row["shop_id"],
        merchant_id=row["merchant_id"],
        courier_id=row["courier_id"],
        stars=row["stars"],
        words=body["words"],
        written_at=row["written_at"],
        version=body["version"],
        changed_at=moment_of(body["changed_at"]),
        reply=body["reply"],
        replied_at=moment_of(body["replied_at"]),
        hidden_for=body["hidden_for"],
        photo_ids=tuple(body["photo_ids"]),
    )
