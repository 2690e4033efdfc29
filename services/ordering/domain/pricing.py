"""Sharing discounts over a basket: once, exactly, and never below zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.ordering.domain.errors import InconsistentAnswer
from services.ordering.domain.lines import FUNDERS, Discount, Line
from services.ordering.domain.quote import QuotedShop
from shared.kernel.money import share_capped


@dataclass(frozen=True, kw_only=True)
class CampaignDiscount:
    """What a campaign gives to a basket: to one shop's part, or (``shop_id`` None) to all of it.

    ``line_shares`` (by line id) says where it falls when the campaign decided that; otherwise it is shared.
    """

    campaign_id: str
    name: str
    funder: str
    shop_id: str | None
    amount: int
    line_shares: dict[str, int] | None = None


def apply_discounts(
    shops: Sequence[QuotedShop], discounts: Sequence[CampaignDiscount]
) -> tuple[QuotedShop, ...]:
    """The basket with ``discounts`` taken off, one after the other.

    Sums are equal at every level (order, shop, line). Raises :class:`InconsistentAnswer` when a discount
    exceeds what its lines still cost, or its shares do not add up.
    """
    result = tuple(shops)
    for discount in discounts:
        if not discount.amount:
            continue
        if discount.funder not in FUNDERS or discount.amount < 0:
            raise InconsistentAnswer(campaign_id=discount.campaign_id)
        shares = discount.line_shares or _share(discount, result)
        if sum(shares.values()) != discount.amount or min(shares.values()) < 0:
            raise InconsistentAnswer(campaign_id=discount.campaign_id)
        result = _take_off(discount, shares, result)
    return result


def _share(discount: CampaignDiscount, shops: Sequence[QuotedShop]) -> dict[str, int]:
    """Order → shop → line by largest remainder of what each still costs; ties go to the earlier one."""
    scope = [quoted for quoted in shops if discount.shop_id in {None, quoted.shop.shop_id}]
    costs = [quoted.paid for quoted in scope]
    shares: dict[str, int] = {}
    try:
        for quoted, amount in zip(scope, share_capped(discount.amount, costs, costs), strict=True):
            lines = sorted(quoted.lines, key=lambda line: line.line_id)
            paid = [line.paid for line in lines]
            parts = share_capped(amount, paid, paid)
            shares |= {line.line_id: part for line, part in zip(lines, parts, strict=True)}
    except ValueError as error:
        raise InconsistentAnswer(campaign_id=discount.campaign_id) from error
    return shares


def _take_off(
    discount: CampaignDiscount, shares: dict[str, int], shops: Sequence[QuotedShop]
) -> tuple[QuotedShop, ...]:
    left = dict(shares)
    result = []
    for quoted in shops:
        lines: list[Line] = []
        for line in quoted.lines:
            amount = left.pop(line.line_id, 0)
            if amount > line.paid:
                raise InconsistentAnswer(campaign_id=discount.campaign_id)
            given = Discount(
                campaign_id=discount.campaign_id, name=discount.name, funder=discount.funder, amount=amount
            )
            lines.append(replace(line, discounts=(*line.discounts, given)) if amount else line)
        result.append(replace(quoted, lines=tuple(lines)))
    if any(left.values()):
        raise InconsistentAnswer(campaign_id=discount.campaign_id)
    return tuple(result)
