"""Operators pause dispatch in a zone, and let it go on."""

from __future__ import annotations

from services.dispatch.application.ports import Store
from services.dispatch.domain.commands import Actor
from services.dispatch.domain.errors import ZoneNotFound
from services.dispatch.domain.offer import take_question_back
from services.dispatch.domain.pause import Pause
from shared.kernel.clock import Clock


def pause_zone(actor: Actor, zone_id: str, reason: str, *, store: Store, clock: Clock) -> Pause:
    """Ask nobody for anything from now on, and take back what couriers are being asked.

    What was accepted goes on, and orders wait. A zone that is paused stays as it is, with its first reason.
    """
    running = _running(actor, zone_id, store)
    if running is not None:
        return running
    now = clock.now()
    pause = Pause(zone_id=zone_id, reason=reason, paused_at=now, paused_by=actor.account_id)
    store.keep_pause(pause)
    offers = store.open_offers_in(zone_id)
    deliveries = store.deliveries({order_id for offer in offers for order_id in offer.order_ids})
    asked = [
        delivery
        for offer in offers
        for delivery in take_question_back(offer, deliveries, "dispatch in this zone is paused", now)
    ]
    store.save(offers=offers, deliveries=asked, changed_zones=[zone_id])
    return pause


def resume_zone(actor: Actor, zone_id: str, *, store: Store, clock: Clock) -> Pause | None:
    """Let dispatch go on, and plan at once; answers the pause that is over, ``None`` when there was none."""
    running = _running(actor, zone_id, store)
    if running is None:
        return None
    over = running.resume(actor.account_id, clock.now())
    store.keep_pause(over)
    store.save(changed_zones=[zone_id])
    return over


def _running(actor: Actor, zone_id: str, store: Store) -> Pause | None:
    """The zone's pause; no plan that was begun before is kept any more."""
    actor.must_operate()
    if store.zone(zone_id) is None:
        raise ZoneNotFound
    store.revoke_lease(zone_id)
    return store.pause_of(zone_id)
