"""The planner: a plain process that plans one due zone after another. Any number of them may run.

It knows no broker: it reads and writes dispatch's database, and its events leave through the outbox.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import Counter, Gauge
from sqlalchemy.exc import DBAPIError

from services.dispatch.adapters.desk import SqlDesk, is_any_due
from services.dispatch.adapters.experience import Experience
from services.dispatch.adapters.osrm import OsrmRouter
from services.dispatch.adapters.planner_figures import observe
from services.dispatch.application.planner import Epoch, PlannerPolicy, business_span, plan_next_zone
from services.dispatch.application.ports import LeaseLostError
from services.dispatch.application.travelling import Source, TravelMemory
from services.dispatch.engine.machine import warm_up_on_the_side
from services.dispatch.entrypoints.slot_planner import SlotWatch
from services.dispatch.settings import RouterSettings, read_settings
from shared.kernel.clock import Clock, clock_from_environment
from shared.kernel.ids import Ids, UuidV7
from shared.observability.logging import configure_logging
from shared.observability.ops import ops_application
from shared.persistence import Database
from shared.persistence.database import is_disconnect

log = logging.getLogger(__name__)

_SHORTEST_POLL, _LONGEST_POLL = 0.1, 0.5
_AFTER_FAILURE = 1.0
# For each second of the processor, so many are left to whoever shares the processor, but never more than
# this much business time: a plan that is late costs couriers more than processors.
_REST = 4.0
_LONGEST_REST = timedelta(seconds=15)

_DEGRADED = Gauge("linli_planner_router_degraded", "1 while great circles stand in for a router that fails")
_WAYS = Gauge("linli_planner_router_pairs", "Ways between places that this planner remembers")
_FAILED = Counter("linli_planner_failures_total", "Epochs that failed")
_LOST = Counter("linli_planner_lost_leases_total", "Plans dropped since the zone was not leased any more")


class Planner:
    """Plans until it is told to stop. A zone that cannot be planned does not keep the others waiting.

    ``at_first_plan`` is called once, when there has been a delivery to plan: an idle planner costs nothing.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        policy: PlannerPolicy,
        name: str = "planner",
        at_first_plan: Callable[[], None] = lambda: None,
        travel: TravelMemory | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ids = ids
        self._policy = policy
        self._name = name
        self._at_first_plan: Callable[[], None] | None = at_first_plan
        self._experience = Experience()
        self._travel = travel or TravelMemory(None)
        self._stopped = threading.Event()
        debounce = clock.wall_seconds(policy.debounce)
        self._soonest, self._latest = _poll(debounce / 4), _poll(debounce * 2)
        self._idle = self._soonest
        self.last_look = time.monotonic()

    def stop(self) -> None:
        self._stopped.set()

    def run(self) -> None:
        settle_memory()
        while not self._stopped.is_set():
            self._stopped.wait(self.pause())

    def pause(self) -> float:
        """Plan a zone, if one is due, and answer for how long to rest: longer while nothing is to do."""
        try:
            epoch = self.step()
        except DBAPIError as error:
            if not is_disconnect(error):
                raise
            log.warning("the planner waits for its database: %r", error.orig)
            return _AFTER_FAILURE
        finally:
            self.last_look = time.monotonic()
        if epoch is None:
            idle, self._idle = self._idle, min(2 * self._idle, self._latest)
            return idle
        self._idle = self._soonest
        gc.collect()
        return min(epoch.effort * _REST, self._clock.wall_seconds(_LONGEST_REST))

    def step(self) -> Epoch | None:
        """Plan the zone whose turn it is; ``None`` when none is due, or its planning failed."""
        now = self._clock.now()
        with self._database.read() as connection:
            if not is_any_due(connection, now, now - self._policy.pause(self._clock)):
                return None
        desk = SqlDesk(self._database, self._name, self._policy.lease_seconds, self._experience)
        # Or Python may look for garbage in the middle of a plan, which takes longer than the plan.
        gc.disable()
        try:
            epoch = plan_next_zone(
                desk, clock=self._clock, ids=self._ids, policy=self._policy, travel=self._travel
            )
        except LeaseLostError:
            _LOST.inc()
            log.warning("the lease of zone %s was lost, and with it a plan", desk.claimed)
            return None
        except Exception as error:
            if isinstance(error, DBAPIError) and is_disconnect(error):
                raise
            _FAILED.inc()
            log.exception("planning the zone %s failed", desk.claimed)
            self._postpone(desk)
            return None
        finally:
            gc.enable()
        if epoch is not None:
            observe(epoch)
            _DEGRADED.set(self._travel.source is Source.DEGRADED)
            _WAYS.set(self._travel.pairs)
            if epoch.baskets and self._at_first_plan is not None:
                self._at_first_plan()
                self._at_first_plan = None
        return epoch

    def _postpone(self, desk: SqlDesk) -> None:
        now = self._clock.now()
        pause = max(timedelta(seconds=30), business_span(_AFTER_FAILURE, self._clock))
        desk.postpone(now, now + pause)


def settle_memory() -> None:
    """Leave what is in memory by now out of every later look for garbage: it stays for good."""
    gc.collect()
    gc.freeze()


def _poll(seconds: float) -> float:
    return min(max(seconds, _SHORTEST_POLL), _LONGEST_POLL)


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Scrapes and probes are not worth a line."""


def _serve_operators(is_alive: Callable[[], bool], travel: TravelMemory) -> None:
    address = os.environ.get("LINLI_OPS_ADDRESS")
    if not address:
        return
    where, _, port = address.rpartition(":")
    application = ops_application({"planner": is_alive}, {"travel": travel.describe})
    server = make_server(where, int(port), application, _Server, _Quiet)
    threading.Thread(target=server.serve_forever, name="operators", daemon=True).start()


def _travel(settings: RouterSettings | None) -> TravelMemory:
    if settings is None:
        return TravelMemory(None)
    router = OsrmRouter(settings.url, settings.profile, limit=settings.limit, seconds=settings.seconds)
    return TravelMemory(router, settings.travel)


def main() -> None:
    configure_logging("planner", os.environ.get("LINLI_LOG_LEVEL", "INFO"))
    settings = read_settings()
    url = os.environ.get("LINLI_DISPATCH_DATABASE_URL", "")
    if not url:
        raise SystemExit("LINLI_DISPATCH_DATABASE_URL is not set: name the PostgreSQL database of dispatch")
    clock = clock_from_environment()
    database = Database(url, "dispatch", pool_size=3, clock=clock)
    name = f"{socket.gethostname()}:{os.getpid()}"
    travel = _travel(settings.router)
    planner = Planner(
        database,
        clock,
        UuidV7(),
        settings.policy,
        name,
        at_first_plan=lambda: warm_up_on_the_side(then=settle_memory),
        travel=travel,
    )
    watch = SlotWatch(database, clock, settings.slots, settings.hindsight)

    def end(_number: int, _frame: object) -> None:
        watch.stop()
        planner.stop()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    _serve_operators(lambda: time.monotonic() - planner.last_look < 30, travel)
    log.info("planning")
    watch.start()
    planner.run()
    watch.stop()
    database.close()


if __name__ == "__main__":
    main()
