"""Who may see which profile, and what it holds.

A merchant sees the customers of the own shop, a customer the own profile, an operator all. What one may
not see is not there.
"""

from __future__ import annotations

from services.crm.application.ports import Ledger, Profiles
from services.crm.domain.errors import CustomerNotFound, ShopNotFound
from services.crm.domain.facts import Fact
from services.crm.domain.profile import Actor, Profile, ShopSummary, Tally
from services.crm.domain.queries import AskCustomers, AskProfile, AskShop


def learn(fact: Fact, *, ledger: Ledger) -> None:
    """Take in what happened; hearing it again, or in another order, makes no difference."""
    ledger.record(fact)


def profile(query: AskProfile, *, profiles: Profiles) -> Profile:
    """One customer of one shop, with a page of the timeline."""
    if query.actor.account_id != query.customer_id:
        _check_right(query.actor, query.shop_id, profiles)
    tallies = profiles.tallies(query.shop_id, query.customer_id)
    if not tallies:
        raise CustomerNotFound()
    delivered, cancelled = profiles.endings(query.shop_id, query.customer_id)
    moments = profiles.timeline(query.shop_id, query.customer_id, query.limit + 1, query.after)
    return Profile(
        tallies=tallies,
        delivered_count=delivered,
        cancelled_count=cancelled,
        timeline=moments[: query.limit],
        timeline_goes_on=len(moments) > query.limit,
    )


def customers(query: AskCustomers, *, profiles: Profiles) -> list[Tally]:
    """A page of a shop's customers; one more than the limit says that there is a further page."""
    _check_right(query.actor, query.shop_id, profiles)
    return profiles.customers(query.shop_id, query.prefix, query.limit + 1, query.after)


def shop_profile(query: AskShop, *, profiles: Profiles) -> ShopSummary:
    """All customers of a shop in a few figures."""
    _check_right(query.actor, query.shop_id, profiles)
    return profiles.summary(query.shop_id)


def _check_right(actor: Actor, shop_id: str, profiles: Profiles) -> None:
    owner = profiles.owner_of(shop_id)
    if owner is None or not (actor.is_operator or actor.account_id == owner):
        raise ShopNotFound()
