"""What commission answers about offers and promoters, as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from services.commission.application.following import Earned, PromoterPage
from services.commission.application.market import Held
from services.commission.application.offers import OfferToShop
from services.commission.application.promotion import MadeLink
from services.commission.contracts.message import money
from services.commission.domain.offers import Offer
from services.commission.domain.promotion import AccrualStatus
from services.commission.domain.verdicts import Related
from shared.kernel.clock import to_wire

Json = dict[str, Any]


def _money(amount: int | None, currency: str) -> Json | None:
    return None if amount is None else money(amount, currency)


def link(found: MadeLink) -> Json:
    promotion_link, accepted = found.link, found.accepted
    return {
        "link_id": promotion_link.link_id,
        "code": promotion_link.code,
        "shop_id": promotion_link.shop_id,
        "listing_id": promotion_link.listing_id,
        "rate_bp": found.rate_bp,
        "offer_id": accepted.offer_id if accepted else None,
        "unit_price": _money(accepted.price, found.currency) if accepted else None,
    }


def offer(found: Offer) -> Json:
    """What everybody who may promote it sees: all but what the supplier gets."""
    territory, caps = found.territory, found.caps
    return {
        "offer_id": found.offer_id,
        "version": found.version,
        "listing_id": found.listing_id,
        "currency": found.currency,
        "since": to_wire(found.since),
        "rate_min_bp": found.rate_min_bp,
        "rate_max_bp": found.rate_max_bp,
        "price_min": _money(found.price_min, found.currency),
        "price_max": _money(found.price_max, found.currency),
        "recruiter_bp": found.recruiter_bp,
        "territory": {
            "zone_ids": list(territory.zone_ids),
            "lat": territory.lat,
            "lon": territory.lon,
            "radius_m": territory.radius_m,
        },
        "exclusive": found.exclusive,
        "protects_own_customers": found.protects_own_customers,
        "caps": {
            "units": caps.units,
            "units_per_promoter": caps.units_per_promoter,
            "commission": _money(caps.commission, found.currency),
            "commission_per_promoter": _money(caps.commission_per_promoter, found.currency),
        },
        "starts_at": to_wire(found.starts_at) if found.starts_at else None,
        "ends_at": to_wire(found.ends_at) if found.ends_at else None,
    }


def offer_to_operator(found: Offer) -> Json:
    return offer(found) | {"supplier_cost": _money(found.supplier_cost, found.currency)}


def offers(found: Iterable[Offer]) -> Json:
    return {"items": [offer_to_operator(each) for each in found], "next_cursor": None}


def offers_to_shop(found: Iterable[OfferToShop]) -> Json:
    return {
        "items": [
            offer(each.offer)
            | {"taken": each.taken, "accepted": _accepted(each.held, each.offer) if each.held else None}
            for each in found
        ],
        "next_cursor": None,
    }


def _accepted(held: Held, offered: Offer) -> Json:
    accepted = held.accepted
    return {
        "link_id": held.link.link_id,
        "code": held.code,
        "rate_bp": offered.rate(accepted.rate_bp if accepted else None),
        "unit_price": _money(accepted.price if accepted else None, offered.currency),
    }


def held(found: Held, currency: str) -> Json:
    accepted = found.accepted
    return {
        "link_id": found.link.link_id,
        "code": found.code,
        "listing_id": found.link.listing_id,
        "offer_id": accepted.offer_id if accepted else None,
        "unit_price": _money(accepted.price, currency) if accepted else None,
        "withdrawn": accepted is not None and accepted.withdrawn,
    }


def shown(shop_id: str, found: Iterable[Held], currency: str) -> Json:
    return {"shop_id": shop_id, "items": [held(each, currency) for each in found]}


def related(shop_id: str, found: Sequence[Related]) -> Json:
    return {
        "shop_id": shop_id,
        "items": [{"account_id": each.account_id, "relation": each.relation.value} for each in found],
    }


def promoter_page(found: PromoterPage) -> Json:
    currency = found.ask.currency
    codes = {each.link.link_id: each for each in found.links}
    links = list(dict.fromkeys([*codes, *(each.link_id for each in found.figures)]))
    days = sorted({each.day for each in found.figures})
    return {
        "shop_id": found.ask.shop_id,
        "currency": currency,
        "since": to_wire(found.since),
        "until": to_wire(found.until),
        "total": _earned(Earned.of(found.figures), currency),
        "payable": _money(found.payable, currency),
        "frozen": _money(found.frozen, currency),
        "paid": _money(found.paid, currency),
        "links": [
            {
                "link_id": link_id,
                "code": codes[link_id].code if link_id in codes else None,
                "listing_id": codes[link_id].link.listing_id if link_id in codes else None,
                "level": 1 if link_id in codes else 2,
                **_earned(Earned.of(each for each in found.figures if each.link_id == link_id), currency),
            }
            for link_id in links
        ],
        "days": [
            {
                "day": day.isoformat(),
                **_earned(Earned.of(each for each in found.figures if each.day == day), currency),
            }
            for day in days
        ],
    }


def _earned(found: Earned, currency: str) -> Json:
    return {
        "clicks": found.clicks,
        "orders": found.orders,
        "conversion": round(found.orders / found.clicks, 4) if found.clicks else None,
        **{
            status.value: _money(found.money.get(status.value, 0), currency)
            for status in (AccrualStatus.PENDING, AccrualStatus.ACCRUED, AccrualStatus.RELEASED)
        },
    }
