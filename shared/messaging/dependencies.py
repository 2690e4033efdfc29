"""What nameko hands to a service: its database, the clock, ids, Redis."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, ClassVar

import redis
from nameko.extensions import DependencyProvider

from shared.kernel.clock import Clock, clock_from_environment
from shared.kernel.ids import Ids, UuidV7
from shared.persistence.database import Database


def database_url(service: str) -> str:
    """Where ``LINLI_<SERVICE>_DATABASE_URL`` says that the service keeps its data."""
    variable = f"LINLI_{service.upper()}_DATABASE_URL"
    url = os.environ.get(variable, "")
    if not url:
        raise ValueError(f"{variable} is not set: name the PostgreSQL database of {service}")
    return url


class DatabaseProvider(DependencyProvider):
    """Opens the service's own database once per container."""

    listeners: ClassVar[list[Callable[[str], None]]] = []

    def __init__(self, service: str, pool_size: int = 12) -> None:
        super().__init__()
        self.service = service
        self.pool_size = pool_size

    def setup(self) -> None:
        self.database = Database(
            database_url(self.service), self.service, self.pool_size, clock=clock_from_environment()
        )
        self.database.on_events_written(self._tell)

    def _tell(self) -> None:
        for listener in self.listeners:
            listener(self.service)

    def stop(self) -> None:
        self.database.close()

    def get_dependency(self, worker_ctx: Any) -> Database:
        return self.database


class ClockProvider(DependencyProvider):
    """Business time, as ``LINLI_CLOCK`` sets it."""

    def setup(self) -> None:
        self.clock = clock_from_environment()

    def get_dependency(self, worker_ctx: Any) -> Clock:
        return self.clock


class IdsProvider(DependencyProvider):
    """UUIDs of version 7."""

    def setup(self) -> None:
        self.ids = UuidV7()

    def get_dependency(self, worker_ctx: Any) -> Ids:
        return self.ids


class RedisProvider(DependencyProvider):
    """A client of the Redis that ``LINLI_REDIS_URL`` names; what it holds can always be rebuilt."""

    def setup(self) -> None:
        url = os.environ.get("LINLI_REDIS_URL", "")
        if not url:
            raise ValueError("LINLI_REDIS_URL is not set: name a Redis")
        self.client = redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=2)

    def stop(self) -> None:
        self.client.close()

    def get_dependency(self, worker_ctx: Any) -> redis.Redis:
        return self.client
