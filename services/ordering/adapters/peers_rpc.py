"""Storefront, campaigns, dispatch and commission, asked over RPC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.ordering.application.ports import (
    Evaluation,
    Hold,
    NotHeld,
    PricedBasket,
    PricedListing,
    PromotionLink,
)
from services.ordering.contracts.moments import moment_of
from services.ordering.domain.commands import BasketLine
from services.ordering.domain.errors import PromotionCodeUnknown, SubstituteUnfit
from services.ordering.domain.load import Size
from services.ordering.domain.places import DropOff, Position, Slot, Window
from services.ordering.domain.pricing import CampaignDiscount
from services.ordering.domain.quote import CouponRefusal, Quote, QuotedShop, Shop, store_order_id
from shared.kernel.clock import to_wire
from shared.kernel.errors import Refusal
from shared.kernel.money import Money
from shared.messaging.rpc import Request, RpcClient

# Wall seconds that a customer waits at most for a peer.
PRICE_DEADLINE = 3.0
HOLD_DEADLINE = 3.0
RELEASE_DEADLINE = 2.0
_NOT_REFUSED = {"unavailable", "internal"}


class PeersRpc:
    def __init__(self, rpc: RpcClient) -> None:
        self._rpc = rpc

    def price(
        self, lines: Sequence[BasketLine], drop_off: DropOff, window: Window | None = None
    ) -> PricedBasket:
        codes = list(dict.fromkeys(line.promotion_code for line in lines if line.promotion_code))
        position = {"lat": drop_off.position.lat, "lon": drop_off.position.lon}
        basket = [{"listing_id": line.listing_id, "quantity": line.quantity} for line in lines]
        asked: dict[str, Any] = {"lines": basket, "drop_off": position}
        if window is not None:
            asked["window"] = window_wire(window)
        price: Request = ("storefront", "price", asked)
        links: list[Request] = [("commission", "promotion_link", {"code": code}) for code in codes]
        priced, *found = self._rpc.gather([price, *links], deadline=PRICE_DEADLINE)
        if isinstance(priced, Refusal):
            raise priced
        return PricedBasket(
            currency=priced["currency"],
            shops=tuple(_shop(shop) for shop in priced["shops"]),
            listings={line["listing_id"]: _listing(line) for line in priced["lines"]},
            links={code: _link(lines, code, answer) for code, answer in zip(codes, found, strict=True)},
        )

    def evaluate(
        self, customer_id: str, coupon_codes: Sequence[str], shops: Sequence[QuotedShop], currency: str
    ) -> Evaluation:
        answer = self._rpc.call(
            "campaigns",
            "evaluate",
            deadline=PRICE_DEADLINE,
            customer_id=customer_id,
            coupon_codes=list(coupon_codes),
            shops=[
                {
                    "shop_id": quoted.shop.shop_id,
                    "lines": [
                        {"line_id": line.line_id, "goods": Money(line.goods, currency).to_wire()}
                        for line in quoted.lines
                    ],
                }
                for quoted in shops
            ],
        )
        return Evaluation(
            discounts=tuple(_discount(item, currency) for item in answer["discounts"]),
            refused=tuple(
                CouponRefusal(code=item["code"], reason=item["reason"]) for item in answer.get("refused", [])
            ),
        )

    def hold(self, quote: Quote, order_id: str, expires_at: datetime) -> Hold | NotHeld:
        requests = _hold_requests(quote, order_id, to_wire(expires_at))
        answers = self._rpc.gather(requests, deadline=HOLD_DEADLINE)
        failures = [answer for answer in answers if isinstance(answer, Refusal)]
        if failures:
            refusals = [failure for failure in failures if failure.kind not in _NOT_REFUSED]
            return NotHeld(
                refusal=(refusals or failures)[0],
                final=bool(refusals),
                held_at=tuple(
                    service
                    for (service, _, _), answer in zip(requests, answers, strict=True)
                    if answer not in refusals
                ),
            )
        # The storefront is asked first and dispatch second.
        held = answers[1]
        slot = held.get("slot") or {}
        return Hold(
            zone_id=held["zone_id"],
            slot=Slot(
                slot_id=slot.get("slot_id"),
                starts_at=moment_of(slot.get("starts_at")),
                ends_at=moment_of(slot.get("ends_at")),
                promised_at=moment_of(held.get("promised_at")),
            ),
        )

    def hold_substitute(
        self,
        substitution_id: str,
        listing_id: str,
        *,
        shop_id: str,
        currency: str,
        quantity: int,
        expires_at: datetime,
    ) -> PricedListing:
        found = self._rpc.call("storefront", "listing", deadline=PRICE_DEADLINE, listing_id=listing_id)
        if found["shop_id"] != shop_id or found["price"]["currency"] != currency:
            raise SubstituteUnfit("A substitute is of the same shop, and its price in the order's currency.")
        self._rpc.call(
            "storefront",
            "reserve",
            deadline=HOLD_DEADLINE,
            order_id=substitution_id,
            expires_at=to_wire(expires_at),
            lines=[{"listing_id": listing_id, "quantity": quantity}],
            expected=[{"listing_id": listing_id, "unit_price": found["price"]}],
        )
        return _listing(found | {"unit_price": found["price"]})

    def release_substitute(self, substitution_id: str) -> None:
        arguments = {"order_id": substitution_id, "reason": "not-proposed"}
        self._rpc.gather([("storefront", "release", arguments)], deadline=RELEASE_DEADLINE)

    def release(self, order_id: str, reason: str, held_at: Sequence[str] | None = None) -> bool:
        wanted = tuple(_RELEASES) if held_at is None else held_at
        arguments = {"order_id": order_id, "reason": reason}
        answers = self._rpc.gather(
            [(service, _RELEASES[service], arguments) for service in wanted], deadline=RELEASE_DEADLINE
        )
        return not any(isinstance(answer, Refusal) for answer in answers)


_RELEASES = {"storefront": "release", "dispatch": "release_hold", "campaigns": "release"}


def _hold_requests(quote: Quote, order_id: str, expires_at: str) -> list[Request]:
    currency = quote.currency
    requests: list[Request] = [
        (
            "storefront",
            "reserve",
            {
                "order_id": order_id,
                "expires_at": expires_at,
                "lines": [
                    {"listing_id": listing_id, "quantity": quantity}
                    for listing_id, quantity in quote.quantities.items()
                ],
                "expected": [
                    {"listing_id": listing_id, "unit_price": Money(price, currency).to_wire()}
                    for listing_id, price in quote.prices.items()
                ],
                **_preparation(quote),
            },
        ),
        (
            "dispatch",
            "hold",
            {
                "order_id": order_id,
                "slot_id": quote.slot_id or "asap",
                "drop_off": {
                    "lat": quote.drop_off.position.lat,
                    "lon": quote.drop_off.position.lon,
                    "address": quote.drop_off.address,
                    "contact": quote.drop_off.contact,
                },
                "pickups": [_pickup(quoted, order_id) for quoted in quote.shops],
                "expires_at": expires_at,
            },
        ),
    ]
    if quote.campaigns:
        discounts = [
            {"campaign_id": campaign_id, "amount": Money(amount, currency).to_wire()}
            for campaign_id, amount in quote.campaigns.items()
        ]
        redeem = {
            "order_id": order_id,
            "customer_id": quote.customer_id,
            "discounts": discounts,
            "expires_at": expires_at,
        }
        requests.append(("campaigns", "redeem", redeem))
    return requests


def window_wire(window: Window) -> dict[str, str]:
    return {"starts_at": to_wire(window.starts_at), "ends_at": to_wire(window.ends_at)}


def _preparation(quote: Quote) -> dict[str, Any]:
    """What is asked of the shops' hours: only where one counts them, or has to be open at another time."""
    counting = {quoted.shop.shop_id for quoted in quote.shops if quoted.shop.counts_preparation}
    items = quote.items if quote.window else {key: n for key, n in quote.items.items() if key in counting}
    if not items:
        return {}
    return {
        "preparation": {
            "shops": [{"shop_id": shop_id, "items": count} for shop_id, count in items.items()],
            "window": quote.window and window_wire(quote.window),
        }
    }


