"""Real servers for the tests: started once, privately, on free ports, with data in a temporary folder.

Nothing is skipped where a server is missing: the run stops with a sentence that says what to install.
"""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis

from linli.failures import Failure
from linli.stack.containers import RabbitContainer, RedisContainer, broker, real_redis
from linli.stack.postgres import PrivatePostgres
from linli.stack.rabbitmq import PrivateRabbit
from linli.stack.redis_server import PrivateRedis
from linli.stack.state import State
from shared.persistence import Database
from tests.databases import TestDatabases


@pytest.fixture(autouse=True)
def _alone_in_unit_tests(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A unit test sees no settings of whoever runs it; one that leaves this machine has forgotten a fake."""
    if "unit" not in request.path.parts:
        return
    for variable in [name for name in os.environ if name.startswith("LINLI_")]:
        monkeypatch.delenv(variable)
    connect = socket.socket.connect

    def connect_here(self: socket.socket, address: object) -> None:
        if isinstance(address, tuple) and address[0] not in {"127.0.0.1", "::1", "localhost"}:
            raise AssertionError(f"A unit test tried to reach {address[0]}.")
        connect(self, address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket.socket, "connect", connect_here)


@pytest.fixture(scope="session")
def server_state() -> Iterator[State]:
    folder = Path(tempfile.mkdtemp(prefix="linli-tests-"))
    yield State(folder)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server(server_state: State) -> Iterator[PrivatePostgres]:
    """A PostgreSQL that forgets everything at the end."""
    server = PrivatePostgres(server_state, forgetful=True)
    _provide("PostgreSQL", server.start)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def rabbitmq_server(server_state: State) -> Iterator[PrivateRabbit | RabbitContainer]:
    """A RabbitMQ that forgets everything at the end."""
    server = broker(server_state)
    _provide("RabbitMQ", server.start)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis_server(server_state: State) -> Iterator[PrivateRedis | RedisContainer]:
    """A Redis that forgets everything at the end."""
    server = real_redis(server_state)
    _provide("Redis", server.start)
    yield server
    server.stop()


@pytest.fixture
def redis_url(redis_server: PrivateRedis) -> str:
    """An empty Redis."""
    with redis.Redis.from_url(redis_server.url()) as client:
        client.flushall()
    return redis_server.url()


@pytest.fixture(scope="module")
def amqp_url(rabbitmq_server: PrivateRabbit, request: pytest.FixtureRequest) -> Iterator[str]:
    """A virtual host of RabbitMQ that belongs to the test module alone."""
    name = request.module.__name__
    yield rabbitmq_server.add_vhost(name)
    rabbitmq_server.control("delete_vhost", name)


@pytest.fixture(scope="session")
def test_databases(postgres_server: PrivatePostgres) -> TestDatabases:
    return TestDatabases(postgres_server)


@pytest.fixture(scope="module")
def _module_databases(test_databases: TestDatabases) -> Iterator[dict[str, Database]]:
    databases: dict[str, Database] = {}
    yield databases
    for database in databases.values():
        test_databases.drop(database)


@pytest.fixture
def service_database(
    test_databases: TestDatabases, _module_databases: dict[str, Database]
) -> Callable[[str], Database]:
    """``service_database("ordering")``: a freshly migrated database of that service.

    One per test module, emptied between its tests; a real PostgreSQL with the service's own login.
    """
    for database in _module_databases.values():
        test_databases.empty(database)

    def provide(service: str) -> Database:
        if service not in _module_databases:
            _module_databases[service] = test_databases.create(service)
        return _module_databases[service]

    return provide


def _provide(what: str, start: Callable[[], None]) -> None:
    try:
        start()
    except Failure as failure:
        pytest.exit(f"{what} could not be started for the tests: {failure}", returncode=4)
