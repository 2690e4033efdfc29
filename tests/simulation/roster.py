"""Who keeps the rota: shifts are planned and withdrawn, and an operator has a word about the slot."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from shared.kernel.clock import to_wire
from tests.simulation.town import OPERATOR

if TYPE_CHECKING:
    from tests.simulation.actors import People


class Roster:
    """An operator and couriers, from some time on until the slot is closed."""

    def __init__(self, people: People) -> None:
        self._people = people
        self._chance = people.chance
        self._town = people.town
        self._planned: list[tuple[str, str]] = []
        self._count = 0

    def keep(self) -> None:
        acts = (self._plan, self._plan, self._withdraw, self._say, self._undo)
        for _ in range(self._chance.randint(3, 7)):
            self._people.world.pause(self._chance.random() * 200)
            self._chance.choice(acts)()

    def _plan(self) -> None:
        """Somebody will work from some time on, until the slot is over or before."""
        self._count += 1
        entry_id = f"entry-{self._count}"
        courier_id = self._chance.choice(self._town.couriers)
        now = self._people.world.now()
        begins = now + timedelta(minutes=self._chance.randint(1, 20))
        shift = {
            "entry_id": entry_id,
            "courier_id": courier_id,
            "starts_at": to_wire(begins),
            "ends_at": to_wire(begins + timedelta(minutes=self._chance.randint(10, 40))),
        }
        actor = self._chance.choice((OPERATOR, OPERATOR, {"account_id": courier_id, "role": "courier"}))
        self._people.ask(actor, "dispatch", "announce_shifts", zone_id=self._town.zone_id, shifts=[shift])
        self._planned.append((entry_id, courier_id))

    def _withdraw(self) -> None:
        if self._planned:
            entry_id, courier_id = self._chance.choice(self._planned)
            actor = self._chance.choice((OPERATOR, {"account_id": courier_id, "role": "courier"}))
            self._people.ask(actor, "dispatch", "withdraw_shift", entry_id=entry_id)

    def _say(self) -> None:
        self._count += 1
        self._people.ask(
            OPERATOR,
            "dispatch",
            "override_slot",
            override_id=f"override-{self._count}",
            slot_id=self._town.slot_id,
            kind=self._chance.choice(("cap", "fixed")),
            capacity=self._chance.randint(0, 4),
            reason="market day",
        )

    def _undo(self) -> None:
        self._people.ask(OPERATOR, "dispatch", "undo_slot_override", slot_id=self._town.slot_id)
