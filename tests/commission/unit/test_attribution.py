"""Whose sale it is: rule 18, and that nothing which happens after the payment changes it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.commission.contracts.consumed import order_paid
from services.commission.domain.attribution import (
    Acceptance,
    Attributed,
    Click,
    KnownLink,
    Surroundings,
    Unbinding,
    attribute,
)
from services.commission.domain.facts import Paid
from services.commission.domain.offers import Offer, Territory
from tests.commission.builders import CUSTOMER, NOON, Line, Order, Part

LONG_AGO = NOON - timedelta(days=300)
SHOPS = ("baker", "florist", "kiosk")


def a_link(shop: str, *, listing: str = "rare-fruit", accepted: bool = True, **changes: object) -> KnownLink:
    link = KnownLink(
        link_id=f"link-{shop}-{listing}",
        shop_id=shop,
        owner_id=f"owner-of-{shop}",
        listing_id=listing,
        rate_bp=None,
        created_at=LONG_AGO,
        acceptances=(Acceptance(since=LONG_AGO, offer_id="offer"),) if accepted else (),
    )
    return replace(link, **changes)  # type: ignore[arg-type]


def an_offer(**changes: object) -> Offer:
    offer = Offer(
        offer_id="offer",
        version=1,
        listing_id="rare-fruit",
        currency="CNY",
        since=LONG_AGO,
        rate_min_bp=500,
        rate_max_bp=1500,
    )
    return replace(offer, **changes)  # type: ignore[arg-type]


def a_click(shop: str, at: datetime, **changes: object) -> Click:
    click = Click(
        customer_id=CUSTOMER, link_id=f"link-{shop}-rare-fruit", shop_id=shop, clicked_at=at, known_at=at
    )
    return replace(click, **changes)  # type: ignore[arg-type]


def a_sale(shop: str, at: datetime, by: str = "link") -> Attributed:
    return Attributed(
        order_id=f"order-of-{shop}-{at:%j%H%M}",
        line_id=f"line-of-{shop}-{at:%j%H%M}",
        customer_id=CUSTOMER,
        listing_id="rare-fruit",
        link_id=f"link-{shop}-rare-fruit",
        promoter_shop_id=shop,
        promoter_owner_id=f"owner-of-{shop}",
        by=by,
        paid_at=at,
    )


def a_payment(link: str | None = None, zone: str = "zone-1") -> Paid:
    line = Line(goods=2400, quantity=3, listing_id="rare-fruit", sourced=True, link_id=link)
    order = Order(parts=[Part(shop_id="sourced", lines=[line])])
    paid = order_paid(order.paid().data).paid
    assert paid is not None
    return replace(paid, zone_id=zone)


def town(**changes: object) -> Surroundings:
    around = Surroundings(links=tuple(a_link(shop) for shop in SHOPS), offers=(an_offer(),))
    return replace(around, **changes)  # type: ignore[arg-type]


def whose(around: Surroundings, link: str | None = None) -> tuple[str | None, str | None]:
    """The promoter and by what."""
    paid, _ = attribute("order", a_payment(link), around)
    (line,) = paid.sourcing
    shops = {terms.link_id: terms.promoter_shop_id for terms in paid.links}
    return shops.get(line.link_id or ""), line.by


def test_the_link_in_the_order_comes_before_clicks_and_those_before_the_bound_promoter():
    clicks = (a_click("florist", NOON - timedelta(days=1)),)
    sales = (a_sale("kiosk", NOON - timedelta(days=90)),)
    all_three = town(clicks=clicks, attributed=sales)
    assert whose(all_three, "link-baker-rare-fruit") == ("baker", "link")
    assert whose(all_three) == ("florist", "click")
    assert whose(town(attributed=sales)) == ("kiosk", "bound")
    assert whose(town()) == (None, None)


def test_the_last_click_counts():
    clicks = (a_click("florist", NOON - timedelta(days=2)), a_click("kiosk", NOON - timedelta(days=1)))
    assert whose(town(clicks=clicks)) == ("kiosk", "click")


def test_a_promoter_who_does_not_promote_the_goods_gives_way_to_an_earlier_click():
    clicks = (a_click("florist", NOON - timedelta(days=2)), a_click("kiosk", NOON - timedelta(days=1)))
    only = tuple(a_link(shop) for shop in ("baker", "florist"))
    assert whose(town(links=only, clicks=clicks)) == ("florist", "click")


@pytest.mark.parametrize(
    ("age", "counts"),
    [(timedelta(0), True), (timedelta(days=29, hours=23), True), (timedelta(days=30), False)],
)
def test_a_click_counts_for_thirty_days(age: timedelta, counts: bool):
    found = whose(town(clicks=(a_click("florist", NOON - age),)))
    assert found == (("florist", "click") if counts else (None, None))


def test_a_click_of_a_visitor_who_signed_in_after_paying_does_not_count():
    yesterday = NOON - timedelta(days=1)
    joined_later = a_click("florist", yesterday, known_at=NOON + timedelta(seconds=1))
    joined_before = a_click("florist", yesterday, known_at=NOON - timedelta(seconds=1))
    assert whose(town(clicks=(joined_later,))) == (None, None)
    assert whose(town(clicks=(joined_before,))) == ("florist", "click")


def test_the_first_promoter_binds_until_an_operator_unbinds():
    sales = (
        a_sale("florist", NOON - timedelta(days=200)),
        a_sale("kiosk", NOON - timedelta(days=100)),
        a_sale("baker", NOON - timedelta(days=50)),
    )
    assert whose(town(attributed=sales)) == ("florist", "bound")
    unbound = (Unbinding(customer_id=CUSTOMER, at=NOON - timedelta(days=150)),)
    assert whose(town(attributed=sales, unbound=unbound)) == ("kiosk", "bound")


def test_a_sale_to_a_bound_customer_binds_nobody_anew():
    sales = (a_sale("florist", NOON - timedelta(days=200), by="bound"),)
    assert whose(town(attributed=sales)) == (None, None)


def test_a_shops_own_customers_are_protected_where_the_operator_says_so():
    """Rule 19."""
    sales = (a_sale("kiosk", NOON - timedelta(days=90)),)
    protects = town(offers=(an_offer(protects_own_customers=True),), attributed=sales)
    assert whose(protects, "link-baker-rare-fruit") == ("kiosk", "bound")
    assert whose(protects, "link-kiosk-rare-fruit") == ("kiosk", "link")
    assert whose(town(attributed=sales), "link-baker-rare-fruit") == ("baker", "link")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"offers": (an_offer(ends_at=NOON),)}, "offer-ended"),
        ({"offers": (an_offer(starts_at=NOON + timedelta(hours=1)),)}, "offer-ended"),
        ({"offers": (an_offer(territory=Territory(zone_ids=("zone-2",))),)}, "territory"),
        (
            {
                "links": (
                    a_link(
                        "baker",
                        acceptances=(
                            Acceptance(since=LONG_AGO, offer_id="offer"),
                            Acceptance(since=NOON, offer_id="offer", withdrawn=True),
                        ),
                    ),
                )
            },
            "withdrawn",
        ),
    ],
)
def test_a_link_that_holds_no_more_is_named_with_the_reason_and_clicks_on_it_count_nothing(
    changes: dict[str, object], reason: str
):
    around = town(**changes)
    paid, attributed = attribute("order", a_payment("link-baker-rare-fruit"), around)
    assert [terms.refused for terms in paid.links] == [reason]
    assert attributed == ()
    assert whose(replace(around, clicks=(a_click("baker", NOON),))) == (None, None)


def test_the_version_at_the_payment_holds_and_moves_the_accepted_rate_into_its_bounds():
    accepted = Acceptance(since=LONG_AGO, offer_id="offer", rate_bp=1500)
    link = a_link("baker", acceptances=(accepted,))
    lower = an_offer(version=2, since=NOON - timedelta(days=1), rate_max_bp=900, supplier_cost=500)
    later = an_offer(
        version=3, since=NOON + timedelta(days=1), rate_min_bp=0, rate_max_bp=100, supplier_cost=1
    )
    paid, _ = attribute(
        "order", a_payment(link.link_id), town(links=(link,), offers=(an_offer(), lower, later))
    )
    (terms,), (line,) = paid.links, paid.sourcing
    assert (terms.rate_bp, terms.offer_version, line.cost) == (900, 2, 1500)


def test_goods_that_nobody_promoted_have_their_suppliers_cost_all_the_same():
    paid, _ = attribute("order", a_payment(), town(offers=(an_offer(supplier_cost=500),)))
    assert [(line.link_id, line.cost) for line in paid.sourcing] == [(None, 1500)]


moments = st.integers(-60 * 24, 60 * 24).map(lambda hours: NOON + timedelta(hours=hours))
shops = st.sampled_from(SHOPS)


@st.composite
def surroundings(draw: st.DrawFn) -> Surroundings:
    links = []
    for shop in draw(st.lists(shops, unique=True)):
        times = draw(st.lists(moments, unique=True, max_size=3))
        links.append(
            a_link(
                shop,
                created_at=draw(moments),
                acceptances=tuple(
                    Acceptance(since=at, offer_id="offer", withdrawn=draw(st.booleans())) for at in times
                ),
            )
        )
    versions = draw(st.lists(moments, unique=True, min_size=1, max_size=3))
    return Surroundings(
        links=tuple(links),
        offers=tuple(
            an_offer(
                version=number,
                since=since,
                protects_own_customers=draw(st.booleans()),
                supplier_cost=draw(st.sampled_from([None, 500])),
                ends_at=draw(st.none() | moments),
            )
            for number, since in enumerate(sorted(versions), 1)
        ),
        clicks=tuple(
            a_click(draw(shops), at, known_at=at + timedelta(hours=draw(st.integers(0, 48))))
            for at in draw(st.lists(moments, unique=True, max_size=4))
        ),
        attributed=tuple(
            a_sale(draw(shops), at, draw(st.sampled_from(["link", "click", "bound"])))
            for at in draw(st.lists(moments, unique=True, max_size=4))
        ),
        unbound=tuple(
            Unbinding(customer_id=CUSTOMER, at=at) for at in draw(st.lists(moments, unique=True, max_size=2))
        ),
    )


def before(around: Surroundings, at: datetime) -> Surroundings:
    """What was known at that time."""
    return Surroundings(
        links=tuple(
            replace(
                link,
                # The first is how the link came to be: an order may name it a moment before it is written.
                acceptances=tuple(
                    each
                    for number, each in enumerate(sorted(link.acceptances, key=lambda one: one.since))
                    if each.since <= at or number == 0
                ),
            )
            for link in around.links
        ),
        offers=tuple(each for each in around.offers if each.since <= at or each.version == 1),
        clicks=tuple(each for each in around.clicks if each.known_at <= at),
        attributed=tuple(each for each in around.attributed if each.paid_at < at),
        unbound=tuple(each for each in around.unbound if each.at <= at),
    )


named = st.none() | shops.map(lambda shop: f"link-{shop}-rare-fruit")


@given(surroundings(), named)
def test_nothing_that_happens_after_the_payment_changes_whose_sale_it_was(
    around: Surroundings, link: str | None
):
    payment = a_payment(link)
    assert attribute("order", payment, around) == attribute("order", payment, before(around, NOON))


@given(surroundings(), named, st.randoms(use_true_random=False))
def test_the_order_in_which_things_were_heard_of_does_not_matter(
    around: Surroundings, link: str | None, chance: object
):
    payment = a_payment(link)
    shuffled = Surroundings(
        **{
            name: tuple(sorted(getattr(around, name), key=lambda _: chance.random()))  # type: ignore[attr-defined]
            for name in ("links", "offers", "clicks", "attributed", "unbound", "recruitments")
        }
    )
    assert attribute("order", payment, around) == attribute("order", payment, shuffled)


@given(surroundings(), named)
def test_a_line_has_one_promoter_whose_link_is_for_its_goods(around: Surroundings, link: str | None):
    paid, attributed = attribute("order", a_payment(link), around)
    (line,) = paid.sourcing
    assert len(paid.links) <= 1
    assert (line.link_id is None) == (line.by is None) == (not paid.links)
    assert len(attributed) <= 1
    if line.by in {"click", "bound"}:
        assert paid.links[0].refused is None
