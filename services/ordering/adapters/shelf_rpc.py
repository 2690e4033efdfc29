"""What the storefront sells now, asked listing by listing and all at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.ordering.domain.buying_again import OnSale
from shared.kernel.errors import Refusal
from shared.messaging.rpc import Request, RpcClient

DEADLINE = 3.0


class ShelfRpc:
    def __init__(self, rpc: RpcClient) -> None:
        self._rpc = rpc

    def on_sale(self, listing_ids: Sequence[str]) -> Mapping[str, OnSale]:
        once = list(dict.fromkeys(listing_ids))
        asked: list[Request] = [("storefront", "listing", {"listing_id": each}) for each in once]
        answers = self._rpc.gather(asked, deadline=DEADLINE) if asked else []
        found: dict[str, OnSale] = {}
        for listing_id, answer in zip(once, answers, strict=True):
            if isinstance(answer, Refusal):
                if answer.kind != "not_found":
                    raise answer
            elif answer["status"] == "published":
                found[listing_id] = OnSale(
                    listing_id=listing_id,
                    shop_id=answer["shop_id"],
                    name=answer["name"],
                    unit=answer["unit"],
                    unit_price=answer["price"]["amount"],
                    currency=answer["price"]["currency"],
                    available=answer.get("available"),
                )
        return found
