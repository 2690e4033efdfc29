"""Launching, ending and listing campaigns."""

from __future__ import annotations

from dataclasses import replace

from services.campaigns.application.ports import Store
from services.campaigns.domain.campaign import CampaignAccount, Funder
from services.campaigns.domain.commands import Actor, EndCampaign, LaunchCampaign, ListCampaigns, ShopFact
from services.campaigns.domain.errors import CampaignExists, CampaignNotFound, OperatorOnly, ShopNotFound
from services.campaigns.domain.events import CampaignEnded, CampaignLaunched
from shared.kernel.clock import Clock


def launch(command: LaunchCampaign, *, store: Store, clock: Clock) -> CampaignAccount:
    """Launch a campaign; the same terms under the same id are launched once.

    A merchant launches what the own shop pays for; only an operator spends the platform's money.
    """
    campaign = command.campaign
    _check_right(command.actor, campaign.shop_id, store)
    if campaign.funder is Funder.PLATFORM and not command.actor.is_operator:
        raise OperatorOnly("Only an operator may launch what the platform pays for.")
    known = store.campaigns.find(campaign.campaign_id)
    if known is None:
        now = clock.now()
        campaign.check_terms(now)
        if store.campaigns.add(campaign, now):
            store.events.announce(CampaignLaunched(campaign=campaign))
        known = store.campaigns.find(campaign.campaign_id)
    if known is None or not known.campaign.same_terms(campaign):
        raise CampaignExists()
    return known


def end(command: EndCampaign, *, store: Store, clock: Clock) -> CampaignAccount:
    """End a campaign now; orders that hold its reduction keep it. Ending it again changes nothing."""
    known = campaign_of(command.actor, command.campaign_id, store=store)
    now = clock.now()
    if not store.campaigns.end(command.campaign_id, now):
        return campaign_of(command.actor, command.campaign_id, store=store)
    store.events.announce(
        CampaignEnded(campaign_id=command.campaign_id, shop_id=known.campaign.shop_id, ended_at=now)
    )
    return replace(known, campaign=replace(known.campaign, ended_at=now))


def campaign_of(actor: Actor, campaign_id: str, *, store: Store) -> CampaignAccount:
    """One campaign, for its shop's owner or an operator."""
    known = store.campaigns.find(campaign_id)
    if known is None or not _may(actor, known.campaign.shop_id, store):
        raise CampaignNotFound()
    return known


def campaigns_of(query: ListCampaigns, *, store: Store) -> list[CampaignAccount]:
    """A page of one shop's campaigns, or of those for every shop (operators only).

    One more than the limit says that there is a further page.
    """
    _check_right(query.actor, query.shop_id, store)
    return store.campaigns.page(query.shop_id, query.after, query.limit + 1)


def learn_shop(fact: ShopFact, *, store: Store) -> None:
    """Who owns a shop, as storefront says."""
    store.shops.record(fact)


def _check_right(actor: Actor, shop_id: str | None, store: Store) -> None:
    if _may(actor, shop_id, store):
        return
    if shop_id is None:
        raise OperatorOnly("Only an operator runs campaigns for every shop.")
    raise ShopNotFound()


def _may(actor: Actor, shop_id: str | None, store: Store) -> bool:
    if actor.is_operator:
        return True
    return shop_id is not None and store.shops.owner_of(shop_id) == actor.account_id
