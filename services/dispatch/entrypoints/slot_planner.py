"""Plans what is to be planned of coming slots, measures, solves finished days again, and ends.

A process of its own, so that the live planner is not slowed down: the planner starts one when there is work
(:class:`SlotWatch`), and `python -m services.dispatch.entrypoints.slot_planner` does the same by hand.
However many there are, one plans slots at a time, and one solves a zone's days.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from datetime import timedelta

from sqlalchemy.exc import DBAPIError

from services.dispatch.adapters import hindsight_figures, pyvrp_pairs
from services.dispatch.adapters.hindsight_desk import SqlHindsightDesk, is_day_to_solve, newest_solved
from services.dispatch.adapters.slot_desk import SqlSlotDesk, is_slot_work_due
from services.dispatch.application.hindsight import HindsightPolicy, solve_days
from services.dispatch.application.slot_planning import SlotPolicy, measure_paces, plan_slots
from services.dispatch.domain.planning.own_slots import OwnSlots
from services.dispatch.domain.planning.slots import BestOf, SlotSolver
from services.dispatch.engine.machine import warm_up
from services.dispatch.settings import Settings, read_settings
from shared.kernel.clock import Clock, clock_from_environment
from shared.observability.logging import configure_logging
from shared.persistence import Database
from shared.persistence.database import is_disconnect

log = logging.getLogger(__name__)

# Business time from one look for something to do to the next, and what that is at least on the wall.
_LOOK_EVERY = timedelta(minutes=5)
_LEAST_WALL = 10.0
_LONGEST_RUN = 900.0
# No other day is begun after that: slots are waiting for their turn.
_DAYS_AT_ONCE = 240.0


def solver_of(settings: Settings) -> SlotSolver:
    """The solver that is asked for; without PyVRP the engine plans alone, and the log says so if need be."""
    if settings.slot_solver == "own":
        return OwnSlots()
    if pyvrp_pairs.is_there():
        pyvrp = pyvrp_pairs.PyVrpSlots()
        return pyvrp if settings.slot_solver == "pyvrp" else BestOf(OwnSlots(), pyvrp)
    if settings.slot_solver == "pyvrp":
        log.warning("PyVRP is not installed (`make setup-slots`): the engine plans the slots")
    return OwnSlots()


def work_once(database: Database, clock: Clock, settings: Settings) -> tuple[int, int]:
    """Plan and measure what is due; answers how many slots and zones. Nothing while somebody else does."""
    with database.read() as connection:
        desk = SqlSlotDesk(connection)
        if not desk.is_mine_alone():
            return 0, 0
        try:
            measured = measure_paces(desk, clock=clock, policy=settings.slots)
            planned = plan_slots(desk, solver_of(settings), clock=clock, policy=settings.slots)
        finally:
            # The lock is the connection's, which goes back to the pool and not away.
            desk.let_others()
    return planned, measured


def solve_once(database: Database, clock: Clock, settings: Settings) -> int:
    """Solve finished days again, as many as there is time for; answers how many."""
    began = time.monotonic()
    with database.read() as connection:
        return solve_days(
            SqlHindsightDesk(connection),
            clock=clock,
            policy=settings.hindsight,
            go_on=lambda: time.monotonic() - began < _DAYS_AT_ONCE,
        )


class SlotWatch:
    """Looks now and then whether slots are to be planned or days to be solved again, and lets a process of
    its own do it. What days came to it shows among this process's figures.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        policy: SlotPolicy,
        hindsight: HindsightPolicy = HindsightPolicy(),
    ) -> None:
        self._database = database
        self._clock = clock
        self._policy = policy
        self._hindsight = hindsight
        self._stopped = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        threading.Thread(target=self._run, name="slot-watch", daemon=True).start()

    def stop(self) -> None:
        self._stopped.set()
        child = self._child
        if child is not None:
            with suppress(ProcessLookupError):
                child.terminate()

    def look(self) -> bool:
        """Whether there was something to do; then it has been done, or was tried."""
        now = self._clock.now()
        with self._database.read() as connection:
            due = is_slot_work_due(
                connection, now, self._policy.ahead, self._policy.measure_every
            ) or is_day_to_solve(connection, self._hindsight.days(now))
        if due and not self._stopped.is_set():
            self._let_plan()
        with self._database.read() as connection:
            hindsight_figures.observe(newest_solved(connection))
        return due

    def _run(self) -> None:
        pause = max(_LEAST_WALL, self._clock.wall_seconds(_LOOK_EVERY))
        while not self._stopped.wait(pause):
            try:
                self.look()
            except DBAPIError as error:
                if not is_disconnect(error):
                    log.exception("slots or finished days could not be planned")
            except Exception:
                log.exception("slots or finished days could not be planned")

    def _let_plan(self) -> None:
        # What this process must not forget (its own address for operators, say) is not the child's.
        environment = {name: value for name, value in os.environ.items() if name != "LINLI_OPS_ADDRESS"}
        command = [sys.executable, "-m", __name__]
        with subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL) as child:
            self._child = child
            try:
                code = child.wait(timeout=_LONGEST_RUN)
                if code and not self._stopped.is_set():
                    log.warning("the process that plans slots ended with %s", code)
            except subprocess.TimeoutExpired:
                log.warning("planning slots took too long")
                child.kill()
            finally:
                self._child = None


def main() -> None:
    configure_logging("slot-planner", os.environ.get("LINLI_LOG_LEVEL", "INFO"))
    settings = read_settings()
    url = os.environ.get("LINLI_DISPATCH_DATABASE_URL", "")
    if not url:
        raise SystemExit("LINLI_DISPATCH_DATABASE_URL is not set: name the PostgreSQL database of dispatch")
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with suppress(OSError):
        os.nice(10)
    clock = clock_from_environment()
    database = Database(url, "dispatch", pool_size=1, clock=clock)
    warm_up()
    planned, measured = work_once(database, clock, settings)
    log.info("planned %s slots, measured %s zones", planned, measured)
    log.info("solved %s finished days again", solve_once(database, clock, settings))
    database.close()


if __name__ == "__main__":
    main()
