"""Pictures of what was left at doors, and the codes that shops and customers tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from services.dispatch.application.ports import Store
from services.dispatch.domain.commands import Actor, KeepPhoto
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.errors import OrderNotDispatched, PhotoNotFound, StopNotFound, WrongState
from services.dispatch.domain.job import key_of
from services.dispatch.domain.lifecycle import UNPAID
from services.dispatch.domain.picture import Photo, Picture, read_picture
from services.dispatch.domain.stop import Stop, StopKind, StopStatus
from shared.kernel.clock import Clock


class Photos(Protocol):
    """Where pictures are kept, one for a delivery, by its key."""

    def keep(self, order_id: str, photo: Photo) -> None:
        """Keep it instead of any before."""

    def of(self, order_id: str) -> Photo | None: ...

    def forget_of(self, customer_id: str) -> int:
        """Forget the pictures of all of a customer's orders; answers how many there were."""


class Deliveries(Protocol):
    """Reading, without locking anything."""

    def delivery(self, order_id: str) -> Delivery | None: ...


def keep_photo(
    command: KeepPhoto, *, store: Store, photos: Photos, clock: Clock
) -> tuple[Delivery, Stop, Picture]:
    """Keep a picture for a door that the courier stands at; a later one takes its place.

    Raises :class:`PictureRefused` and :class:`PictureTooLarge` for what is none, or too much of one.
    """
    picture = read_picture(command.content)
    now = clock.now()
    courier = store.courier(command.actor.must_ride())
    delivery = store.delivery_at(command.stop_id)
    if delivery is None or delivery.courier_id != courier.courier_id:
        raise StopNotFound
    stop = delivery.stop(command.stop_id)
    if stop.kind is not StopKind.DROP_OFF:
        raise WrongState("Pictures are taken at the door; a shop tells a code.")
    if stop.status is not StopStatus.ARRIVED:
        raise WrongState(f"This stop is {stop.status}; a picture is taken when the courier is there.")
    delivery.note(replace(stop, photo_at=now))
    photos.keep(delivery.order_id, Photo(picture=picture, taken_at=now))
    store.save(deliveries=[delivery])
    return delivery, delivery.stop(command.stop_id), picture


def photo(
    actor: Actor,
    order_id: str,
    delivery_id: str | None = None,
    *,
    deliveries: Deliveries,
    photos: Photos,
) -> Photo:
    """The picture of an order, for its customer and operators; nobody else learns that there is one.

    Each trip of a split order has its own: that of ``delivery_id``, or the first one that there is.
    """
    delivery = deliveries.delivery(order_id)
    if delivery is None or not (actor.operates or actor.account_id == delivery.customer_id):
        raise PhotoNotFound
    found = photos.of(key_of(order_id, delivery_id))
    if found is None and delivery_id is None and delivery.trip is not None:
        found = photos.of(delivery.trip.other)
    if found is None:
        raise PhotoNotFound
    return found


def forget_photos(actor: Actor, customer_id: str, *, photos: Photos) -> int:
    """Forget every picture of a customer's orders, for operators; that a picture proved something stays."""
    actor.must_operate()
    return photos.forget_of(customer_id)


def pickup_code(
    order_id: str, store_order_id: str, *, deliveries: Deliveries, code_of: Callable[[str], str]
) -> tuple[Stop, str]:
    """The code that a shop tells the courier who collects its part. Whose part it is, ordering knows."""
    delivery = deliveries.delivery(order_id)
    if delivery is not None and delivery.trip is not None and store_order_id not in delivery.trip.parts:
        delivery = deliveries.delivery(delivery.trip.other)
    stops = [] if delivery is None or delivery.status in UNPAID else delivery.stops
    found = next((stop for stop in stops if stop.store_order_id == store_order_id), None)
    if found is None:
        raise OrderNotDispatched
    return found, code_of(found.stop_id)
