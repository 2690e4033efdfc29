"""A process dies, or is told that its time is up, at one of the places that the code names."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from pathlib import Path

from shared.kernel.failpoints import TIMEOUT, Place
from tests.trust.fault import CameToNothing, Struck
from tests.trust.stage import Stage

# Which processes come by; in an embedded platform all but the planner are one.
_SERVICES = ("campaigns", "commission", "crm", "dispatch", "ordering", "storefront")
_PLANNERS = ("planner", "planner-1", "planner-2")
_WRITERS = ("campaigns", "commission", "dispatch", "ordering", "storefront", *_PLANNERS)
WHERE: dict[Place, tuple[str, ...]] = {
    "transaction.before-commit": (*_SERVICES, *_PLANNERS),
    "outbox.committed": _WRITERS,
    "relay.sent": ("relay",),
    "relay.published": ("relay",),
    "subscription.committed": _SERVICES,
    "request.done": ("storefront", "ordering", "dispatch", "campaigns"),
    "order.held": ("ordering",),
    "provider.charged": ("ordering",),
    "provider.refunded": ("ordering",),
    "answer.before-keep": ("gateway",),
}
# Between an effect and its telling: where a proof has to look hardest.
_NARROW: tuple[Place, ...] = (
    "transaction.before-commit",
    "outbox.committed",
    "relay.published",
    "subscription.committed",
    "provider.charged",
)
_LOOK_SECONDS = 0.02


class Failpoints:
    """The folders of one stage, in which its processes look for what they are told."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def tell(self, process: str, place: Place, what: str = "") -> None:
        """Let the next time that ``process`` comes by be its last one, or ``TIMEOUT``."""
        told = self._folder / process / place
        beside = told.with_name(f".{place}.new")
        beside.write_text(what)
        beside.replace(told)

    def take_back(self, process: str, place: Place) -> bool:
        """Forget what was told; false where it has been done."""
        try:
            (self._folder / process / place).unlink()
        except FileNotFoundError:
            return False
        return True

    def hits(self, process: str, place: Place) -> list[str]:
        """The evidence of every time it happened."""
        return sorted(file.name for file in (self._folder / process).glob(f"{place}.hit-*"))

    async def until_hit(self, process: str, place: Place, what: str = "", patience: float = 30.0) -> str:
        """Tell it and wait until it has happened; raises :class:`CameToNothing` when nobody comes by."""
        before = set(self.hits(process, place))
        self.tell(process, place, what)
        until = time.monotonic() + patience
        while True:
            new = set(self.hits(process, place)) - before
            if new:
                return new.pop()
            if time.monotonic() > until and self.take_back(process, place):
                raise CameToNothing(f"{process} did not come by {place} within {patience:.0f} s.")
            await asyncio.sleep(_LOOK_SECONDS)


def failpoints(stage: Stage) -> Failpoints:
    return Failpoints(stage.folder / "failpoints")


@dataclass(frozen=True, kw_only=True)
class AtFailpoint:
    """``what`` happens at one of ``places``: a process dies there, unless something else is said.

    One strike is ``times`` of it, one after the other, in as many processes as come by.
    """

    kind: str
    places: tuple[Place, ...]
    what: str = ""
    times: int = 1
    patience: float = 60.0

    def fits(self, stage: Stage) -> bool:
        return stage.setting.failpoints and any(self._candidates(stage, place) for place in self.places)

    async def strike(self, stage: Stage, chance: random.Random) -> Struck:
        place = chance.choice([place for place in self.places if self._candidates(stage, place)])
        candidates = self._candidates(stage, place)
        chance.shuffle(candidates)
        chosen = [candidates[nth % len(candidates)] for nth in range(self.times)]
        begun = time.time()
        points, hits = failpoints(stage), list[str]()
        for process in chosen:
            try:
                hit = await points.until_hit(process, place, self.what, self.patience)
            except CameToNothing:
                # What has happened counts, also when nobody comes by any more.
                if not hits:
                    raise
                break
            hits.append(f"{process}/{hit}")
        return Struck(
            kind=self.kind,
            target=", ".join(dict.fromkeys(hit.partition("/")[0] for hit in hits)),
            begun=begun,
            over=time.time(),
            evidence={"place": place, "told": self.what or "die", "hits": hits},
        )

    def _candidates(self, stage: Stage, place: Place) -> list[str]:
        if stage.kind == "embedded":
            # Its relay hands over in memory: there is no moment between sending and hearing.
            return [] if place == "relay.sent" else ["platform"]
        return [name for name in WHERE[place] if name in stage.processes]


FAULTS = (
    *(AtFailpoint(kind=f"died at {place}", places=(place,), times=3) for place in _NARROW),
    AtFailpoint(kind="died elsewhere", places=tuple(place for place in WHERE if place not in _NARROW)),
    AtFailpoint(kind="provider timed out", places=("provider.charged", "provider.refunded"), what=TIMEOUT),
)
