"""What ordering answers about after-sale cases, as plain data."""

from __future__ import annotations

import base64
from typing import Any

from services.ordering.contracts.published import money
from services.ordering.domain.case import Case
from services.ordering.domain.photo import Photo
from shared.kernel.clock import to_wire
from shared.kernel.picture import Picture

Wire = dict[str, Any]


def case(item: Case) -> Wire:
    """For the customer, the shop and operators alike: nothing of where the customer lives, or who it is."""
    return {
        "case_id": item.case_id,
        "order_id": item.order_id,
        "store_order_id": item.store_order_id,
        "shop_id": item.shop_id,
        "status": str(item.status),
        "reason": item.reason,
        "opened_at": to_wire(item.opened_at),
        "due_at": None if item.due_at is None else to_wire(item.due_at),
        "lines": [
            {
                "line_id": claim.line_id,
                "listing_id": claim.listing_id,
                "name": claim.name,
                "quantity": claim.quantity,
                "left": claim.left,
            }
            for claim in item.claims
        ],
        "steps": [
            {"at": to_wire(step.at), "by": str(step.by), "status": str(step.status), "words": step.words}
            for step in item.steps
        ],
        "photo_ids": list(item.photo_ids),
        "borne_by": item.borne_by,
        "refund_id": None if item.borne_by is None else item.refund_id,
        "refunded": money(item.refunded, item.currency),
    }


def kept_picture(photo_id: str, picture: Picture) -> Wire:
    return {
        "photo_id": photo_id,
        "media_type": picture.media_type.value,
        "bytes": len(picture.content),
        "width": picture.width,
        "height": picture.height,
    }


def photo(item: Photo) -> Wire:
    return {
        "media_type": item.picture.media_type.value,
        "content": base64.b64encode(item.picture.content).decode(),
        "taken_at": to_wire(item.taken_at),
    }
