"""Faults of planners in the one moment that matters: while they have the lease of a zone and no plan yet."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from linli.failures import Failure
from linli.stack.databases import connect
from tests.trust.fault import CameToNothing, Fault, Struck
from tests.trust.history import TABLE
from tests.trust.stage import Stage

_PATIENCE_SECONDS = 20.0
_LOOK_SECONDS = 0.01
_LOOK_AGAIN_SECONDS = 0.1
_LEASED = f"""
SELECT zone_id, token, holder, (SELECT coalesce(max(number), 0) FROM {TABLE}) FROM zone_plan
WHERE leased_until > clock_timestamp() LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_NEXT_LEASE = f"""
SELECT after ->> 'token', after ->> 'holder' FROM {TABLE}
WHERE number > %s AND tab = 'zone_plan' AND after ->> 'zone_id' = %s
    AND CAST(after ->> 'token' AS bigint) > %s AND after ->> 'holder' IS NOT NULL
ORDER BY number LIMIT 1
"""


@dataclass(frozen=True, kw_only=True)
class Leased:
    zone_id: str
    token: int
    holder: str
    note: int
    """The last number of the history by then."""

    @property
    def pid(self) -> int:
        return int(self.holder.rpartition(":")[2])


class MidPlan:
    """A planner that has a zone is killed, or stopped until another has taken the zone.

    The zone's row is locked at that moment, so that the plan cannot be kept before the signal has come.
    """

    def __init__(self, number: signal.Signals, verb: str, least: int) -> None:
        self.kind = f"{verb} a planner in its plan"
        self._number = number
        self._least = least

    def fits(self, stage: Stage) -> bool:
        return len(stage.planners) >= self._least

    async def strike(self, stage: Stage, chance: random.Random) -> Struck:
        del chance
        await stage.until_ready(*stage.planners)
        begun = time.time()
        target, leased = await self._struck(stage, begun + _PATIENCE_SECONDS)
        try:
            token, holder = await self._taken_over(stage, leased)
        finally:
            if self._number is signal.SIGSTOP:
                stage.kill(target, signal.SIGCONT)
        return Struck(
            kind=self.kind,
            target=target,
            begun=begun,
            over=time.time(),
            evidence={
                "zone": leased.zone_id,
                "token before": leased.token,
                "holder before": leased.holder,
                "token after": token,
                "holder after": holder,
            },
        )

    async def _struck(self, stage: Stage, until: float) -> tuple[str, Leased]:
        while time.time() < until:
            found = await asyncio.to_thread(self._strike_holder, stage)
            if found is not None:
                return found
            await asyncio.sleep(_LOOK_SECONDS)
        raise CameToNothing(f"no planner had a zone within {_PATIENCE_SECONDS:.0f} s.")

    def _strike_holder(self, stage: Stage) -> tuple[str, Leased] | None:
        with _locked_lease(stage) as leased:
            if leased is None:
                return None
            for name in stage.planners:
                process = stage.process(name)
                if process is not None and process.pid == leased.pid:
                    stage.kill(name, self._number)
                    return name, leased
        return None

    async def _taken_over(self, stage: Stage, leased: Leased) -> tuple[int, str]:
        until = time.time() + _PATIENCE_SECONDS
        while time.time() < until:
            found = await asyncio.to_thread(_next_lease, stage, leased)
            if found is not None:
                return found
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
        raise Failure(f"Nobody took zone {leased.zone_id} within {_PATIENCE_SECONDS:.0f} s.")


@contextmanager
def _locked_lease(stage: Stage) -> Iterator[Leased | None]:
    """A lease that runs, locked until the end of the block; nothing where there is none just now."""
    with closing(connect(stage.servers.database_urls["dispatch"])) as connection:
        connection.autocommit = False
        with connection.cursor() as cursor:
            cursor.execute(_LEASED)
            row = cursor.fetchone()
            leased = row and Leased(zone_id=row[0], token=row[1], holder=row[2], note=row[3])
            yield leased or None
        connection.rollback()


def _next_lease(stage: Stage, leased: Leased) -> tuple[int, str] | None:
    """Who got the zone next: a lease is over sooner than one can look at it, so the history is asked."""
    url = stage.servers.database_urls["dispatch"]
    with closing(connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(_NEXT_LEASE, [leased.note, leased.zone_id, leased.token])
        row = cursor.fetchone()
    return None if row is None else (int(row[0]), str(row[1]))


FAULTS: tuple[Fault, ...] = (
    MidPlan(signal.SIGKILL, "kill", least=1),
    MidPlan(signal.SIGSTOP, "stop", least=2),
)
