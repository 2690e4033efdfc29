"""Which slots a basket can have: couriers have room, and every shop is open in time (rule 12)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.ordering.domain.places import Window

CLOSED = "closed"


class ChoiceState(StrEnum):
    """Why a slot cannot be had, in the order in which it is looked at; or that it can."""

    CUT_OFF = "cut_off"
    SHOP_CLOSED = "shop_closed"
    FULL = "full"
    SHOP_FULL = "shop_full"
    PAUSED = "paused"
    FREE = "free"


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """A shop that cannot prepare for a slot: it is ``closed``, or ``full``."""

    shop_id: str
    name: str
    reason: str
    opens_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class OfferedSlot:
    """A slot as dispatch has it: ``state`` is ``free``, ``full`` or ``cut_off``."""

    slot_id: str
    zone_id: str
    window: Window
    cutoff_at: datetime
    capacity: int
    left: int
    state: str


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A slot, or (without) "as soon as possible", for one basket; ``shops`` are those in its way."""

    slot: OfferedSlot | None
    state: ChoiceState
    shops: Sequence[Obstacle]


def choice(slot: OfferedSlot | None, shops: Sequence[Obstacle], *, paused: bool = False) -> Choice:
    """What a basket whose ``shops`` are in the way may have of a slot."""
    return Choice(slot=slot, state=_state(slot, shops, paused), shops=shops)


def _state(slot: OfferedSlot | None, shops: Sequence[Obstacle], paused: bool) -> ChoiceState:
    if slot is not None and slot.state == "cut_off":
        return ChoiceState.CUT_OFF
    if any(shop.reason == CLOSED for shop in shops):
        return ChoiceState.SHOP_CLOSED
    if slot is not None and slot.state == "full":
        return ChoiceState.FULL
    if shops:
        return ChoiceState.SHOP_FULL
    if slot is None and paused:
        return ChoiceState.PAUSED
    return ChoiceState.FREE
