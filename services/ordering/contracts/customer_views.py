"""What ordering answers about reviews, shopping lists and baskets to buy again, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.ordering.contracts.moments import time_of
from services.ordering.contracts.published import money
from services.ordering.domain.buying_again import Basket
from services.ordering.domain.review import Review
from services.ordering.domain.shopping_list import Recurrence, ShoppingList
from shared.kernel.clock import to_wire

Wire = dict[str, Any]


def public_review(item: Review) -> Wire:
    """For everybody: what was said, and not by whom."""
    return {
        "review_id": item.review_id,
        "kind": str(item.kind),
        "shop_id": item.shop_id,
        "stars": item.stars,
        "words": item.words,
        "written_at": to_wire(item.written_at),
        "changed_at": time_of(item.changed_at),
        "answer": item.reply,
        "answered_at": time_of(item.replied_at),
        "photo_ids": list(item.photo_ids),
    }


def review(item: Review) -> Wire:
    """For those of the order: also what it is about, and whether it is shown."""
    return public_review(item) | {
        "order_id": item.order_id,
        "store_order_id": item.store_order_id,
        "hidden_for": item.hidden_for,
    }


def reviews_of_shop(items: Sequence[Review], rating: tuple[int, int], page: Wire) -> Wire:
    """``average`` has two decimals; it is null where nobody has said anything."""
    count, stars = rating
    average = None if count == 0 else (stars * 200 + count) // (2 * count) / 100
    return page | {"items": [public_review(item) for item in items], "count": count, "average": average}


def shopping_list(item: ShoppingList) -> Wire:
    return {
        "list_id": item.list_id,
        "name": item.name,
        "lines": [vars(line) for line in item.lines],
        "recurrence": _recurrence(item.recurrence),
        "created_at": to_wire(item.created_at),
        "next_at": time_of(item.next_at),
        "due_at": time_of(item.due_at),
    }


def basket(item: Basket) -> Wire:
    """``lines`` may be sent as they are to ask for a quote; ``goods`` says what they are and cost now."""
    return {
        "lines": [
            {
                "listing_id": line.listing.listing_id,
                "quantity": line.quantity,
                "list_name": line.wanted.list_name,
                "if_missing": line.wanted.if_missing,
            }
            for line in item.lines
        ],
        "goods": [
            {
                "listing_id": line.listing.listing_id,
                "shop_id": line.listing.shop_id,
                "name": line.listing.name,
                "unit": line.listing.unit,
                "unit_price": money(line.listing.unit_price, line.listing.currency),
                "wanted": line.wanted.quantity,
                "quantity": line.quantity,
            }
            for line in item.lines
        ],
        "gone": [
            {
                "listing_id": gone.wanted.listing_id,
                "name": gone.wanted.name,
                "quantity": gone.wanted.quantity,
                "reason": gone.reason,
            }
            for gone in item.gone
        ],
    }


def _recurrence(item: Recurrence | None) -> Wire | None:
    if item is None:
        return None
    return {"days": list(item.days), "at": item.at.strftime("%H:%M"), "every_weeks": item.every_weeks}
