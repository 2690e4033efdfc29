"""Why promoters earn nothing although a sale is theirs: looked into once, when commissions accrue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from services.commission.domain.attribution import Attributed
from services.commission.domain.facts import LinkTerms, Paid
from services.commission.domain.offers import Offer, Used
from services.commission.domain.promotion import Accrual, AccrualStatus

# Two owners who buy through each other's links within this time promote in a circle.
CIRCLE = timedelta(days=30)
CIRCULAR, CAP_REACHED = "circular", "cap-reached"


class Relation(StrEnum):
    """How an account belongs to a shop, besides owning it."""

    STAFF = "staff"
    HOUSEHOLD = "household"


@dataclass(frozen=True, kw_only=True, slots=True)
class Related:
    shop_id: str
    account_id: str
    relation: Relation


@dataclass(slots=True)
class Grounds:
    """What is known when commissions accrue; ``used`` grows as they are judged."""

    related: frozenset[Related] = frozenset()
    purchases: tuple[Attributed, ...] = ()
    offers: Mapping[tuple[str, int], Offer] = field(default_factory=dict)
    used: dict[tuple[str, str], Used] = field(default_factory=dict)


def judge(paid: Paid, accruals: Iterable[Accrual], grounds: Grounds) -> dict[tuple[str, int], str]:
    """By link and level the reasons against the ``accruals`` of an order that were not denied anyway."""
    verdicts: dict[tuple[str, int], str] = {}
    found = list(accruals)
    for terms in paid.links:
        levels = [
            each
            for each in found
            if each.promotion_link_id == terms.link_id and each.status is not AccrualStatus.DENIED
        ]
        owners = {1: terms.promoter_owner_id, 2: terms.recruiter_owner_id or ""}
        for each in levels:
            reason = _of_acquaintance(each.promoter_shop_id, owners[each.level], paid, grounds)
            if reason is not None:
                verdicts[terms.link_id, each.level] = reason
        if levels and (terms.link_id, 1) not in verdicts and _is_past_caps(terms, levels, grounds):
            verdicts[terms.link_id, 1] = CAP_REACHED
    return verdicts


def _of_acquaintance(shop_id: str, owner_id: str, paid: Paid, grounds: Grounds) -> str | None:
    for relation in Relation:
        if Related(shop_id=shop_id, account_id=paid.customer_id, relation=relation) in grounds.related:
            return relation.value
    there_and_back = any(
        each.customer_id == owner_id
        and each.promoter_owner_id == paid.customer_id
        and abs(each.paid_at - paid.paid_at) < CIRCLE
        for each in grounds.purchases
    )
    return CIRCULAR if there_and_back else None


def _is_past_caps(terms: LinkTerms, levels: Iterable[Accrual], grounds: Grounds) -> bool:
    """Takes what is earned from the offer's caps, unless it goes past them."""
    if terms.offer_id is None or terms.offer_version is None:
        return False
    offer = grounds.offers.get((terms.offer_id, terms.offer_version))
    if offer is None or not offer.caps:
        return False
    units, commission = sum(each.units for each in levels), sum(each.amount for each in levels)
    mine = terms.offer_id, terms.promoter_shop_id
    promoter = grounds.used.get(mine, Used())
    total = Used()
    for (offer_id, _), used in grounds.used.items():
        if offer_id == terms.offer_id:
            total = total.plus(used.units, used.commission)
    if offer.is_exhausted(total, promoter, units, commission):
        return True
    grounds.used[mine] = promoter.plus(units, commission)
    return False
