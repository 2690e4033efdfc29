"""The platform on memory: every service's own entrypoints, over ports, a network and processes of a world."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any

import orjson

from services.campaigns.entrypoints import service as campaigns
from services.commission.entrypoints import books as commission_books
from services.commission.entrypoints import charging as commission_charging
from services.commission.entrypoints import distribution, settling
from services.commission.entrypoints import rates as commission_rates
from services.commission.entrypoints import service as commission
from services.commission.settings import settings_from_environment
from services.crm.entrypoints import service as crm
from services.dispatch.adapters import forgetting
from services.dispatch.adapters import proofs as pictures
from services.dispatch.adapters.proofs import Codes
from services.dispatch.application.planner import PlannerPolicy
from services.dispatch.entrypoints import planner as planning
from services.dispatch.entrypoints import proofs, second_tries, slots
from services.dispatch.entrypoints import service as dispatch
from services.dispatch.settings import Settings as DispatchSettings
from services.gateway.application.accounts import Register, create_account
from services.gateway.application.once import once
from services.gateway.domain.accounts import Role
from services.gateway.domain.idempotency import KeptAnswer, KeyUse
from services.ordering.adapters import sandbox_notices
from services.ordering.application.ports import Rules
from services.ordering.domain.delivery_fee import DeliveryFeeRule
from services.ordering.entrypoints import couriers as ordering_couriers
from services.ordering.entrypoints import service as ordering
from services.ordering.entrypoints import slots as ordering_slots
from services.ordering.entrypoints.dependencies import PaymentProviders
from services.ordering.settings import Settings as OrderingSettings
from services.storefront.entrypoints import preparing
from services.storefront.entrypoints import service as storefront
from services.storefront.settings import Settings as StorefrontSettings
from shared.kernel.errors import Refusal
from shared.messaging.context import WorkContext
from shared.messaging.subscription import Batch, EventSubscription
from shared.messaging.timer import Every
from shared.testing.clock import CountedIds
from tests.gateway.fakes import PlainPasswords
from tests.simulation.broker import Broker, Message, Queue, Relay, Wire
from tests.simulation.database import STATEMENTS, MemoryDatabase
from tests.simulation.ports import campaigns as campaigns_ports
from tests.simulation.ports import commission as commission_ports
from tests.simulation.ports import crm as crm_ports
from tests.simulation.ports import dispatch as dispatch_ports
from tests.simulation.ports import gateway as gateway_ports
from tests.simulation.ports import market as market_ports
from tests.simulation.ports import ordering as ordering_ports
from tests.simulation.ports import planning as planning_ports
from tests.simulation.ports import rates as rates_ports
from tests.simulation.ports import seals as seals_ports
from tests.simulation.ports import settling as settling_ports
from tests.simulation.ports import slots as slots_ports
from tests.simulation.ports import storefront as storefront_ports
from tests.simulation.provider import Provider, wall
from tests.simulation.scheduler import Process, Scheduler

WINDOW, GRACE = timedelta(minutes=3), timedelta(minutes=10)
RULES = Rules(
    quote_validity=timedelta(minutes=5),
    payment_window=WINDOW,
    hold_grace=GRACE,
    after_sale_window=timedelta(minutes=5),
    delivery_fee=DeliveryFeeRule(base=300, per_extra_pickup=150, included_m=2000, per_km=100),
)
EXPIRY_GRACE_SECONDS = 300.0

# Where the services' entrypoints meet adapters, and what stands there instead.
_INSTEAD: list[tuple[Any, str, Any]] = [
    (ordering, "TransactionsSql", ordering_ports.MemoryTransactions),
    (ordering, "UnitOfWorkSql", ordering_ports.MemoryUnitOfWork),
    (ordering_couriers, "UnitOfWorkSql", ordering_ports.MemoryUnitOfWork),
    (ordering_slots, "TransactionsSql", ordering_ports.MemoryTransactions),
    (storefront, "SqlStore", storefront_ports.MemoryStore),
    (preparing, "SqlStore", storefront_ports.MemoryStore),
    (storefront, "SqlCatalogue", storefront_ports.MemoryCatalogue),
    (campaigns, "StoreSql", campaigns_ports.MemoryStore),
    (commission, "SqlBooks", commission_ports.MemoryBooks),
    (commission, "SqlCatalogue", commission_ports.MemoryCatalogue),
    (commission, "SqlLedger", commission_ports.MemoryLedger),
    (commission_books, "SqlSeals", seals_ports.MemorySeals),
    (commission, "SqlJournal", commission_ports.MemoryJournal),
    (commission, "SqlShifts", rates_ports.MemoryShifts),
    (commission_rates, "SqlCatalogue", commission_ports.MemoryCatalogue),
    (commission_charging, "SqlCatalogue", commission_ports.MemoryCatalogue),
    (commission_charging, "SqlContracts", rates_ports.MemoryContracts),
    (commission_charging, "SqlJournal", commission_ports.MemoryJournal),
    (distribution, "SqlCatalogue", commission_ports.MemoryCatalogue),
    (distribution, "SqlLedger", commission_ports.MemoryLedger),
    (distribution, "SqlMarket", market_ports.MemoryMarket),
    (settling, "SqlCatalogue", commission_ports.MemoryCatalogue),
    (settling, "SqlJournal", commission_ports.MemoryJournal),
    (settling, "SqlSettlements", settling_ports.MemorySettlements),
    (settling, "SqlPayouts", settling_ports.MemoryPayouts),
    (settling, "SqlReconciliations", settling_ports.MemoryReconciliations),
    (crm, "LedgerSql", crm_ports.MemoryLedger),
    (crm, "ProfilesSql", crm_ports.MemoryProfiles),
    (dispatch, "SqlStore", dispatch_ports.MemoryStore),
    (dispatch, "SqlHolds", dispatch_ports.MemoryHolds),
    (dispatch, "SqlSightings", dispatch_ports.MemorySightings),
    (dispatch, "SqlZoneMap", dispatch_ports.MemoryZoneMap),
    (dispatch, "Views", dispatch_ports.MemoryViews),
    (proofs, "SqlStore", dispatch_ports.MemoryStore),
    (slots, "SqlStore", dispatch_ports.MemoryStore),
    (second_tries, "SqlStore", dispatch_ports.MemoryStore),
    (slots, "SqlSlotBook", slots_ports.MemorySlotBook),
    (planning, "SqlDesk", planning_ports.MemoryDesk),
    (planning, "is_any_due", planning_ports.is_any_due),
]

# In memory a transaction sees one moment anyway.
STATEMENTS[id(commission._ONE_MOMENT)] = lambda _connection, _values: []
# The planner here keeps no plans on record, and nobody takes pictures.
for _statement in (forgetting._TOO_OLD, forgetting._TOO_MANY, pictures._TOO_OLD):
    STATEMENTS[id(_statement)] = lambda _connection, _values: []


@contextmanager
def on_memory() -> Iterator[None]:
    """Within the block the services' entrypoints work on memory, and say nothing in the log."""
    before = [(module, name, getattr(module, name)) for module, name, _ in _INSTEAD]
    real_time = sandbox_notices.time
    logging.disable(logging.CRITICAL)
    for module, name, instead in _INSTEAD:
        setattr(module, name, instead)
    try:
        yield
    finally:
        sandbox_notices.time = real_time
        for module, name, there in before:
            setattr(module, name, there)
        logging.disable(logging.NOTSET)


