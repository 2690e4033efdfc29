"""The rota and what slots take, on the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from services.dispatch.adapters.slots import SqlSlotBook
from services.dispatch.adapters.store import SqlStore
from services.dispatch.application import announcing, rebooking, slotting
from services.dispatch.contracts import answers, requests, slot_answers, slot_requests
from services.dispatch.domain.places import Position
from shared.kernel.clock import Clock
from shared.messaging.rpc import answer
from shared.messaging.timer import every
from shared.persistence import Database

Result = TypeVar("Result")
Wire = dict[str, Any]


class JudgesSlots:
    """Part of dispatch: who will work when, and so how many orders each slot takes."""

    database: Database
    clock: Clock

    @answer
    def open_slots(self, **request: Any) -> Wire:
        command = requests.load(requests.OPEN_SLOTS, request)
        opened = self._judge(
            lambda store, book: slotting.open_slots(command, store=store, book=book, clock=self.clock)
        )
        return {"items": [answers.slot(slot) for slot in opened]}

    @answer
    def slot(self, **request: Any) -> Wire:
        """A slot that still takes orders, or the refusal that says why it takes none."""
        asked = requests.load(slot_requests.ASKED_SLOT, request)
        return answers.slot(
            self._judge(lambda store, _: slotting.open_slot(asked["slot_id"], store=store, clock=self.clock))
        )

    @answer
    def slots_today(self, **request: Any) -> Wire:
        """The slots of a place that are not over, whether or not they take orders, and which of them do."""
        asked = requests.load(slot_requests.OF_PLACE, request)
        place = Position(lat=asked["lat"], lon=asked["lon"])
        found = self._judge(lambda store, _: slotting.running_slots(place, store=store, clock=self.clock))
        now = self.clock.now()
        items = [answers.slot(slot) | {"state": slot.state(now).value} for slot in found.slots]
        return {"items": items, "zone_id": found.zone_id, "paused": found.paused}

    @answer
    def rebook(self, **request: Any) -> Wire:
        """Move an order to another slot; asked by ordering, once per number."""
        command = requests.load(slot_requests.REBOOK, request)
        moved = self._judge(lambda store, _: rebooking.rebook(command, store=store, clock=self.clock))
        if moved.refusal is not None:
            raise moved.refusal
        return answers.hold(moved.delivery)

    @answer
    def announce_shifts(self, **request: Any) -> Wire:
        command = requests.load(slot_requests.ANNOUNCE, request)
        entries = self._judge(
            lambda store, book: announcing.announce(command, store=store, book=book, clock=self.clock)
        )
        return {"items": [slot_answers.entry(entry) for entry in entries]}

    @answer
    def withdraw_shift(self, **request: Any) -> Wire:
        asked = requests.load(slot_requests.OF_ENTRY, request)
        actor, entry_id = asked["actor"], asked["entry_id"]
        return slot_answers.entry(
            self._judge(
                lambda store, book: announcing.withdraw(
                    actor, entry_id, store=store, book=book, clock=self.clock
                )
            )
        )

    @answer
    def rota(self, **request: Any) -> Wire:
        asked = requests.load(requests.OF_ZONE, request)
        found = self._judge(
            lambda _, book: announcing.rota_of_zone(
                asked["actor"], asked["zone_id"], book=book, clock=self.clock
            )
        )
        return {"items": [slot_answers.entry(entry) for entry in found], "next_cursor": None}

    @answer
    def my_rota(self, **request: Any) -> Wire:
        courier_id = requests.load(requests.NOTHING, request)["actor"].must_ride()
        found = self._judge(
            lambda _, book: announcing.rota_of_courier(courier_id, book=book, clock=self.clock)
        )
        return {"items": [slot_answers.entry(entry) for entry in found], "next_cursor": None}

    @answer
    def zone_slots(self, **request: Any) -> Wire:
        asked = requests.load(requests.OF_ZONE, request)
        found = self._judge(
            lambda _, book: slotting.zone_slots(asked["actor"], asked["zone_id"], book=book, clock=self.clock)
        )
        return {"items": [_wire(view) for view in found], "next_cursor": None}

    @answer
    def override_slot(self, **request: Any) -> Wire:
        command = requests.load(slot_requests.OVERRIDE_SLOT, request)
        return _wire(
            self._judge(lambda _, book: slotting.override_slot(command, book=book, clock=self.clock))
        )

    @answer
    def undo_slot_override(self, **request: Any) -> Wire:
        asked = requests.load(slot_requests.OF_SLOT, request)
        actor, slot_id = asked["actor"], asked["slot_id"]
        return _wire(
            self._judge(lambda _, book: slotting.undo_override(actor, slot_id, book=book, clock=self.clock))
        )

    @every(seconds=15)
    def judge_slots(self) -> None:
        """What time alone changes: shifts begin or do not, end early, and a zone's pace is measured anew."""
        now = self.clock.now()
        for zone_id in self._judge(lambda _, book: book.zones_to_judge(now)):
            self._judge(
                lambda _, book, zone_id=zone_id: slotting.derive(zone_id, book=book, clock=self.clock)  # type: ignore[misc]
            )

    def _judge(self, act: Callable[[SqlStore, SqlSlotBook], Result]) -> Result:
        """In one transaction, again when it only lost a race for locks."""
        return self.database.run(lambda tx: act(SqlStore(tx), SqlSlotBook(tx)))


def _wire(view: slotting.SlotView) -> Wire:
    return slot_answers.judged_slot(view.slot, view.override, view.outlook)
