"""How money and goods go missing: each function breaks the process that it is called in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any


def naive_rounding() -> None:
    """Each share is rounded by itself, and nobody looks whether they add up."""
    from shared.kernel import money

    def share_capped(amount: int, weights: Sequence[int], caps: Sequence[int]) -> list[int]:
        whole = sum(weights)
        if not whole:
            return [0] * len(weights)
        return [min(round(amount * w / whole), cap) for w, cap in zip(weights, caps, strict=True)]

    money.share_capped = share_capped
    # What comes from here takes its own copy of the name, so it is imported only now.
    from services.ordering.domain import pricing

    def apply_discounts(shops: Any, discounts: Sequence[Any]) -> Any:
        for discount in discounts:
            shops = pricing._take_off(discount, pricing._share(discount, shops), shops)
        return shops

    pricing.apply_discounts = apply_discounts


def refund_on_its_own() -> None:
    """A part of a line is worth its fraction of the line, whatever was given back before."""
    from services.ordering.domain.lines import Line

    give_back = Line.give_back

    def alone(self: Line, quantity: int) -> Any:
        after, part = give_back(self, quantity)
        return after, replace(part, amount=round(self.paid * quantity / self.quantity))

    Line.give_back = alone  # type: ignore[method-assign]


def stock_read_modify_write() -> None:
    """The storefront looks how much there is, thinks, and writes down what it has thought."""
    from sqlalchemy import text

    from services.storefront.adapters import stock_sql
    from shared.kernel.money import Money

    opened = text(
        "INSERT INTO reservation (order_id, status, lines, expires_at, changed_at)"
        " VALUES (:order_id, 'held', CAST(:lines AS jsonb), :expires_at, :at)"
        " ON CONFLICT (order_id) DO NOTHING RETURNING order_id"
    )
    look = text(
        "SELECT v.listing_id, v.stock, v.reserved, l.price, l.currency FROM stock_level AS v"
        " JOIN listing AS l USING (listing_id) WHERE v.listing_id = ANY(:ids) ORDER BY v.listing_id"
    )
    write = text("UPDATE stock_level SET reserved = :reserved WHERE listing_id = :listing_id")

    def open_reservation(
        self: Any, order_id: str, lines: Mapping[str, int], expires_at: Any, at: Any
    ) -> Mapping[str, Money] | None:
        key = {"order_id": order_id, "lines": stock_sql._json(lines), "expires_at": expires_at, "at": at}
        if self._connection.execute(opened, key).first() is None:
            return None
        prices = {}
        for row in self._connection.execute(look, {"ids": list(lines)}).all():
            wanted = row.reserved + lines[row.listing_id]
            if wanted <= row.stock:
                self._connection.execute(write, {"reserved": wanted, "listing_id": row.listing_id})
                prices[row.listing_id] = Money(row.price, row.currency)
        return prices

    stock_sql.SqlReservations.open = open_reservation  # type: ignore[method-assign]
