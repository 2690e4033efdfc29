"""What came of a simulated day, as plain values that can be written down, checked and counted."""

from __future__ import annotations

from dataclasses import dataclass, field

from services.dispatch.domain.places import Position


@dataclass(frozen=True, kw_only=True)
class Move:
    """A courier's ride from one place to another, and what is done there, until it ``ends``.

    ``stop_id`` is empty where nothing is to be done.
    """

    courier_id: str
    leaves: float
    arrives: float
    ends: float
    start: Position
    end: Position
    stop_id: str = ""


@dataclass(kw_only=True)
class Fate:
    """What became of one basket; pickup minutes by parcel. ``assigned`` is when a courier was told of it."""

    basket_id: str
    courier_id: str | None = None
    assigned: float | None = None
    picked: dict[int, float] = field(default_factory=dict)
    door: float | None = None


@dataclass(kw_only=True)
class Record:
    """A day as it went. ``epochs`` are seconds of the processor that one plan took, with its moment."""

    fates: dict[str, Fate] = field(default_factory=dict)
    moves: list[Move] = field(default_factory=list)
    epochs: list[tuple[float, float]] = field(default_factory=list)
