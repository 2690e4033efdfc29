"""Which processes a platform consists of, and what each is told through its environment.

A process is told what it needs and nothing else: a service never learns the address of another's database.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from linli.failures import Failure
from linli.processes import discovery
from linli.stack.state import ROOT, State


@dataclass(frozen=True, kw_only=True)
class Servers:
    """Where the servers are, whoever runs them."""

    amqp_url: str
    redis_url: str
    database_urls: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Process:
    """One process: `python -m module arguments…` in ``environment``."""

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def ops_address(self) -> str:
        return self.environment["LINLI_OPS_ADDRESS"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A platform: its servers and its processes, and the address it answers at."""

    http_address: str
    servers: Servers
    processes: tuple[Process, ...]


def embedded(state: State, servers: Servers, http_address: str, settings: Mapping[str, str]) -> Plan:
    """One process for all services and relays, the planner beside it."""
    # There is no stream to read, so its relay keeps an archive, and the gateway answers from it.
    settings = {"LINLI_GATEWAY_EVENT_ARCHIVE": "yes", **settings}
    teller = _Teller(state, servers, http_address, settings)
    everything = sorted(servers.database_urls)
    processes = [teller.process("platform", "embedded", (), databases=everything)]
    return Plan(http_address=http_address, servers=servers, processes=(*processes, *_planner(teller)))


def full(
    state: State,
    servers: Servers,
    http_address: str,
    settings: Mapping[str, str],
    replicas: Mapping[str, int] | None = None,
) -> Plan:
    """A process for every service, more for those in ``replicas``; one relay; the planner."""
    teller = _Teller(state, servers, http_address, settings)
    services = discovery.all_services()
    replicas = dict(replicas or {})
    unknown = set(replicas) - set(services) - {"planner"}
    if unknown:
        raise Failure(f"There is no service {', '.join(sorted(unknown))} to have replicas of.", exit_code=2)
    if replicas.get("gateway", 1) != 1:
        raise Failure("The gateway owns the public address here, so there can be one of it.", exit_code=2)
    processes = []
    for service in services:
        count = replicas.get(service, 1)
        for number in range(1, count + 1):
            name = service if count == 1 else f"{service}-{number}"
            processes.append(teller.process(name, "service", (service,), databases=[service]))
    publishers = discovery.publishers()
    processes.append(teller.process("relay", "relay", tuple(publishers), databases=publishers))
    return Plan(
        http_address=http_address,
        servers=servers,
        processes=(*processes, *_planner(teller, replicas.get("planner", 1))),
    )


def parse_replicas(texts: Iterable[str]) -> dict[str, int]:
    """`storefront=2` and the like; raises :class:`Failure` for anything else."""
    replicas: dict[str, int] = {}
    for text in texts:
        service, _, count = text.partition("=")
        if not count.isdigit() or not 1 <= int(count) <= 20:
            raise Failure(f"{text!r} does not say how many: write it like storefront=2.", exit_code=2)
        replicas[service] = int(count)
    return replicas


class _Teller:
    """Makes processes with their environments."""

    def __init__(
        self, state: State, servers: Servers, http_address: str, settings: Mapping[str, str]
    ) -> None:
        self._state = state
        self._servers = servers
        self._http_address = http_address
        self._settings = settings

    def process(
        self, name: str, module: str, arguments: tuple[str, ...], databases: Iterable[str]
    ) -> Process:
        foreign = {f"LINLI_{service.upper()}_DATABASE_URL" for service in self._servers.database_urls}
        inherited = {
            variable: value
            for variable, value in os.environ.items()
            if variable not in foreign and variable != "LINLI_POSTGRES_URL"
        }
        told = dict(self._settings) | {
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
            # Memory for hashing passwords goes back at once, instead of staying with each of twenty threads.
            "MALLOC_MMAP_THRESHOLD_": "1048576",
            "LINLI_AMQP_URL": self._servers.amqp_url,
            "LINLI_REDIS_URL": self._servers.redis_url,
            "LINLI_OPS_ADDRESS": f"127.0.0.1:{self._state.port(f'ops:{name}')}",
        }
        for service in databases:
            if service in self._servers.database_urls:
                told[f"LINLI_{service.upper()}_DATABASE_URL"] = self._servers.database_urls[service]
        if name == "platform" or arguments[:1] in {("gateway",), ("ordering",)}:
            # The sandbox provider signs what it sends to the gateway; ordering checks the signature.
            told |= {
                "LINLI_HTTP_ADDRESS": self._http_address,
                "LINLI_PAYMENT_WEBHOOK_URL": f"http://{self._http_address}/v1/payment-notifications/sandbox",
                "LINLI_PAYMENT_WEBHOOK_SECRET": self._state.secret("payment-webhook", prefix="whsec_"),
                "LINLI_TOKEN_KEY_FILE": str(self._state.folder / "token-key.pem"),
            }
        return Process(
            name=name, module=f"linli.processes.{module}", arguments=arguments, environment=inherited | told
        )


def _planner(teller: _Teller, count: int = 1) -> list[Process]:
    if not discovery.has_planner():
        return []
    names = ["planner"] if count == 1 else [f"planner-{number}" for number in range(1, count + 1)]
    return [teller.process(name, "planner", (), databases=["dispatch"]) for name in names]
