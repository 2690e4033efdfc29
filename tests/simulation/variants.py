"""Broken platforms. The simulation is believed because it finds each of them out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.campaigns.domain import pipeline
from services.dispatch.adapters.slots import told
from services.dispatch.contracts.published import publish
from services.dispatch.domain import trips
from services.dispatch.domain.delivery import Delivery
from services.dispatch.domain.planning.outlook import ZoneState
from services.dispatch.domain.planning.upkeep import Change
from services.dispatch.domain.zone import Slot
from services.ordering.domain import lines as order_lines
from services.storefront.domain.listing import ListingStatus
from services.storefront.domain.preparation import Places, SeatWanted
from services.storefront.domain.reservation import Lines
from shared.kernel.money import Money
from shared.messaging.subscription import Batch
from shared.persistence import Transaction
from tests.simulation.broker import Message, Queue
from tests.simulation.database import MemoryConnection, MemoryDatabase
from tests.simulation.platform import Platform
from tests.simulation.ports import storefront as storefront_ports
from tests.simulation.ports.dispatch import MemoryStore
from tests.simulation.ports.planning import MemoryKeeping
from tests.simulation.ports.slots import MemorySlotBook
from tests.simulation.ports.storefront import MemoryReservations
from tests.simulation.world import SOUND, Variant


@contextmanager
def _instead(place: Any, name: str, broken: Any) -> Iterator[None]:
    there = getattr(place, name)
    setattr(place, name, broken)
    try:
        yield
    finally:
        setattr(place, name, there)


def _forget_what_was_taken_in(platform: Platform) -> None:
    for database in platform.databases.values():
        database.forgets_what_it_took_in = True


def _publish_beside_the_transaction(platform: Platform) -> None:
    for database in platform.databases.values():
        _publish_after_commit(database)


def _publish_after_commit(database: MemoryDatabase) -> None:
    def nothing(transaction: Transaction) -> None:
        pass

    def publish(transaction: Transaction) -> None:
        if transaction.has_events:
            database.world.may_die("after commit, before publishing", 3.0)
            transaction.connection = MemoryConnection(database, None)  # type: ignore[assignment]
            transaction.append_outbox()
            database.on_events()

    database.append, database.after_commit = nothing, publish  # type: ignore[method-assign]


def _acknowledge_before_commit(platform: Platform) -> None:
    def handle(take: Callable[[Batch], None], queue: Queue, messages: list[Message]) -> None:
        platform.broker.acknowledge(queue, messages)
        platform.world.step("after acknowledging, before commit", 4.0)
        take(Batch(queue.name, "take_in", messages))

    platform.handle = handle  # type: ignore[method-assign]


def _mark_before_confirm(platform: Platform) -> None:
    for relay in platform.relays:
        relay.marks_first = True


def _round_each_share(amount: int, weights: Sequence[int], caps: Sequence[int]) -> list[int]:
    whole = sum(weights)
    return [min(cap, round(amount * weight / whole)) for weight, cap in zip(weights, caps, strict=True)]


def _share_of_this_part_alone(total: int, whole: int, before: int, part: int) -> int:
    return round(total * part / whole)


def _take_what_was_read_before(self: MemoryReservations, lines: Lines) -> Mapping[str, Money]:
    connection = self._connection
    listings = connection.rows("listing")
    read = {key: connection.rows("level")[key] for key in sorted(lines) if key in listings}
    connection.database.world.pause(connection.database.world.chance.choice((0.3, 2.0)))
    taken = {}
    for key, level in read.items():
        if listings[key].status is ListingStatus.PUBLISHED and level.available >= lines[key]:
            connection.put("level", key, replace(level, reserved=level.reserved + lines[key]))
            taken[key] = listings[key].terms.price
    return taken


def _nothing_has_changed(self: MemoryKeeping, change: Change, state: ZoneState) -> Change:
    return change


def _a_slot_is_whatever_was_read_of_it(self: MemorySlotBook, slots: Sequence[Slot]) -> None:
    connection = self._connection
    connection.database.world.pause(connection.database.world.chance.choice((0.3, 2.0)))
    for slot in slots:
        connection.put("slot", slot.slot_id, slot)
        publish(self._tx, told(slot))


def _a_slot_always_has_room(self: MemoryStore, slot_id: str, now: datetime) -> bool:
    slot = self.connection.rows("slot")[slot_id]
    self.connection.put("slot", slot_id, replace(slot, taken=slot.taken + 1))
    return slot.cutoff_at > now


def _an_hour_always_has_room(wanted: Iterable[SeatWanted], taken: Places) -> tuple[dict[str, Any], list[str]]:
    return {seat.shop_id: seat.hours[0] for seat in wanted if seat.hours}, []


def _a_trip_keeps_its_end_to_itself(delivery: Delivery, completed: object = None) -> None:
    """The other trip believes for ever that this one goes on."""


def _moved_without_giving_back(
    self: MemoryStore, before: str | None, after: str | None, now: datetime
) -> bool:
    return after is None or self.take_slot(after, now)


VARIANTS: dict[str, Variant] = {
    variant.name: variant
    for variant in (
        SOUND,
        Variant(name="no-inbox", wiring=_forget_what_was_taken_in),
        Variant(name="publish-beside", wiring=_publish_beside_the_transaction),
        Variant(name="acknowledge-first", wiring=_acknowledge_before_commit),
        Variant(name="mark-first", wiring=_mark_before_confirm),
        Variant(
            name="naive-rounding", breaking=lambda: _instead(pipeline, "share_capped", _round_each_share)
        ),
        Variant(
            name="refund-alone",
            breaking=lambda: _instead(order_lines, "share_of_part", _share_of_this_part_alone),
        ),
        Variant(
            name="stock-read-modify-write",
            breaking=lambda: _instead(MemoryReservations, "_take", _take_what_was_read_before),
        ),
        Variant(
            name="plan-without-comparing",
            breaking=lambda: _instead(MemoryKeeping, "unchanged", _nothing_has_changed),
        ),
        Variant(
            name="slot-read-modify-write",
            breaking=lambda: _instead(MemorySlotBook, "keep_capacities", _a_slot_is_whatever_was_read_of_it),
        ),
        Variant(
            name="hour-oversold",
            breaking=lambda: _instead(storefront_ports, "choose", _an_hour_always_has_room),
        ),
        Variant(
            name="rebook-keeps-both",
            breaking=lambda: _instead(MemoryStore, "move_slot", _moved_without_giving_back),
        ),
        Variant(
            name="trips-end-alone",
            breaking=lambda: _instead(trips, "_tell_other", _a_trip_keeps_its_end_to_itself),
        ),
        Variant(
            name="slot-oversold",
            breaking=lambda: _instead(MemoryStore, "take_slot", _a_slot_always_has_room),
        ),
    )
}
