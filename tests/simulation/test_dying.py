"""A process that dies takes with it what it had not committed, before anybody else looks."""

from __future__ import annotations

from tests.simulation.database import MemoryDatabase
from tests.simulation.scheduler import Faults, Process, Scheduler


def test_what_a_dying_process_had_not_committed_is_seen_by_nobody() -> None:
    world = Scheduler(0, Faults(crash=1.0, dawdle=0.0))
    world.troubled = False
    database = MemoryDatabase("ordering", world)
    mortal = Process("mortal", alive=True)
    other = Process("other", mortal=False, alive=True)
    seen: list[object] = []

    def die_before_commit() -> None:
        with database.transaction() as tx:
            tx.connection.put("orders", "order-1", "half done")  # type: ignore[attr-defined]
            world.troubled = True

    def look() -> None:
        with database.transaction() as tx:
            seen.append(tx.connection.rows("orders").get("order-1"))  # type: ignore[attr-defined]

    world.spawn(mortal, "dies", die_before_commit, delay=1.0)
    world.spawn(other, "looks", look, delay=1.0)
    world.run(1.0)
    world.end([mortal, other])
    assert world.counts["died before commit"] == 1
    assert seen == [None]
