"""What the use cases need of the world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.storefront.domain.events import DomainEvent
from services.storefront.domain.listing import Level, Listing
from services.storefront.domain.preparation import Places as TakenHours
from services.storefront.domain.preparation import SeatWanted
from services.storefront.domain.reservation import Lines, Move, Reservation
from services.storefront.domain.shop import Shop
from shared.kernel.money import Money


@dataclass(frozen=True, kw_only=True)
class Offer:
    """What a listing costs and how much of it is free, at one moment."""

    price: Money
    published: bool
    available: int


class Shops(Protocol):
    def get(self, shop_id: str, *, lock: bool = False) -> Shop:
        """Raises ShopNotFound. With ``lock`` nobody else changes the shop before the transaction ends."""

    def several(self, shop_ids: Sequence[str]) -> Mapping[str, Shop]:
        """Those of ``shop_ids`` that exist."""

    def add(self, shop: Shop, at: datetime) -> bool:
        """False when the id is taken."""

    def save(self, shop: Shop) -> None: ...


class Listings(Protocol):
    def get(self, listing_id: str, *, lock: bool = False) -> Listing:
        """Raises ListingNotFound. With ``lock`` its terms stay as they are until the transaction ends."""

    def add(self, listing: Listing, at: datetime) -> bool:
        """False when the id is taken."""

    def save(self, listing: Listing) -> None:
        """Store terms, status and version; the level is moved by :class:`Stock` alone."""


class Stock(Protocol):
    def offers(self, listing_ids: Sequence[str]) -> Mapping[str, Offer]:
        """The present offers of those of ``listing_ids`` that exist."""

    def move(self, moves: Mapping[str, Move]) -> None:
        """Apply ``moves`` before the transaction commits; taking the last unit publishes ListingSoldOut."""

    def count(self, listing_id: str, stock: int, command_id: str, at: datetime) -> Level | None:
        """Record the merchant's count and return the new level; None when ``command_id`` was done before."""


class Reservations(Protocol):
    def open(
        self, order_id: str, lines: Lines, expires_at: datetime, at: datetime
    ) -> Mapping[str, Money] | None:
        """Start a reservation and take each line that is published and free; None, and nothing done, when
        anything is already known about the order. Answers the prices of what was taken.

        Rows are locked in the order of their ids, so that baskets which overlap never deadlock.
        """

    def get(self, order_id: str) -> Reservation:
        """What is known, locked until the transaction ends; an unknown order gets a row without facts."""

    def save(self, reservation: Reservation, at: datetime) -> None: ...

    def sell_held(self, order_ids: Sequence[str], at: datetime) -> Mapping[str, Lines]:
        """Record the payment of those orders of which nothing is known but what they hold, and return that.

        Nothing is done to the others, which are in any other state.
        """

    def time_out(self, due_before: datetime, at: datetime, limit: int) -> Sequence[Reservation]:
        """Release up to ``limit`` held reservations that ran out by ``due_before``; locked ones wait."""


@dataclass(frozen=True, kw_only=True)
class GivenUp:
    """Places in shops' hours that an order no longer needs: of one, of all but some; of some moves."""

    order_id: str
    shop_id: str | None = None
    but_for: tuple[str, ...] = ()
    first: int = 0
    last: int = 2**31 - 1


class Places(Protocol):
    """What shops' hours still take. Number 0 is what an order was placed with, then its moves count."""

    def take(self, order_id: str, number: int, wanted: Sequence[SeatWanted]) -> Sequence[str]:
        """Take a place for each shop that ``wanted`` names; the shops without room, and then nothing holds.

        Hours are locked in one order, so that baskets which overlap never deadlock.
        """

    def taken(self, shop_ids: Sequence[str], since: datetime, until: datetime) -> TakenHours:
        """How much of each hour is taken, where anything is."""

    def begin_move(self, order_id: str, number: int) -> str:
        """``new`` the first time, else what became of this move: ``held``, ``kept`` or ``dropped``."""

    def end_move(self, order_id: str, number: int, state: str) -> None:
        """Say what became of a move, also of one that has not begun; the first word stands."""

    def give_up(self, given_up: GivenUp) -> None:
        """Give places back, each once, before the transaction commits."""


class Store(Protocol):
    """One transaction of the storefront."""

    @property
    def shops(self) -> Shops: ...
    @property
    def listings(self) -> Listings: ...
    @property
    def stock(self) -> Stock: ...
    @property
    def reservations(self) -> Reservations: ...
    @property
    def places(self) -> Places: ...

    def publish(self, event: DomainEvent) -> None:
        """Send ``event`` to the world once the transaction commits."""
