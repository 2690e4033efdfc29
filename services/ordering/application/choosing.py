"""Which slots a basket can have, and the next one when it cannot come as soon as possible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.ordering.application.ports import Transactions
from services.ordering.application.slot_ports import SlotDesk
from services.ordering.domain.commands import AskSlots
from services.ordering.domain.errors import QuoteNotFound
from services.ordering.domain.places import Position
from services.ordering.domain.slot_choice import Choice, ChoiceState, choice


@dataclass(frozen=True, kw_only=True)
class Choices:
    slots: Sequence[Choice]
    soon: Choice


def slots_of_basket(command: AskSlots, *, transactions: Transactions, desk: SlotDesk) -> Choices:
    """Every slot of the basket's place that is not over, and what stands in its way."""
    if command.quote_id is not None:
        with transactions.single() as work:
            found = work.quotes.get(command.quote_id)
        if found is None or found[0].customer_id != command.actor.account_id:
            raise QuoteNotFound
        quote = found[0]
        return choices(quote.drop_off.position, quote.items, desk=desk)
    assert command.place is not None, "a request names a quote or a place"
    return choices(command.place, command.items or {}, desk=desk)


def choices(place: Position, items: Mapping[str, int], *, desk: SlotDesk) -> Choices:
    slots, paused = desk.slots(place)
    if not items:
        return Choices(slots=[choice(slot, ()) for slot in slots], soon=choice(None, (), paused=paused))
    by_slot, soon = desk.obstacles(items, [slot.window for slot in slots])
    return Choices(
        slots=[choice(slot, shops) for slot, shops in zip(slots, by_slot, strict=True)],
        soon=choice(None, soon, paused=paused),
    )


def next_free(found: Choices) -> Choice | None:
    """The first slot that the basket can have."""
    return next((one for one in found.slots if one.state is ChoiceState.FREE), None)
