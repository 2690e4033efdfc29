"""What a life begins with: a basket over shops with its discounts, promotion links and a rate plan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from services.commission.domain.promotion import PromotionLink
from services.commission.domain.rates import CourierPay, RatePlan, TakeRateBase
from services.ordering.domain.lines import FUNDERS, Line
from services.ordering.domain.places import DropOff, Position
from services.ordering.domain.pricing import CampaignDiscount, apply_discounts
from services.ordering.domain.quote import Quote, QuotedShop, Shop

CUSTOMER = "customer"
CURRENCY = "CNY"
CATEGORIES = ("fruit", "dairy", "bakery")
_DOOR = Position(lat=30.27, lon=120.15)


@dataclass(frozen=True, kw_only=True)
class Drawn:
    quote: Quote
    plan: RatePlan
    links: tuple[PromotionLink, ...]


def drawn(random: Random, name: str, at: datetime) -> Drawn:
    """What the life called ``name`` begins with at ``at``."""
    shops: list[QuotedShop] = []
    links: list[PromotionLink] = []
    for nth in range(random.choice((1, 1, 2, 2, 3, 4))):
        shop = _shop(random, f"{name}-shop-{nth}")
        lines = []
        for number in range(random.choice((1, 1, 2, 3, 5))):
            line_id = f"{name}-line-{nth}-{number}"
            link = _link(random, name, nth, f"listing-{line_id}") if random.random() < 0.25 else None
            if link is not None:
                links.append(link)
            lines.append(_line(random, line_id, link))
        shops.append(QuotedShop(shop=shop, lines=tuple(lines)))
    priced = apply_discounts(shops, _discounts(random, shops))
    quote = Quote(
        quote_id=f"{name}-quote",
        customer_id=CUSTOMER,
        currency=CURRENCY,
        shops=priced,
        delivery_fee=random.choice((0, 1, 300, 499, random.randrange(2000))),
        slot_id=None,
        drop_off=DropOff(position=_DOOR, address="door", contact="bell"),
        expires_at=at + timedelta(minutes=10),
    )
    return Drawn(quote=quote, plan=_plan(random, name, shops, at), links=tuple(links))


def _shop(random: Random, shop_id: str) -> Shop:
    return Shop(
        shop_id=shop_id,
        name=shop_id,
        category=random.choice(CATEGORIES),
        position=_DOOR,
        preparation_minutes=10,
        merchant_id=f"merchant-of-{shop_id}",
    )


def _line(random: Random, line_id: str, link: PromotionLink | None) -> Line:
    return Line(
        line_id=line_id,
        listing_id=f"listing-{line_id}",
        name=line_id,
        unit="份",
        category=random.choice(CATEGORIES),
        sourced=link is not None,
        quantity=random.choice((1, 1, 2, 3, 7)),
        if_missing=random.choice(("substitute", "call_me", "refund")),
        unit_grams=random.choice((None, None, None, 100, 500)),
        # Few and odd cents bring out what is rounded, large prices what overflows.
        unit_price=random.choice((1, 3, 99, 680, random.randrange(1, 300), random.randrange(1, 1_000_000))),
        promotion_link_id=None if link is None else link.link_id,
    )


def _link(random: Random, name: str, seller: int, listing_id: str) -> PromotionLink:
    """A link of another shop mostly; now and then of the seller or of the customer, who earn nothing."""
    promoter = random.choice((f"{name}-promoter-1", f"{name}-promoter-2", f"{name}-shop-{seller}"))
    return PromotionLink(
        link_id=f"link-{listing_id}",
        code=f"code-{listing_id}",
        shop_id=promoter,
        owner_id=CUSTOMER if random.random() < 0.1 else f"merchant-of-{promoter}",
        listing_id=listing_id if random.random() < 0.95 else "another",
        rate_bp=random.choice((None, 0, 1, 333, 1500, 4000)),
    )


def _discounts(random: Random, shops: list[QuotedShop]) -> list[CampaignDiscount]:
    """Up to three campaigns that together never take more than there is."""
    left = {quoted.shop.shop_id: quoted.goods for quoted in shops}
    discounts: list[CampaignDiscount] = []
    for nth in range(random.choice((0, 0, 1, 1, 2, 3))):
        # A discount of one shop only, or (as the last, since its shares are not known here) of the basket.
        shop_id = random.choice(sorted(left))
        whole = random.random() < 0.5 and nth == 0 and not discounts
        most = sum(left.values()) if whole else left[shop_id]
        amount = random.choice((most, most // 2, min(most, 1), random.randint(0, most)))
        discounts.append(
            CampaignDiscount(
                campaign_id=f"campaign-{nth}",
                name=f"campaign {nth}",
                funder=random.choice(FUNDERS),
                shop_id=None if whole else shop_id,
                amount=amount,
            )
        )
        if whole:
            break
        left[shop_id] -= amount
    return discounts


def _plan(random: Random, name: str, shops: list[QuotedShop], at: datetime) -> RatePlan:
    rates = (0, 1, 333, 500, 1250, 2999)
    categories = random.sample(CATEGORIES, random.randrange(3))
    own = [quoted.shop.shop_id for quoted in shops if random.random() < 0.2]
    return RatePlan(
        plan_id=f"{name}-plan",
        currency=CURRENCY,
        effective_from=at,
        take_rate_bp=random.choice(rates),
        take_rate_base=random.choice(tuple(TakeRateBase)),
        take_rate_by_category={category: random.choice(rates) for category in categories},
        take_rate_by_shop={shop_id: random.choice(rates) for shop_id in own},
        distribution_bp=random.choice((0, 77, 1000)),
        distribution_max_bp=random.choice((1000, 3500)),
        courier_pay=CourierPay(
            per_drop=random.choice((0, 300)),
            per_extra_pickup=random.choice((0, 99)),
            per_km=random.choice((0, 77, 80)),
        ),
    )