class Door:
    """What the gateway does with a request that changes something: once for each key."""

    name = "gateway"

    def __init__(self, database: MemoryDatabase, wire: Wire) -> None:
        self.database = database
        self._wire = wire

    def request(self, context: WorkContext, account: str, key: str, call: list[Any]) -> Any:
        service, method, arguments = call
        use = KeyUse(
            account_id=account,
            operation=f"{service}.{method}",
            key=key,
            fingerprint=orjson.dumps(arguments, option=orjson.OPT_SORT_KEYS),
        )

        def work() -> tuple[KeptAnswer, bool]:
            try:
                answer = {"result": self._wire.call(service, method, **arguments)}
            except Refusal as refusal:
                final = refusal.kind not in {"unavailable", "internal"}
                return KeptAnswer(status=400, body=orjson.dumps({"refusal": refusal.to_wire()})), final
            return KeptAnswer(status=200, body=orjson.dumps(answer)), True

        records = gateway_ports.MemoryKeyRecords(self.database)
        return orjson.loads(once(use, work, records=records, attempt=self.database.new()).answer.body)

    def open_account(self, context: WorkContext, email: str) -> str:
        account = create_account(
            Register(email=email, phone=None, password="a long password", name="Somebody", role=Role.COURIER),
            store=gateway_ports.MemoryAccountStore(self.database),  # type: ignore[arg-type]
            passwords=PlainPasswords(),
            clock=self.database.world,
            ids=self.database,
        )
        return account.account_id


@cache
def entrypoints_of(cls: type) -> list[tuple[str, Any]]:
    found = []
    for name in sorted(dir(cls)):
        for entrypoint in sorted(getattr(getattr(cls, name), "nameko_entrypoints", ()), key=repr):
            found.append((name, entrypoint))
    return found


