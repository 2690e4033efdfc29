"""Whose sale a line of sourced goods is: a pure function of the payment and of what was there before it.

The link in this order comes before the last link clicked within thirty days, and that before the promoter
the customer is bound to. Nothing that happens after the payment is looked at, so the answer never changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.commission.domain.facts import LinkTerms, Paid, PaidLine
from services.commission.domain.offers import Offer, in_force

CLICK_COUNTS = timedelta(days=30)
LINK, CLICK, BOUND = "link", "click", "bound"
WITHDRAWN, OFFER_ENDED, TERRITORY = "withdrawn", "offer-ended", "territory"


@dataclass(frozen=True, kw_only=True, slots=True)
class Acceptance:
    """What a promoter agreed to from ``since`` on, until it agreed to something else or withdrew."""

    since: datetime
    offer_id: str
    rate_bp: int | None = None
    price: int | None = None
    withdrawn: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownLink:
    """A promotion link with all its acceptances; one without any earns what the rate plan says."""

    link_id: str
    shop_id: str
    owner_id: str
    listing_id: str
    rate_bp: int | None
    created_at: datetime
    acceptances: tuple[Acceptance, ...] = ()

    def accepted(self, at: datetime) -> Acceptance | None:
        """What held at that time, or else what was agreed to first."""
        agreed = sorted(self.acceptances, key=lambda each: each.since)
        before = [each for each in agreed if each.since <= at]
        return before[-1] if before else next(iter(agreed), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Click:
    """A customer followed a link; ``known_at`` is when it was known that it was this customer."""

    customer_id: str
    link_id: str
    shop_id: str
    clicked_at: datetime
    known_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Attributed:
    """A line that was attributed earlier; the first binds its customer to the promoter."""

    order_id: str
    line_id: str
    customer_id: str
    listing_id: str
    link_id: str
    promoter_shop_id: str
    promoter_owner_id: str
    by: str
    paid_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Recruitment:
    shop_id: str
    recruiter_shop_id: str
    recruiter_owner_id: str
    since: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Unbinding:
    customer_id: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What there is around some payments, of any time: links, offers, clicks and earlier attributions."""

    links: tuple[KnownLink, ...] = ()
    offers: tuple[Offer, ...] = ()
    clicks: tuple[Click, ...] = ()
    attributed: tuple[Attributed, ...] = ()
    unbound: tuple[Unbinding, ...] = ()
    recruitments: tuple[Recruitment, ...] = ()


def attribute(order_id: str, paid: Paid, around: Surroundings) -> tuple[Paid, tuple[Attributed, ...]]:
    """``paid`` with the promoter and the cost of every sourced line, and what was newly attributed."""
    if not paid.sourcing:
        return paid, ()
    lines = {line.line_id: line for part in paid.parts for line in part.lines}
    settled, terms = [], {}
    attributed = []
    for each in paid.sourcing:
        line = lines[each.line_id]
        link, by = _promoter(line, paid, around)
        settled.append(
            replace(
                each,
                link_id=link.link_id if link else None,
                by=by,
                cost=_cost(link, line, each.quantity, paid.paid_at, around),
            )
        )
        if link is None or by is None:
            continue
        terms[link.link_id] = terms_of(link, paid, around)
        if terms[link.link_id].refused is None and link.listing_id == line.listing_id:
            attributed.append(
                Attributed(
                    order_id=order_id,
                    line_id=line.line_id,
                    customer_id=paid.customer_id,
                    listing_id=line.listing_id,
                    link_id=link.link_id,
                    promoter_shop_id=link.shop_id,
                    promoter_owner_id=link.owner_id,
                    by=by,
                    paid_at=paid.paid_at,
                )
            )
    links = tuple(terms[link_id] for link_id in sorted(terms))
    return replace(paid, links=links, sourcing=tuple(settled)), tuple(attributed)


def bound_to(customer_id: str, at: datetime, around: Surroundings) -> str | None:
    """The shop whose link led the customer to a first order, unless they were unbound since."""
    freed = [each.at for each in around.unbound if each.customer_id == customer_id and each.at <= at]
    led = [
        each
        for each in around.attributed
        if each.customer_id == customer_id
        and each.by != BOUND
        and each.promoter_owner_id != customer_id
        and each.paid_at < at
        and (not freed or each.paid_at > max(freed))
    ]
    first = min(led, key=lambda each: (each.paid_at, each.order_id, each.line_id), default=None)
    return None if first is None else first.promoter_shop_id


