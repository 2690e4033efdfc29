"""Opening, approving and changing shops."""

from __future__ import annotations

from dataclasses import replace

from services.storefront.application.ports import Store
from services.storefront.domain.actor import MERCHANT
from services.storefront.domain.commands import ApproveShop, ChangeShop, OpenShop
from services.storefront.domain.errors import MerchantsOnly, OperatorsOnly, ShopExists
from services.storefront.domain.events import ShopOpened
from services.storefront.domain.shop import Shop
from shared.kernel.clock import Clock


def open_shop(command: OpenShop, *, store: Store, clock: Clock) -> Shop:
    """A shop that waits for approval; the same merchant with the same id gets the shop that is there."""
    if command.actor.role != MERCHANT and not command.actor.is_operator:
        raise MerchantsOnly()
    shop = Shop(shop_id=command.shop_id, owner_id=command.actor.account_id, terms=command.terms)
    if store.shops.add(shop, clock.now()):
        return shop
    present = store.shops.get(command.shop_id)
    if present.owner_id != command.actor.account_id:
        raise ShopExists()
    return present


def approve_shop(command: ApproveShop, *, store: Store) -> Shop:
    """Let a shop open. It is told to others once, however often it is approved."""
    if not command.actor.is_operator:
        raise OperatorsOnly()
    shop = store.shops.get(command.shop_id, lock=True)
    approved = shop.approved()
    if approved is shop:
        return shop
    store.shops.save(approved)
    store.publish(
        ShopOpened(
            shop_id=shop.shop_id,
            owner_id=shop.owner_id,
            category=shop.terms.category,
            area=shop.terms.position.coarse(),
        )
    )
    return approved


def change_shop(command: ChangeShop, *, store: Store) -> Shop:
    shop = store.shops.get(command.shop_id, lock=True)
    shop.must_be_run_by(command.actor)
    changed = shop.changed(
        replace(shop.terms, **command.changes), command.status or shop.status, command.version
    )
    if changed is not shop:
        store.shops.save(changed)
    return changed
