"""The rota: operators and couriers announce planned shifts, and withdraw them."""

from __future__ import annotations

from datetime import datetime
from itertools import combinations

from services.dispatch.application.ports import Store
from services.dispatch.application.slotting import SlotBook, derive
from services.dispatch.domain.commands import Actor, AnnounceShifts
from services.dispatch.domain.errors import (
    CourierNotApproved,
    CouriersOnly,
    OperatorsOnly,
    RotaEntryExists,
    RotaEntryNotFound,
    RotaOverlap,
    ZoneNotFound,
)
from services.dispatch.domain.rota import RotaEntry
from shared.kernel.clock import Clock


def announce(command: AnnounceShifts, *, store: Store, book: SlotBook, clock: Clock) -> list[RotaEntry]:
    """Put planned shifts into a zone's rota, all or none and each once per id; slots follow at once.

    Operators announce anybody's, couriers their own. Raises :class:`RotaRefused`, :class:`RotaOverlap` or
    :class:`CourierNotApproved`, each with a sentence.
    """
    actor, now = command.actor, clock.now()
    if not actor.operates and any(s.courier_id != actor.must_ride() for s in command.shifts):
        raise CouriersOnly("A courier announces shifts of their own alone.")
    wanted = [
        RotaEntry(
            entry_id=shift.entry_id,
            zone_id=command.zone_id,
            courier_id=shift.courier_id,
            span=shift.span,
            breaks=tuple(sorted(shift.breaks)),
            announced_at=now,
            announced_by=actor.account_id,
        )
        for shift in command.shifts
    ]
    # Couriers come first, as everywhere: whoever announces for the same courier waits here.
    couriers = {name: store.courier(name) for name in sorted({entry.courier_id for entry in wanted})}
    if book.zone(command.zone_id) is None:
        raise ZoneNotFound(errors=[{"field": "zone_id", "message": "There is no such zone."}])
    known = {entry.entry_id: found for entry in wanted if (found := book.entry(entry.entry_id))}
    if any(not entry.says_the_same(known.get(entry.entry_id, entry)) for entry in wanted):
        raise RotaEntryExists
    new = [entry for entry in wanted if entry.entry_id not in known]
    for entry in new:
        if couriers[entry.courier_id].approved_at is None:
            raise CourierNotApproved
        entry.must_make_sense(now)
    _must_not_overlap(new, book, now)
    if new:
        book.add_entries(new)
        derive(command.zone_id, book=book, clock=clock)
    return [known.get(entry.entry_id, entry) for entry in wanted]


def _must_not_overlap(new: list[RotaEntry], book: SlotBook, now: datetime) -> None:
    for one, other in combinations(new, 2):
        if one.courier_id == other.courier_id and one.span.overlaps(other.span):
            raise RotaOverlap("Two of these shifts overlap, for the same courier.")
    for courier_id in sorted({entry.courier_id for entry in new}):
        planned = book.rota_of(courier_id, now)
        for entry in new:
            if entry.courier_id == courier_id and any(entry.span.overlaps(one.span) for one in planned):
                raise RotaOverlap


def withdraw(actor: Actor, entry_id: str, *, store: Store, book: SlotBook, clock: Clock) -> RotaEntry:
    """Take a planned shift out of the rota, once; slots follow at once. To undo it, announce it anew.

    Couriers withdraw their own; nobody else's exist for them.
    """
    known = book.entry(entry_id)
    mine = known is not None and known.courier_id == actor.account_id
    if known is None or not (actor.operates or mine):
        raise RotaEntryNotFound
    store.courier(known.courier_id)
    book.zone(known.zone_id)
    found = book.entry(entry_id) or known
    if not found.counts:
        return found
    withdrawn = found.withdraw(actor.account_id, clock.now())
    book.keep_entry(withdrawn)
    derive(found.zone_id, book=book, clock=clock)
    return withdrawn


def rota_of_zone(actor: Actor, zone_id: str, *, book: SlotBook, clock: Clock) -> list[RotaEntry]:
    """What is planned in a zone and not over yet, for operators."""
    if not actor.operates:
        raise OperatorsOnly
    if not book.has_zone(zone_id):
        raise ZoneNotFound
    return [entry for entry in book.rota(zone_id, clock.now()) if entry.counts]


def rota_of_courier(courier_id: str, *, book: SlotBook, clock: Clock) -> list[RotaEntry]:
    """What a courier has planned and not worked yet."""
    return book.rota_of(courier_id, clock.now())
