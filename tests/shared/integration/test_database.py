"""One service's database: what happens when too much is asked of it at once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy.exc import DBAPIError

from shared.persistence import Database
from shared.persistence.database import is_disconnect


def test_waiting_too_long_for_a_connection_counts_as_a_database_that_is_away(
    service_database: Callable[[str], Database],
) -> None:
    database = Database(service_database("crm").url, "crm", pool_size=1)
    database.engine.pool._timeout = 0.05  # type: ignore[attr-defined]
    try:
        with database.read(), pytest.raises(DBAPIError) as caught, database.transaction():
            pass
        assert is_disconnect(caught.value)
        with database.transaction():
            pass
    finally:
        database.close()
