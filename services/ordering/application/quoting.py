"""Pricing a basket over many shops."""

from __future__ import annotations

from datetime import datetime

from services.ordering.application.choosing import choices, next_free
from services.ordering.application.ports import (
    Evaluation,
    Peers,
    PricedBasket,
    PricedListing,
    PromotionLink,
    Rules,
    Transactions,
)
from services.ordering.application.slot_ports import SlotDesk
from services.ordering.domain.commands import BasketLine, QuoteBasket
from services.ordering.domain.errors import CommandIdUsed, OutOfStock, PromotionCodeUnknown
from services.ordering.domain.lines import Line
from services.ordering.domain.load import load_of
from services.ordering.domain.places import Window
from services.ordering.domain.pricing import apply_discounts
from services.ordering.domain.quote import Quote, QuotedShop, tip_in
from shared.kernel.clock import Clock, to_wire
from shared.kernel.errors import Refusal

NOTHING_OFF = Evaluation(discounts=(), refused=())


def quote(
    command: QuoteBasket,
    *,
    transactions: Transactions,
    peers: Peers,
    desk: SlotDesk,
    clock: Clock,
    rules: Rules,
) -> Quote:
    """The basket's price, kept for ``rules.quote_validity``. The same ``quote_id`` gives the same quote.

    When a shop is closed now, the refusal names the next slot that the basket can have.
    """
    window = None if command.slot_id is None else desk.slot(command.slot_id)
    try:
        priced = peers.price(command.lines, command.drop_off, window)
    except Refusal as refusal:
        raise _with_next_slot(refusal, command, desk) from refusal
    _require_stock(command.lines, priced)
    shops = _group(command.lines, priced)
    at = clock.now()
    kept = None
    if not command.coupon_codes:
        # Mostly nothing is taken off. One statement finds that out and keeps the quote.
        made = _made(command, shops, NOTHING_OFF, priced.currency, at, rules, window)
        with transactions.single() as work:
            kept = work.quotes.add_unless_reduced(made, at)
    if kept is None:
        evaluation = peers.evaluate(command.actor.account_id, command.coupon_codes, shops, priced.currency)
        made = _made(command, shops, evaluation, priced.currency, at, rules, window)
        with transactions.single() as work:
            kept = work.quotes.add(made)
    if kept.customer_id != command.actor.account_id:
        raise CommandIdUsed
    return kept


def _made(
    command: QuoteBasket,
    shops: tuple[QuotedShop, ...],
    evaluation: Evaluation,
    currency: str,
    at: datetime,
    rules: Rules,
    window: Window | None,
) -> Quote:
    shops = apply_discounts(shops, evaluation.discounts)
    positions = [quoted.shop.position for quoted in shops]
    asked = positions, command.drop_off.position, sum(quoted.paid for quoted in shops)
    return Quote(
        quote_id=command.quote_id,
        customer_id=command.actor.account_id,
        currency=currency,
        shops=shops,
        delivery_fee=rules.delivery_fee.fee(*asked),
        free_delivery=rules.delivery_fee.free(*asked),
        slot_id=command.slot_id,
        drop_off=command.drop_off,
        expires_at=at + rules.quote_validity,
        refused_coupons=evaluation.refused,
        tip=tip_in(currency, command.tip),
        window=window,
    )


def _with_next_slot(refusal: Refusal, command: QuoteBasket, desk: SlotDesk) -> Refusal:
    """The refusal of a basket with a shop that is closed, with the next slot in which it is not."""
    items = refusal.extra.pop("basket", None)
    if refusal.code != "shop-closed" or not items:
        return refusal
    try:
        free = next_free(choices(command.drop_off.position, items, desk=desk))
    except Refusal:
        return refusal
    if free is not None and free.slot is not None:
        window = free.slot.window
        refusal.extra["next_slot"] = {
            "slot_id": free.slot.slot_id,
            "starts_at": to_wire(window.starts_at),
            "ends_at": to_wire(window.ends_at),
        }
    return refusal


def _require_stock(lines: tuple[BasketLine, ...], priced: PricedBasket) -> None:
    wanted: dict[str, int] = {}
    short = []
    for index, line in enumerate(lines):
        wanted[line.listing_id] = wanted.get(line.listing_id, 0) + line.quantity
        available = priced.listings[line.listing_id].available
        if available is not None and wanted[line.listing_id] > available:
            message = f"Only {available} of {priced.listings[line.listing_id].name} are left."
            short.append({"field": f"lines.{index}.quantity", "message": message})
    if short:
        raise OutOfStock(errors=short)


def _group(lines: tuple[BasketLine, ...], priced: PricedBasket) -> tuple[QuotedShop, ...]:
    """Lines by shop, shops and lines in the order in which the customer named them."""
    by_shop: dict[str, list[Line]] = {}
    for index, line in enumerate(lines):
        listing = priced.listings[line.listing_id]
        by_shop.setdefault(listing.shop_id, []).append(_line(index, line, listing, priced))
    shops = {shop.shop_id: shop for shop in priced.shops}
    return tuple(
        QuotedShop(
            shop=shops[shop_id],
            lines=tuple(items),
            load=load_of((priced.listings[line.listing_id].size, line.quantity) for line in items),
        )
        for shop_id, items in by_shop.items()
    )


def _line(index: int, wanted: BasketLine, listing: PricedListing, priced: PricedBasket) -> Line:
    link = _promotion(index, wanted, priced)
    price = link.unit_price if link else None
    return Line(
        line_id=wanted.line_id,
        listing_id=listing.listing_id,
        name=listing.name,
        unit=listing.unit,
        category=listing.category,
        sourced=listing.sourced,
        quantity=wanted.quantity,
        unit_price=listing.unit_price if price is None else price.amount,
        price_of_promoter=price is not None,
        list_name=wanted.list_name,
        if_missing=wanted.if_missing,
        promotion_link_id=link.link_id if link else None,
        unit_grams=listing.unit_grams,
    )


def _promotion(index: int, wanted: BasketLine, priced: PricedBasket) -> PromotionLink | None:
    if wanted.promotion_code is None:
        return None
    link = priced.links.get(wanted.promotion_code)
    price = link.unit_price if link else None
    if link is None or link.listing_id != wanted.listing_id or (price and price.currency != priced.currency):
        message = "This code promotes nothing on this line."
        raise PromotionCodeUnknown(
            message, errors=[{"field": f"lines.{index}.promotion_code", "message": message}]
        )
    return link
