"""Places in shops' hours: held with an order, moved with it, given back once (rules 9 to 12)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from services.storefront.application.ports import GivenUp, Places, Shops, Store
from services.storefront.domain import commands
from services.storefront.domain.errors import ReservationReleased, ShopClosed, ShopFull, ShopNotFound
from services.storefront.domain.preparation import (
    HOUR,
    Obstacle,
    SeatWanted,
    Window,
    choose,
    hour_of,
    hours_of,
    opens_at,
)
from services.storefront.domain.pricing import closed_shops
from services.storefront.domain.shop import Shop, ShopStatus
from shared.kernel.clock import Clock

CLOSED, FULL = "closed", "full"
HELD, KEPT, DROPPED, NEW = "held", "kept", "dropped", "new"


def hold_places(
    order_id: str, number: int, preparation: commands.Preparation, *, store: Store, clock: Clock
) -> None:
    """Take a place in an hour of every shop that counts them.

    Raises :class:`ShopClosed` and :class:`ShopFull`, naming the shops.
    """
    now = clock.now()
    shops = store.shops.several(sorted(preparation.items))
    if len(shops) < len(preparation.items):
        raise ShopNotFound
    closed = [key for key, shop in shops.items() if not shop.prepares_for(preparation.window, now)]
    if closed:
        raise ShopClosed(
            "A shop is closed then." if preparation.window else "A shop is closed now.",
            shops=closed_shops(shops, closed, now),
        )
    full = store.places.take(order_id, number, wanted(shops, preparation.items, preparation.window, now))
    if full:
        raise ShopFull(
            "A shop prepares no more at that time; choose another slot.",
            shops=[{"shop_id": shop_id, "name": shops[shop_id].terms.name} for shop_id in sorted(full)],
        )


def wanted(
    shops: Mapping[str, Shop], items: Mapping[str, int], window: Window | None, now: datetime
) -> list[SeatWanted]:
    """What these shops have to have room for; those that count nothing are left out."""
    found = []
    for shop_id in sorted(shops):
        shop = shops[shop_id]
        capacity = shop.terms.preparation_capacity
        if capacity is None:
            continue
        found.append(
            SeatWanted(
                shop_id=shop_id,
                units=capacity.units(items[shop_id]),
                per_hour=capacity.per_hour,
                hours=_hours(shop, window, now),
            )
        )
    return found


def _hours(shop: Shop, window: Window | None, now: datetime) -> tuple[datetime, ...]:
    if window is None:
        ready = now + HOUR * shop.terms.preparation_minutes / 60
        return (hour_of(ready),)
    return hours_of(shop.collection_spans(window, now))


def hold_move(command: commands.MovePreparation, *, store: Store, clock: Clock) -> None:
    """Hold places in the hours that an order moves to, beside those it has; the same move once.

    Raises what :func:`hold_places` does, and :class:`ReservationReleased` for a move that was dropped.
    """
    known = store.places.begin_move(command.order_id, command.number)
    if known == DROPPED:
        raise ReservationReleased("This move was given up before.")
    if known == NEW:
        hold_places(command.order_id, command.number, command.preparation, store=store, clock=clock)


def drop_move(command: commands.DropMove, *, store: Store) -> None:
    """Give back what a move holds; one that comes to hold afterwards is refused."""
    store.places.end_move(command.order_id, command.number, DROPPED)
    store.places.give_up(GivenUp(order_id=command.order_id, first=command.number, last=command.number))


def record_move(fact: commands.RecordMove, *, store: Store) -> None:
    """The order stays where it moved to: what it held before is given back, and of shops that dropped out."""
    store.places.end_move(fact.order_id, fact.number, KEPT)
    store.places.give_up(GivenUp(order_id=fact.order_id, last=fact.number - 1))
    store.places.give_up(GivenUp(order_id=fact.order_id, but_for=fact.shop_ids))


def record_rejection(fact: commands.RecordRejection, *, store: Store) -> None:
    store.places.give_up(GivenUp(order_id=fact.order_id, shop_id=fact.shop_id))


def obstacles(
    command: commands.AskWindows, *, shops: Shops, places: Places, clock: Clock
) -> tuple[Sequence[Sequence[Obstacle]], Sequence[Obstacle]]:
    """What stands in the way of each window, and of "as soon as possible"."""
    now = clock.now()
    found = shops.several(sorted(command.items))
    if len(found) < len(command.items):
        raise ShopNotFound
    counting = [key for key, shop in found.items() if shop.terms.preparation_capacity]
    until = max([now + 2 * HOUR, *(window.ends_at for window in command.windows)])
    since = hour_of(min([now, *(window.starts_at for window in command.windows)])) - HOUR
    taken = places.taken(counting, since, until) if counting else {}

    def of(window: Window | None) -> list[Obstacle]:
        closed = [shop for shop in found.values() if not shop.prepares_for(window, now)]
        full = set(choose(wanted(found, command.items, window, now), taken)[1]) - {
            shop.shop_id for shop in closed
        }
        return [
            *(_obstacle(shop, CLOSED, _opens(shop, now)) for shop in closed),
            *(_obstacle(found[shop_id], FULL, None) for shop_id in sorted(full)),
        ]

    return [of(window) for window in command.windows], of(None)


def _obstacle(shop: Shop, reason: str, opens: datetime | None) -> Obstacle:
    return Obstacle(shop_id=shop.shop_id, name=shop.terms.name, reason=reason, opens_at=opens)


def _opens(shop: Shop, now: datetime) -> datetime | None:
    return opens_at(shop.terms.hours, now) if shop.status is ShopStatus.OPEN else None
