"""Travel times from a router, remembered, and never waited for longer than a plan can afford.

What is not known yet is fetched beside the planning. Until it is there, and whenever the router fails, travel
goes by the great circle, as fast as the router was over the ways that it did tell.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from services.dispatch.application.ports import Router, RouterError
from services.dispatch.domain.places import Position
from services.dispatch.domain.planning.problem import Snapshot
from services.dispatch.domain.planning.travel import TravelTable

log = logging.getLogger(__name__)

_Key = tuple[float, float]
# A way is worth learning from when it is longer than what rounding and kerbs make of it.
_TELLING_METRES = 200.0
_MEMORY_MINUTES = 50_000.0
# With less than this known, the plane that the engine makes itself is as good, and made at once.
_ENOUGH_KNOWN = 0.5


class Source(StrEnum):
    """Where travel times come from."""

    GREAT_CIRCLE = "great_circle"
    ROUTER = "router"
    DEGRADED = "degraded"


@dataclass(frozen=True, kw_only=True)
class TravelPolicy:
    """``patience_seconds`` is what one plan waits at most. Places are the same to ``digits`` of a degree.

    After ``failures`` in a row the router is left alone for ``rest_seconds``. Of ``most_pairs`` that are
    remembered those of places long unused go first; one is asked for again after ``fresh_seconds``.
    """

    patience_seconds: float = 0.1
    digits: int = 4
    failures: int = 3
    rest_seconds: float = 30.0
    most_pairs: int = 500_000
    fresh_seconds: float = 3600.0
    at_once: int = 100


class Breaker:
    """Leaves alone for a while what has failed several times in a row; then one try decides."""

    def __init__(self, failures: int, rest_seconds: float, stopwatch: Callable[[], float]) -> None:
        self._most, self._rest, self._stopwatch = failures, rest_seconds, stopwatch
        self._failed = 0
        self._open_until = float("-inf")

    @property
    def allows(self) -> bool:
        return self._stopwatch() >= self._open_until

    def succeeded(self) -> None:
        self._failed = 0

    def failed(self) -> None:
        self._failed += 1
        if self._failed >= self._most:
            self._open_until = self._stopwatch() + self._rest


def _in_a_thread(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="router", daemon=True).start()


class TravelMemory:
    """What a process knows of the ways between places. One thread asks the router, whoever plans reads."""

    def __init__(
        self,
        router: Router | None,
        policy: TravelPolicy = TravelPolicy(),
        stopwatch: Callable[[], float] = time.monotonic,
        start: Callable[[Callable[[], None]], None] = _in_a_thread,
    ) -> None:
        self._router, self._policy, self._stopwatch, self._start = router, policy, stopwatch, start
        self._breaker = Breaker(policy.failures, policy.rest_seconds, stopwatch)
        self._lock = threading.Lock()
        self._rows: OrderedDict[_Key, dict[_Key, tuple[float, float]]] = OrderedDict()
        self._pairs = 0
        self._asking: threading.Event | None = None
        self._metres = self._minutes = 0.0
        self.trouble: str | None = None

    @property
    def source(self) -> Source:
        if self._router is None:
            return Source.GREAT_CIRCLE
        return Source.ROUTER if self.trouble is None else Source.DEGRADED

    @property
    def pairs(self) -> int:
        """How many ways are remembered."""
        return self._pairs

    @property
    def metres_per_minute(self) -> float | None:
        """How fast the router is over the great circle, as far as it has told."""
        return self._metres / self._minutes if self._minutes > 0 else None

    def describe(self) -> str:
        """For operators, in a line."""
        pace = f", {self.metres_per_minute:.0f} m of great circle a minute" if self.metres_per_minute else ""
        trouble = "" if self.trouble is None else f": {self.trouble}"
        return f"{self.source}{trouble}{pace}"

    def on_roads(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot with what is known of its ways; it waits no longer than ``patience_seconds``."""
        if self._router is None or not snapshot.baskets:
            return snapshot
        visits = [visit for basket in snapshot.baskets for visit in (*basket.pickups, basket.drop_off)]
        goals = list(dict.fromkeys(visit.place for visit in visits))
        places = list(dict.fromkeys((*(rider.place for rider in snapshot.riders), *goals)))
        self._ask_for(places, goals)
        pace = self.metres_per_minute or snapshot.metres_per_minute
        table = self._table(places, set(goals), pace)
        return replace(snapshot, metres_per_minute=pace, travel=table)

    def _ask_for(self, places: Sequence[Position], goals: Sequence[Position]) -> None:
        missing = self._missing(places, goals)
        if not missing:
            return
        asking = self._asking
        if asking is None or asking.is_set():
            if not self._breaker.allows:
                return
            asking = self._asking = threading.Event()
            self._start(lambda: self._fetch(missing, asking))
        asking.wait(self._policy.patience_seconds)

    def _missing(
        self, places: Sequence[Position], goals: Sequence[Position]
    ) -> list[tuple[Position, list[Position]]]:
        """What each place lacks; nobody rides to where a courier is."""
        old = self._stopwatch() - self._policy.fresh_seconds
        ends = [(goal, self._key(goal)) for goal in goals]
        missing: list[tuple[Position, list[Position]]] = []
        asked: set[_Key] = set()
        with self._lock:
            for place in places:
                start = self._key(place)
                row: Mapping[_Key, tuple[float, float]] = self._rows.get(start, {})
                lacks = [goal for goal, end in ends if end not in row or row[end][1] < old]
                lacks = [goal for goal in lacks if self._key(goal) != start]
                if lacks and start not in asked:
                    missing.append((place, lacks))
                asked.add(start)
        return missing

    def _fetch(self, missing: list[tuple[Position, list[Position]]], asking: threading.Event) -> None:
        try:
            assert self._router is not None
            at_once = self._policy.at_once
            for first in range(0, len(missing), at_once):
                block = missing[first : first + at_once]
                starts = [place for place, _ in block]
                ends = list(dict.fromkeys(goal for _, lacks in block for goal in lacks))
                self._learn(starts, ends, self._router.table(starts, ends).minutes)
            self._breaker.succeeded()
            self._say(None)
        except RouterError as error:
            self._breaker.failed()
            self._say(str(error))
        except Exception as error:
            # Whatever went wrong with the router, dispatch goes on.
            self._breaker.failed()
            self._say(f"{type(error).__name__}: {error}")
        finally:
            asking.set()

    def _learn(
        self,
        starts: Sequence[Position],
        ends: Sequence[Position],
        rows: Sequence[Sequence[float | None]],
    ) -> None:
        now = self._stopwatch()
        with self._lock:
            for start, told in zip(starts, rows, strict=True):
                row = self._rows.setdefault(self._key(start), {})
                self._pairs -= len(row)
                for end, minutes in zip(ends, told, strict=True):
                    metres, pace = start.metres_to(end), self.metres_per_minute
                    if minutes is not None:
                        row[self._key(end)] = (minutes, now)
                        if metres >= _TELLING_METRES and minutes > 0:
                            self._metres += metres
                            self._minutes += minutes
                    elif pace is not None:
                        # There is no way on the map; whoever is there has found one.
                        row[self._key(end)] = (metres / pace, now)
                self._pairs += len(row)
                self._rows.move_to_end(self._key(start))
            if self._minutes > _MEMORY_MINUTES:
                self._metres, self._minutes = self._metres / 2, self._minutes / 2
            while self._pairs > self._policy.most_pairs and self._rows:
                _, forgotten = self._rows.popitem(last=False)
                self._pairs -= len(forgotten)

    def _table(self, places: Sequence[Position], goals: set[Position], pace: float) -> TravelTable | None:
        """All ways between the places; ``None`` when most are unknown."""
        keys = [self._key(place) for place in places]
        wanted = [place in goals for place in places]
        minutes: list[float] = []
        with self._lock:
            rows = [self._rows.get(start, {}) for start in keys]
            ends = {key for key, goal in zip(keys, wanted, strict=True) if goal}
            known = sum(
                end in row or end == start for start, row in zip(keys, rows, strict=True) for end in ends
            )
            if known < _ENOUGH_KNOWN * len(ends) * len(keys):
                return None
            for start, place, row in zip(keys, places, rows, strict=True):
                if row:
                    self._rows.move_to_end(start)
                for end, goal, other in zip(keys, wanted, places, strict=True):
                    told = row.get(end)
                    if told is not None:
                        minutes.append(told[0])
                    elif start == end or not goal:
                        # Where a courier is nobody has to go: it is not looked at.
                        minutes.append(0.0)
                    else:
                        minutes.append(place.metres_to(other) / pace)
        return TravelTable(places=tuple(places), minutes=tuple(round(one, 2) for one in minutes))

    def _say(self, trouble: str | None) -> None:
        """Remember how it stands with the router, and log once when that changes."""
        before, self.trouble = self.trouble, trouble
        if before is None and trouble is not None:
            log.warning("the router fails, couriers ride along great circles: %s", trouble)
        elif before is not None and trouble is None:
            log.info("the router answers again")

    def _key(self, place: Position) -> _Key:
        return round(place.lat, self._policy.digits), round(place.lon, self._policy.digits)