def _promoter(line: PaidLine, paid: Paid, around: Surroundings) -> tuple[KnownLink | None, str | None]:
    at = paid.paid_at
    named = next((link for link in around.links if link.link_id == line.promotion_link_id), None)
    shop_id = bound_to(paid.customer_id, at, around)
    own = _live(shop_id, line, paid, around) if shop_id is not None else None
    if own is not None and _is_protected(line, at, around):
        # A link of its own is still a link in this order, which the promoter's page tells apart.
        return own, LINK if named is not None and named.link_id == own.link_id else BOUND
    if named is not None:
        return named, LINK
    clicked = next(_clicked(line, paid, around), None)
    if clicked is not None:
        return clicked, CLICK
    return (own, BOUND) if own is not None else (None, None)


def _clicked(line: PaidLine, paid: Paid, around: Surroundings) -> Iterator[KnownLink]:
    """The links for ``line`` of the promoters whose links were clicked, the last one first."""
    at = paid.paid_at
    counting = [
        click
        for click in around.clicks
        if click.customer_id == paid.customer_id
        and click.known_at <= at
        and at - CLICK_COUNTS < click.clicked_at <= at
    ]
    for click in sorted(counting, key=lambda each: (each.clicked_at, each.link_id), reverse=True):
        link = _live(click.shop_id, line, paid, around)
        if link is not None:
            yield link


def _live(shop_id: str, line: PaidLine, paid: Paid, around: Surroundings) -> KnownLink | None:
    """The shop's link for the goods of ``line``, if it earned something at the payment."""
    for link in around.links:
        if (link.shop_id, link.listing_id) == (shop_id, line.listing_id) and link.created_at <= paid.paid_at:
            return link if _refused(link, paid, around) is None else None
    return None


def _refused(link: KnownLink, paid: Paid, around: Surroundings) -> str | None:
    accepted = link.accepted(paid.paid_at)
    if accepted is None:
        return None
    if accepted.withdrawn:
        return WITHDRAWN
    offer = _offer(accepted, paid.paid_at, around)
    if offer is None or not offer.is_open(paid.paid_at):
        return OFFER_ENDED
    return None if offer.territory.has_customer_in(paid.zone_id) else TERRITORY


def _offer(accepted: Acceptance, at: datetime, around: Surroundings) -> Offer | None:
    versions = [each for each in around.offers if each.offer_id == accepted.offer_id]
    return next(iter(in_force(versions, at)), None) or min(
        versions, key=lambda each: each.version, default=None
    )


def terms_of(link: KnownLink, paid: Paid, around: Surroundings) -> LinkTerms:
    """What ``link`` earned at the payment, and with whom it shares."""
    at = paid.paid_at
    accepted = link.accepted(at)
    offer = None if accepted is None else _offer(accepted, at, around)
    recruited = [each for each in around.recruitments if each.shop_id == link.shop_id and each.since <= at]
    recruiter = max(recruited, key=lambda each: each.since, default=None)
    shares = offer is not None and offer.recruiter_bp > 0 and recruiter is not None
    return LinkTerms(
        link_id=link.link_id,
        promoter_shop_id=link.shop_id,
        promoter_owner_id=link.owner_id,
        listing_id=link.listing_id,
        rate_bp=link.rate_bp if offer is None or accepted is None else offer.rate(accepted.rate_bp),
        offer_id=offer.offer_id if offer else None,
        offer_version=offer.version if offer else None,
        recruiter_shop_id=recruiter.recruiter_shop_id if recruiter and shares else None,
        recruiter_owner_id=recruiter.recruiter_owner_id if recruiter and shares else None,
        recruiter_bp=offer.recruiter_bp if offer and shares else 0,
        refused=_refused(link, paid, around),
    )


def _is_protected(line: PaidLine, at: datetime, around: Surroundings) -> bool:
    return any(
        offer.protects_own_customers and offer.is_open(at)
        for offer in in_force(around.offers, at)
        if offer.listing_id == line.listing_id
    )


def _cost(
    link: KnownLink | None, line: PaidLine, quantity: int, at: datetime, around: Surroundings
) -> int | None:
    """What the supplier gets for the line: by the promoter's offer, or by the newest that is open."""
    accepted = link.accepted(at) if link else None
    offer = _offer(accepted, at, around) if accepted else None
    if offer is None:
        offers = [each for each in around.offers if each.listing_id == line.listing_id]
        known = [each for each in in_force(offers, at) if each.is_open(at) and each.supplier_cost is not None]
        offer = max(known, key=lambda each: (each.since, each.offer_id), default=None)
    if offer is None or offer.supplier_cost is None:
        return None
    return offer.supplier_cost * quantity
