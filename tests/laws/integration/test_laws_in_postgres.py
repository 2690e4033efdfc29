"""The same lives over PostgreSQL: what holds in memory holds in the tables."""

from __future__ import annotations

from collections.abc import Callable

from shared.persistence import Database
from tests.laws.backends import InPostgres
from tests.laws.living import live
from tests.laws.still_world import StillWorld


def test_random_lives_keep_every_law_in_postgres(service_database: Callable[[str], Database]) -> None:
    world = StillWorld()
    backend = InPostgres(service_database("ordering"), service_database("commission"))
    for number in range(60):
        live(f"postgres-{number}", backend=backend, world=world)
