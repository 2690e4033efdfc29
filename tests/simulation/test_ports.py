"""The ports in memory do what the ports on PostgreSQL do: what a world did is done again on real databases.

Every request, batch of events, timer and plan of a world is recorded with its answer, then repeated in
the same order and at the same times on the SQL adapters. Answers and published events must be the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from services.commission.adapters.catalogue_sql import SqlCatalogue
from services.commission.adapters.ledger_sql import SqlLedger
from services.crm.adapters.profiles_sql import ProfilesSql
from services.dispatch.adapters.experience import Experience
from services.dispatch.adapters.proofs import Codes
from services.dispatch.adapters.zones import KnownZones
from services.dispatch.domain.promise import Windows
from services.dispatch.entrypoints import planner as planning
from shared.kernel.errors import Refusal
from shared.messaging.context import WorkContext
from shared.messaging.subscription import Batch
from shared.persistence import Database
from shared.testing.clock import CountedIds
from tests.simulation.database import MemoryConnection
from tests.simulation.platform import Platform, entrypoints_of, on_memory
from tests.simulation.ports.commission import MemoryLedger
from tests.simulation.ports.crm import MemoryProfiles
from tests.simulation.scheduler import Faults, Scheduler
from tests.simulation.variants import _instead
from tests.simulation.world import Variant, World

# One transaction each: what ordering and the gateway do takes several, which others come between.
SERVICES = ("storefront", "campaigns", "commission", "crm", "dispatch")
UNRULY = Faults(dawdle=0.0, lose=0.03, double=0.1, late=0.2, latest=120.0)


@dataclass(frozen=True, kw_only=True)
class Done:
    """One thing that a service did, and what it answered."""

    method: str
    seconds: float
    arguments: dict[str, Any] = field(default_factory=dict)
    batch: Batch | None = None
    answer: Any = None


class Recorder:
    """Notes what each service of a platform does, in order."""

    def __init__(self) -> None:
        self.done: dict[str, list[Done]] = {service: [] for service in SERVICES}

    def attach(self, platform: Platform) -> None:
        self._world = platform.world
        for name in SERVICES:
            service = platform.services[name]
            for method, _ in entrypoints_of(type(service)):
                setattr(service, method, self._noted(name, method, getattr(service, method)))

    def _noted(self, service: str, method: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def act(*given: Any, **arguments: Any) -> Any:
            at = self._world.seconds
            batch = next((one for one in given if isinstance(one, Batch)), None)

            def note(answer: Any) -> None:
                done = Done(method=method, seconds=at, arguments=arguments, batch=batch, answer=answer)
                self.done[service].append(done)

            try:
                answer = real(*given, **arguments)
            except Refusal as refusal:
                note(_plain(refusal.to_wire()))
                raise
            note(_plain(answer))
            return answer

        return act

    @contextmanager
    def watching_plans(self) -> Iterator[None]:
        real = planning.plan_next_zone

        def plan(*given: Any, **named: Any) -> Any:
            at = self._world.seconds
            epoch = real(*given, **named)
            if epoch is not None:
                self.done["dispatch"].append(Done(method="plan", seconds=at, answer=_figures(epoch)))
            return epoch

        with _instead(planning, "plan_next_zone", plan):
            yield


def _plain(answer: Any) -> Any:
    return orjson.loads(orjson.dumps(answer))


def _figures(epoch: Any) -> Any:
    return [epoch.plan_version, epoch.baskets, epoch.couriers, epoch.unassigned, epoch.offers, epoch.stale]


def _published(rows: Any) -> list[tuple[str, int, str, Any]]:
    return sorted((row["subject"], row["sequence"], row["type"], orjson.loads(row["data"])) for row in rows)


def _eventful(first: int) -> tuple[World, Recorder]:
    """The first world from seed ``first`` on with something delivered, refunded, taken off, and a rota."""
    for seed in range(first, first + 100):
        recorder = Recorder()
        with on_memory(), recorder.watching_plans():
            world = World(seed, Variant(name="recorded", wiring=recorder.attach), faults=UNRULY)
            world.live()
            world.platform.services["commission"].check()
            assert not world.scheduler.failures
            world.end()
        tables = {name: database.tables for name, database in world.platform.databases.items()}
        happened = (
            tables["ordering"].get("refund"),
            tables["crm"].get("tallies"),
            tables["campaigns"].get("taken"),
            tables["dispatch"].get("rota"),
            tables["dispatch"].get("slot_override"),
        )
        if all(happened) and any(order.delivered_at for order in tables["ordering"]["orders"].values()):
            return world, recorder
    raise AssertionError("nothing much happened in a hundred worlds")


@pytest.mark.parametrize("first", [0, 100, 200])
def test_a_world_done_again_on_postgresql_is_the_same(
    first: int, service_database: Callable[[str], Database]
) -> None:
    world, recorder = _eventful(first)
    for name in SERVICES:
        memory = world.platform.databases[name]
        assert not memory.tables.get("inbox_retry")
        real = service_database(name)
        if name == "commission":
            with real.read() as connection:
                connection.execute(text("SELECT setval(pg_get_serial_sequence('rate_plan', 'version'), 1)"))
        service = _on(real, type(world.platform.services[name]), world)
        _repeat(service, recorder.done[name])
        with real.read() as connection:
            there = connection.execute(text("SELECT * FROM outbox")).mappings().all()
        assert _published(there) == _published(memory.tables.get("outbox", {}).values()), name
    _crm_is_the_same(world, service_database("crm"))
    _commission_is_the_same(world, service_database("commission"))


class _Forgetful(Experience):
    """Learns how long shops take, and nothing of forecasts: the worlds in memory do not either."""

    def windows(self, *_: Any) -> Windows:
        return Windows()


class _Clock(Scheduler):
    """A clock that is set."""


def _on(database: Database, cls: type, world: World) -> Any:
    service: Any = cls()
    service.database = database
    service.clock = _Clock(0, Faults())
    database._clock = service.clock
    there = world.platform.services[cls.name]  # type: ignore[attr-defined]
    for name in ("settings", "bank"):
        if name in vars(there):
            setattr(service, name, getattr(there, name))
    service.known_zones = KnownZones()
    service.codes = Codes(bytes(32))
    service.experience = Experience()
    return service


def _repeat(service: Any, record: list[Done]) -> None:
    ids = CountedIds("offer")
    for done in record:
        service.clock.seconds = done.seconds
        if done.method == "plan":
            planner = planning.Planner(service.database, service.clock, ids, service.settings.policy)
            planner._experience = _Forgetful()
            epoch = planner.step()
            assert epoch is not None
            answer: Any = _figures(epoch)
        else:
            answer = _answer(service, done)
        assert answer == done.answer, (done.seconds, done.method, done.arguments)


def _answer(service: Any, done: Done) -> Any:
    method = getattr(service, done.method)
    try:
        if done.batch is not None:
            return _plain(method(done.batch))
        if done.arguments:
            return _plain(method(WorkContext(), **done.arguments))
        return _plain(method())
    except Refusal as refusal:
        return _plain(refusal.to_wire())


def _crm_is_the_same(world: World, real: Database) -> None:
    tables = world.platform.databases["crm"].tables
    memory = MemoryProfiles(MemoryConnection(world.platform.databases["crm"], None))
    with real.read() as connection:
        profiles = ProfilesSql(connection)
        for shop_id, customer_id, _ in tables["tallies"]:
            assert profiles.tallies(shop_id, customer_id) == memory.tallies(shop_id, customer_id)
            assert profiles.endings(shop_id, customer_id) == memory.endings(shop_id, customer_id)


def _commission_is_the_same(world: World, real: Database) -> None:
    with real.read() as connection:
        catalogue = SqlCatalogue(connection)
        tables = world.platform.databases["commission"].tables
        memory = MemoryLedger(MemoryConnection(world.platform.databases["commission"], None))
        assert {row for row in SqlLedger(connection).balances() if row[2]} == {
            row for row in memory.balances() if row[2]
        }
        for listing_id, (_, listing) in tables["listing"].items():
            assert catalogue.listing(listing_id) == listing
        for shop_id, shop in tables["shop"].items():
            assert catalogue.shop(shop_id) == shop
