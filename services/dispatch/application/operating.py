"""What operators do: open zones, let couriers ride."""

from __future__ import annotations

from services.dispatch.application.ports import Store
from services.dispatch.domain.commands import Actor, OpenZone
from services.dispatch.domain.courier import Courier
from services.dispatch.domain.errors import ZoneExists
from services.dispatch.domain.zone import Zone
from shared.kernel.clock import Clock


def open_zone(command: OpenZone, *, store: Store) -> Zone:
    """Open a zone, once per id; another zone under the same id is refused."""
    command.actor.must_operate()
    if store.add_zone(command.zone):
        return command.zone
    known = store.zone(command.zone.zone_id)
    if known != command.zone:
        raise ZoneExists
    return known


def approve_courier(actor: Actor, courier_id: str, *, store: Store, clock: Clock) -> Courier:
    """Let a courier ride; it may come before the account is heard of."""
    actor.must_operate()
    courier = store.courier(courier_id)
    courier.approve(clock.now())
    store.save(couriers=[courier])
    return courier