class Platform:
    """All services and their processes, ready to be started."""

    def __init__(self, world: Scheduler, outside: Process) -> None:
        self.world = world
        self.wire, self.broker = Wire(world), Broker(world)
        self.provider = Provider(world, self.wire, outside)
        self.databases: dict[str, MemoryDatabase] = {}
        self.services: dict[str, Any] = {}
        self.relays: list[Relay] = []
        self.processes: list[Process] = []
        self._of_database: dict[str, list[Process]] = {}
        for cls in (
            ordering.OrderingService,
            storefront.StorefrontService,
            campaigns.CampaignsService,
            commission.CommissionService,
            crm.CrmService,
            dispatch.DispatchService,
        ):
            self._add(cls.name, cls())
        self._add("gateway", Door(self._database("gateway"), self.wire))
        self._complete()
        self._add_planner()
        world.on_power_cut = self._power_cut
        sandbox_notices.time = SimpleNamespace(time=lambda: wall(world))  # type: ignore[assignment]

    def start(self) -> None:
        for process in self.processes:
            self.world.start(process)

    def _database(self, name: str) -> MemoryDatabase:
        if name not in self.databases:
            self.databases[name] = MemoryDatabase(name, self.world)
        return self.databases[name]

    def _add(self, name: str, service: Any) -> None:
        database = self._database(name)
        service.database, service.clock = database, self.world
        self.services[name] = service
        process = Process(name)
        queues = self._queues(name, service)
        process.begin = lambda: self._begin(process, service, queues)
        self.wire.serve(name, process, service)
        relay = Relay(database, self.broker, self.world)
        self.relays.append(relay)
        self.processes += [process, relay.process]
        self._of_database[name] = [process, relay.process]

    def _complete(self) -> None:
        services = self.services
        services["ordering"].settings = OrderingSettings(
            rules=RULES, webhook_secret="", webhook_url="http://gateway"
        )
        services["ordering"].payments = PaymentProviders(by_method={"sandbox": self.provider})
        services["ordering"].rpc = self.wire
        services["commission"].settings = settings_from_environment(self.world)
        services["commission"].bank = settling_ports.BankOnDemand()
        services["storefront"].settings = StorefrontSettings(expiry_grace_seconds=EXPIRY_GRACE_SECONDS)
        policy = PlannerPolicy(
            solve_seconds=1e9, at_least_every=timedelta(minutes=3), debounce=timedelta(seconds=5), rounds=2
        )
        services["dispatch"].settings = DispatchSettings(
            expiry_grace_seconds=EXPIRY_GRACE_SECONDS, policy=policy
        )
        services["dispatch"].known_zones = None
        services["dispatch"].codes = Codes(bytes(32))
        services["dispatch"].experience = None

    def _add_planner(self) -> None:
        database = self.databases["dispatch"]
        policy, ids = self.services["dispatch"].settings.policy, CountedIds("offer")
        process = Process("planner")

        def plan() -> None:
            planner = planning.Planner(database, self.world, ids, policy)  # type: ignore[arg-type]
            while True:
                planner.step()
                self.world.pause(self.world.chance.choice((8.0, 30.0)) * self._patience())

        process.begin = lambda: self._spawn(process, "plan", plan)
        self.processes.append(process)
        self._of_database["dispatch"].append(process)

    def _power_cut(self, process: Process) -> None:
        """The database that the process works on restarts, and all that worked on it do, too."""
        for name, processes in self._of_database.items():
            if process in processes:
                self.databases[name].lose_power()
                for other in processes:
                    if other.alive:
                        self.world.kill(other)

    # -- what a process does -------------------------------------------------------------------------

    def _queues(self, name: str, service: Any) -> list[tuple[str, Queue]]:
        queues = []
        for method, entrypoint in entrypoints_of(type(service)):
            if isinstance(entrypoint, EventSubscription):
                queue = Queue(f"{name}.from.{entrypoint.source}", entrypoint.source, entrypoint.types)
                self.broker.queues.append(queue)
                queues.append((method, queue))
        return queues

    def _begin(self, process: Process, service: Any, queues: list[tuple[str, Queue]]) -> None:
        for method, queue in queues:
            self.broker.requeue(queue)
            self._read(process, getattr(service, method), queue)
        for method, entrypoint in entrypoints_of(type(service)):
            if isinstance(entrypoint, Every):
                self._repeat(process, getattr(service, method), entrypoint.seconds)
        self.wire.reopen(process.name)

    def _read(self, process: Process, take: Callable[[Batch], None], queue: Queue) -> None:
        self._spawn(process, queue.name, lambda: self._take_in_for_ever(take, queue))

    def _take_in_for_ever(self, take: Callable[[Batch], None], queue: Queue) -> None:
        world, retries = self.world, self.databases[queue.name.split(".", 1)[0]].tables
        while True:
            put_aside = any(key[0] == queue.name for key in retries.get("inbox_retry", ()))
            world.wait(queue.filled, 1.0 if put_aside else None)
            if put_aside:
                take(Batch(queue.name, "retry", []))
            queue.filled.raised = False
            while messages := self.broker.take(queue, world.chance.choice((1, 3, 50))):
                self.handle(take, queue, messages)

    def handle(self, take: Callable[[Batch], None], queue: Queue, messages: list[Message]) -> None:
        """Take messages in, then acknowledge them."""
        take(Batch(queue.name, "take_in", messages))
        self.world.step("after commit, before acknowledging", 4.0)
        self.broker.acknowledge(queue, messages)

    def _repeat(self, process: Process, method: Callable[[], None], seconds: float) -> None:
        chance = self.world.chance

        def again() -> None:
            while True:
                self.world.pause(max(seconds, 20.0) * (0.5 + chance.random() * 2) * self._patience())
                try:
                    method()
                except Refusal:
                    self.world.count("timer refused")

        self._spawn(process, "timer", again)

    def _patience(self) -> float:
        return 1.0 if self.world.troubled else 3.0

    def _spawn(self, process: Process, name: str, work: Callable[[], None]) -> None:
        self.world.spawn(process, name, work)
