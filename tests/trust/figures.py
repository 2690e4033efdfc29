"""What a proof measured: how the platform served before, during and after each kind of fault."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from linli.day.figures import percentile
from tests.trust.blows import Blow
from tests.trust.client_log import Wish
from tests.trust.load import CHECKOUT
from tests.trust.oracle.orders import PLACE
from tests.trust.proof import Proof

# How long before a fault, and after it was got over, the platform is looked at.
ASIDE_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Service:
    """Orders acknowledged a second, and how long the calls of a checkout took, in seconds."""

    seconds: float
    orders: float
    p50: float
    p99: float
    unknown: int


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What one kind of fault did, over all its blows; times in seconds from the blow."""

    kind: str
    count: int
    before: Service
    during: Service
    after: Service
    ready_median: float
    ready_worst: float
    order_median: float
    """Until an order that was asked for after the cause was over had been acknowledged, and all was ready."""
    order_worst: float


def overall(proof: Proof) -> Service:
    """The whole time under load."""
    return _service(_Times(proof.wishes), [(proof.loaded_from, proof.loaded_until)])


def effects(proof: Proof) -> list[Effect]:
    times = _Times(proof.wishes)
    by_kind: dict[str, list[Blow]] = defaultdict(list)
    for blow in proof.blows:
        by_kind[blow.struck.kind].append(blow)
    return [_effect(times, kind, blows) for kind, blows in sorted(by_kind.items())]


def hits(proof: Proof) -> dict[str, int]:
    """How often a process was met at each of the places that the code names."""
    counts: Counter[str] = Counter()
    for blow in proof.blows:
        if "place" in blow.struck.evidence:
            counts[blow.struck.evidence["place"]] += len(blow.struck.evidence["hits"])
    return dict(sorted(counts.items()))


def outcomes(wishes: Sequence[Wish]) -> dict[str, dict[str, int]]:
    """Per call, how many wishes ended ok, refused and unknown."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for wish in wishes:
        counts[wish.call][wish.outcome] += 1
    return {call: dict(found) for call, found in sorted(counts.items())}


def to_wire(thing: Any) -> dict[str, Any]:
    return asdict(thing)


class _Times:
    """Wishes of checkouts by when they were asked."""

    def __init__(self, wishes: Sequence[Wish]) -> None:
        self.wishes = [wish for wish in wishes if wish.call in CHECKOUT]
        self._asked = [wish.asked_at for wish in self.wishes]

    def between(self, since: float, until: float) -> Sequence[Wish]:
        return self.wishes[bisect_left(self._asked, since) : bisect_left(self._asked, until)]


def _effect(times: _Times, kind: str, blows: Sequence[Blow]) -> Effect:
    ready = [blow.ready_after for blow in blows]
    order = [_ordered_after(times, blow) for blow in blows]
    return Effect(
        kind=kind,
        count=len(blows),
        before=_service(times, [(b.struck.begun - ASIDE_SECONDS, b.struck.begun) for b in blows]),
        during=_service(times, [(b.struck.begun, b.recovered_at) for b in blows]),
        after=_service(times, [(b.recovered_at, b.recovered_at + ASIDE_SECONDS) for b in blows]),
        ready_median=percentile(ready, 0.5),
        ready_worst=max(ready),
        order_median=percentile(order, 0.5),
        order_worst=max(order),
    )


def _ordered_after(times: _Times, blow: Blow) -> float:
    for wish in times.between(blow.struck.over, float("inf")):
        if wish.call == PLACE and wish.outcome == "ok" and wish.answered_at is not None:
            return max(blow.ready_after, wish.answered_at - blow.struck.begun)
    return blow.ready_after


def _service(times: _Times, windows: Sequence[tuple[float, float]]) -> Service:
    seconds, orders, unknown = 0.0, 0, 0
    took: list[float] = []
    for since, until in windows:
        seconds += until - since
        for wish in times.between(since, until):
            orders += wish.call == PLACE and wish.outcome == "ok"
            unknown += wish.outcome == "unknown"
            if wish.took is not None:
                took.append(wish.took)
    return Service(
        seconds=seconds,
        orders=orders / seconds if seconds else 0.0,
        p50=percentile(took, 0.5),
        p99=percentile(took, 0.99),
        unknown=unknown,
    )
