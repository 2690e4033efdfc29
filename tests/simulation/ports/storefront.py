"""The storefront's store and catalogue, in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.storefront.application.ports import GivenUp, Offer
from services.storefront.contracts.published import to_message
from services.storefront.domain.errors import ListingNotFound, ShopNotFound
from services.storefront.domain.events import DomainEvent, ListingSoldOut
from services.storefront.domain.listing import Level, Listing, ListingStatus
from services.storefront.domain.preparation import Places as TakenHours
from services.storefront.domain.preparation import SeatWanted, choose
from services.storefront.domain.reservation import Lines, Move, Release, Reservation, Status
from services.storefront.domain.shop import Shop
from shared.kernel.money import Money
from shared.persistence import Transaction
from tests.simulation.database import MemoryConnection


@dataclass(frozen=True, kw_only=True)
class KeptReservation:
    known: Reservation
    expires_at: datetime | None = None


class MemoryShops:
    def __init__(self, connection: MemoryConnection) -> None:
        self._connection = connection

    def get(self, shop_id: str, *, lock: bool = False) -> Shop:
        shop = self._connection.rows("shop").get(shop_id)
        if shop is None:
            raise ShopNotFound()
        return shop  # type: ignore[no-any-return]

    def several(self, shop_ids: Sequence[str]) -> Mapping[str, Shop]:
        shops = self._connection.rows("shop")
        return {key: shops[key] for key in sorted(shop_ids) if key in shops}

    def add(self, shop: Shop, at: datetime) -> bool:
        if shop.shop_id in self._connection.rows("shop"):
            return False
        self._connection.put("shop", shop.shop_id, shop)
        return True

    def save(self, shop: Shop) -> None:
        self._connection.put("shop", shop.shop_id, shop)


class MemoryListings:
    """A listing is kept with a level of its own, which only :class:`MemoryStock` moves."""

    def __init__(self, connection: MemoryConnection) -> None:
        self._connection = connection

    def get(self, listing_id: str, *, lock: bool = False) -> Listing:
        listing = self._connection.rows("listing").get(listing_id)
        if listing is None:
            raise ListingNotFound()
        return replace(listing, level=self._connection.rows("level")[listing_id])

    def add(self, listing: Listing, at: datetime) -> bool:
        if listing.listing_id in self._connection.rows("listing"):
            return False
        self._connection.put("listing", listing.listing_id, listing)
        self._connection.put("level", listing.listing_id, listing.level)
        return True

    def save(self, listing: Listing) -> None:
        self._connection.put("listing", listing.listing_id, listing)


class MemoryStock:
    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._connection: MemoryConnection = transaction.connection  # type: ignore[assignment]

    def offers(self, listing_ids: Sequence[str]) -> Mapping[str, Offer]:
        listings, levels = self._connection.rows("listing"), self._connection.rows("level")
        return {
            key: Offer(
                price=listings[key].terms.price,
                published=listings[key].status is ListingStatus.PUBLISHED,
                available=levels[key].available,
            )
            for key in listing_ids
            if key in listings
        }

    def move(self, moves: Mapping[str, Move]) -> None:
        pending = self._connection.pending.get("moves")
        if pending is None:
            pending = self._connection.pending["moves"] = {}
            self._transaction.before_commit(self._apply)
        for listing_id, move in moves.items():
            before = pending.get(listing_id, Move())
            pending[listing_id] = Move(owned=before.owned + move.owned, held=before.held + move.held)

    def count(self, listing_id: str, stock: int, command_id: str, at: datetime) -> Level | None:
        if command_id in self._connection.rows("stock_count"):
            return None
        before: Level = self._connection.rows("level")[listing_id]
        counted = before.counted(stock)
        self._connection.put("stock_count", command_id, (listing_id, stock - (before.stock - before.short)))
        self._connection.put("level", listing_id, counted)
        return counted

    def _apply(self) -> None:
        moves = self._connection.pending["moves"]
        for listing_id in sorted(moves):
            move = moves[listing_id]
            if move == Move() or listing_id not in self._connection.rows("level"):
                continue
            level = self._connection.rows("level")[listing_id].moved(owned=move.owned, held=move.held)
            self._connection.put("level", listing_id, level)
            if move.owned < 0 and level.stock == 0 and level.short == 0:
                shop_id = self._connection.rows("listing")[listing_id].shop_id
                message = to_message(ListingSoldOut(listing_id=listing_id, shop_id=shop_id))
                self._transaction.publish(message.type, message.subject, message.data)


class MemoryReservations:
    def __init__(self, connection: MemoryConnection) -> None:
        self._connection = connection

    def open(
        self, order_id: str, lines: Lines, expires_at: datetime, at: datetime
    ) -> Mapping[str, Money] | None:
        if order_id in self._connection.rows("reservation"):
            return None
        self._put(Reservation(order_id=order_id, lines=dict(lines)), expires_at)
        return self._take(lines)

    def _take(self, lines: Lines) -> Mapping[str, Money]:
        taken = {}
        listings = self._connection.rows("listing")
        for key in sorted(lines):
            level = self._connection.rows("level").get(key)
            if level is None or listings[key].status is not ListingStatus.PUBLISHED:
                continue
            if level.available >= lines[key]:
                self._connection.put("level", key, replace(level, reserved=level.reserved + lines[key]))
                taken[key] = listings[key].terms.price
        return taken

    def get(self, order_id: str) -> Reservation:
        kept = self._connection.rows("reservation").get(order_id)
        if kept is None:
            return self._put(Reservation(order_id=order_id), None)
        return kept.known  # type: ignore[no-any-return]

    def save(self, reservation: Reservation, at: datetime) -> None:
        kept = self._connection.rows("reservation")[reservation.order_id]
        self._put(reservation, kept.expires_at)

    def sell_held(self, order_ids: Sequence[str], at: datetime) -> Mapping[str, Lines]:
        sold = {}
        for order_id in sorted(set(order_ids)):
            kept = self._connection.rows("reservation").get(order_id)
            if kept is not None and kept.known.status is Status.HELD and not kept.known.returns:
                self._put(replace(kept.known, paid=True), kept.expires_at)
                sold[order_id] = kept.known.lines
        return sold

    def time_out(self, due_before: datetime, at: datetime, limit: int) -> Sequence[Reservation]:
        rows = self._connection.rows("reservation").values()
        due = [
            kept
            for kept in rows
            if kept.expires_at and kept.expires_at <= due_before and kept.known.status is Status.HELD
        ]
        due = sorted(due, key=lambda kept: kept.expires_at)[:limit]
        return [self._put(replace(kept.known, release=Release.TIMED_OUT), kept.expires_at) for kept in due]

    def _put(self, known: Reservation, expires_at: datetime | None) -> Reservation:
        kept = KeptReservation(known=known, expires_at=expires_at)
        self._connection.put("reservation", known.order_id, kept)
        return known


@dataclass(frozen=True, kw_only=True)
class KeptSeat:
    shop_id: str
    hour: datetime
    units: int
    given_up: bool = False


class MemoryPlaces:
    """:class:`services.storefront.application.ports.Places`."""

    def __init__(self, transaction: Transaction, stock: MemoryStock) -> None:
        self._transaction = transaction
        self._connection: MemoryConnection = transaction.connection  # type: ignore[assignment]
        self._stock = stock

    def take(self, order_id: str, number: int, wanted: Sequence[SeatWanted]) -> Sequence[str]:
        hours = self._connection.rows("preparation_hour")
        chosen, full = choose(wanted, hours)
        if full:
            return full
        units = {seat.shop_id: seat.units for seat in wanted}
        for shop_id, hour in chosen.items():
            seat = KeptSeat(shop_id=shop_id, hour=hour, units=units[shop_id])
            self._connection.put("preparation_seat", (order_id, number, shop_id), seat)
            self._add(shop_id, hour, seat.units)
        return []

    def taken(self, shop_ids: Sequence[str], since: datetime, until: datetime) -> TakenHours:
        hours = self._connection.rows("preparation_hour").items()
        return {key: n for key, n in hours if key[0] in shop_ids and since <= key[1] < until}

    def begin_move(self, order_id: str, number: int) -> str:
        known = self._connection.rows("preparation_move").get((order_id, number))
        if known is None:
            self._connection.put("preparation_move", (order_id, number), "held")
        return known or "new"

    def end_move(self, order_id: str, number: int, state: str) -> None:
        if self._connection.rows("preparation_move").get((order_id, number), "held") == "held":
            self._connection.put("preparation_move", (order_id, number), state)

    def give_up(self, given_up: GivenUp) -> None:
        pending = self._connection.pending.get("given_up")
        if pending is None:
            self._stock.move({})
            pending = self._connection.pending["given_up"] = []
            self._transaction.before_commit(self._apply)
        pending.append(given_up)

    def _apply(self) -> None:
        wishes = self._connection.pending["given_up"]
        for key, seat in sorted(self._connection.rows("preparation_seat").items()):
            if not seat.given_up and any(_is_meant(wish, key) for wish in wishes):
                self._connection.put("preparation_seat", key, replace(seat, given_up=True))
                self._add(seat.shop_id, seat.hour, -seat.units)

    def _add(self, shop_id: str, hour: datetime, units: int) -> None:
        taken = self._connection.rows("preparation_hour").get((shop_id, hour), 0) + units
        assert taken >= 0, "more is given up than was taken"
        self._connection.put("preparation_hour", (shop_id, hour), taken)


def _is_meant(wish: GivenUp, key: tuple[str, int, str]) -> bool:
    order_id, number, shop_id = key
    of_shop = wish.shop_id in {None, shop_id} and shop_id not in wish.but_for
    return order_id == wish.order_id and wish.first <= number <= wish.last and of_shop


class MemoryStore:
    """:class:`services.storefront.application.ports.Store`."""

    def __init__(self, transaction: Transaction) -> None:
        connection: MemoryConnection = transaction.connection  # type: ignore[assignment]
        self._transaction = transaction
        self.shops = MemoryShops(connection)
        self.listings = MemoryListings(connection)
        self.stock = MemoryStock(transaction)
        self.reservations = MemoryReservations(connection)
        self.places = MemoryPlaces(transaction, self.stock)

    def publish(self, event: DomainEvent) -> None:
        message = to_message(event)
        self._transaction.publish(message.type, message.subject, message.data)


class MemoryCatalogue:
    """What :class:`services.storefront.application.queries.Catalogue` promises about pricing."""

    def __init__(self, connection: MemoryConnection) -> None:
        self._connection = connection

    def on_sale(self, listing_ids: Sequence[str]) -> tuple[Mapping[str, Listing], Mapping[str, Shop]]:
        there = self._connection.rows("listing")
        shops = self._connection.rows("shop")
        listings = MemoryListings(self._connection)
        found = {key: listings.get(key) for key in listing_ids if key in there}
        return found, {listing.shop_id: shops[listing.shop_id] for listing in found.values()}
