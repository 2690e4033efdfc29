"""Commission's books with what settles and pays, for the suites that memory and PostgreSQL share."""

from __future__ import annotations

import pytest

from shared.persistence import Database
from shared.testing.clock import StoppedClock
from tests.commission.desk import Desk, afternoon, in_memory, on_postgresql


@pytest.fixture(params=["memory", "postgresql"])
def desk(request: pytest.FixtureRequest) -> Desk:
    clock = StoppedClock(afternoon())
    if request.param == "memory":
        return Desk(ports=in_memory(clock), clock=clock)
    real: Database = request.getfixturevalue("service_database")("commission")
    return Desk(ports=on_postgresql(real), clock=clock)