def _pickup(quoted: QuotedShop, order_id: str) -> dict[str, Any]:
    shop = quoted.shop
    return {
        "store_order_id": store_order_id(order_id, shop.shop_id),
        "shop_id": shop.shop_id,
        "name": shop.name,
        "position": {"lat": shop.position.lat, "lon": shop.position.lon},
        "preparation_minutes": shop.preparation_minutes,
        **({"load": vars(quoted.load)} if quoted.load else {}),
    }


def _shop(shop: Mapping[str, Any]) -> Shop:
    return Shop(
        shop_id=shop["shop_id"],
        name=shop["name"],
        category=shop.get("category"),
        position=Position(lat=shop["position"]["lat"], lon=shop["position"]["lon"]),
        preparation_minutes=shop["preparation_minutes"],
        merchant_id=shop["merchant_id"],
        counts_preparation=bool(shop.get("counts_preparation")),
        accept_minutes=shop.get("accept_minutes"),
    )


def _listing(line: Mapping[str, Any]) -> PricedListing:
    return PricedListing(
        listing_id=line["listing_id"],
        shop_id=line["shop_id"],
        name=line["name"],
        unit=line["unit"],
        category=line.get("category"),
        sourced=bool(line.get("sourced")),
        unit_price=line["unit_price"]["amount"],
        available=line.get("available"),
        unit_grams=line.get("unit_grams"),
        size=Size(**line["size"]) if line.get("size") else None,
    )


def _link(lines: Sequence[BasketLine], code: str, answer: Any) -> PromotionLink:
    if isinstance(answer, Refusal):
        if answer.kind in _NOT_REFUSED:
            raise answer
        message = "There is no such promotion code."
        field = next(
            f"lines.{index}.promotion_code" for index, line in enumerate(lines) if line.promotion_code == code
        )
        raise PromotionCodeUnknown(message, errors=[{"field": field, "message": message}]) from answer
    price = answer.get("unit_price")
    return PromotionLink(
        link_id=answer["link_id"],
        listing_id=answer["listing_id"],
        unit_price=None if price is None else Money.from_wire(price, "unit_price"),
    )


def _discount(item: Mapping[str, Any], currency: str) -> CampaignDiscount:
    shares: dict[str, int] = {}
    for share in item.get("line_shares") or ():
        line_id = share["line_id"]
        shares[line_id] = shares.get(line_id, 0) + Money.from_wire(share["amount"]).amount
    amount = Money.from_wire(item["amount"])
    if amount.currency != currency:
        raise ValueError(f"a discount in {amount.currency} does not fit a basket in {currency}")
    return CampaignDiscount(
        campaign_id=item["campaign_id"],
        name=item["name"],
        funder=item["funder"],
        shop_id=item.get("shop_id"),
        amount=amount.amount,
        line_shares=shares or None,
    )
