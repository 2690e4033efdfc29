"""What a planner is told and what it answers: a snapshot of one zone in, a plan out.

All times are minutes relative to the moment of the snapshot; nothing here reads a clock.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from services.dispatch.domain.places import Position
from services.dispatch.domain.planning.travel import TravelTable

NEVER = math.inf


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One stop to make: not served before ``ready``, then it takes ``service`` minutes.

    A pickup loads ``amount``, in the dimensions of :class:`Rider`'s capacity; a drop-off needs none.
    """

    stop_id: str
    place: Position
    ready: float = -NEVER
    service: float = 0.0
    amount: tuple[int, ...] = (1,)


@dataclass(frozen=True, kw_only=True)
class Basket:
    """One delivery's remaining stops: every pickup, in any order, then the drop-off, by one courier.

    ``holder`` names the courier it is locked to. ``barred`` couriers may not be given it. ``clicked`` is
    when the customer ordered; waiting counts from there unless a slot was chosen (``asap`` is false). What
    is ``on_board`` already leaves its courier at the drop-off, too. Somebody else than the ``announced``
    courier may take it, but not for nothing.
    """

    basket_id: str
    pickups: tuple[Visit, ...]
    drop_off: Visit
    clicked: float
    due: float
    asap: bool = True
    holder: str | None = None
    barred: frozenset[str] = frozenset()
    on_board: tuple[int, ...] = ()
    announced: str | None = None


@dataclass(frozen=True, kw_only=True)
class Rider:
    """A courier as the planner sees one: at ``place``, free to leave it at ``free_at``.

    ``route`` holds the stops already promised to this courier, in their present order; the first
    ``frozen`` of them keep their place. ``until`` is when the last stop must be finished, ``loads_until``
    when the last pickup must have begun. ``capacity`` bounds what may be on board at once in each dimension
    (pickups, or volume, weight, what must stay cold), ``load`` already is. A rider who does not take ``new``
    baskets finishes what is promised. Nothing is served in ``breaks``, from one minute to another; travel
    times are divided by ``speed_factor``.
    """

    courier_id: str
    place: Position
    free_at: float = 0.0
    until: float = NEVER
    loads_until: float = NEVER
    capacity: tuple[int, ...] = (12,)
    load: tuple[int, ...] = (0,)
    route: tuple[str, ...] = ()
    frozen: int = 0
    new: bool = True
    breaks: tuple[tuple[float, float], ...] = ()
    speed_factor: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Weights:
    """What a plan is judged by, in minutes of a customer's waiting.

    ``moving`` is what it takes to give a basket to somebody else than was announced.
    """

    waiting: float = 1.0
    lateness: float = 3.0
    driving: float = 0.15
    unassigned: float = 200.0
    overdue_unassigned: float = 5.0
    moving: float = 2.0


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One zone at one moment. ``previous`` is the order of stops that the last plan gave each courier.

    ``travel`` knows the ways between all places; without it they are ridden at ``metres_per_minute``.
    """

    baskets: tuple[Basket, ...]
    riders: tuple[Rider, ...]
    metres_per_minute: float = 320.0
    travel: TravelTable | None = None
    weights: Weights = field(default_factory=Weights)
    previous: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class PlannedStop:
    """A stop on a planned route. ``leave`` is the latest departure towards it that delays nobody."""

    stop_id: str
    basket_id: str
    leave: float
    arrive: float
    start: float
    finish: float


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Routes by courier, the baskets nobody can take, and what the whole costs by :class:`Weights`."""

    routes: Mapping[str, tuple[PlannedStop, ...]]
    unassigned: tuple[str, ...]
    cost: float
    rounds: int = 0
