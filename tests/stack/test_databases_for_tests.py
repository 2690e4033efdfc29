"""The fixture that every integration test leans on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text

from linli.stack import databases
from shared.persistence import Database

OWNERS = databases.owners()


@pytest.mark.parametrize("service", OWNERS)
def test_every_service_gets_a_migrated_database_of_its_own(
    service: str, service_database: Callable[[str], Database]
) -> None:
    database = service_database(service)
    with database.read() as connection:
        assert connection.execute(text("SELECT current_user")).scalar_one() == service
        assert connection.execute(text("SELECT count(*) FROM outbox")).scalar_one() == 0


@pytest.mark.parametrize("attempt", ["first", "second"])
def test_what_one_test_wrote_is_gone_in_the_next(
    attempt: str, service_database: Callable[[str], Database]
) -> None:
    database = service_database(OWNERS[0])
    with database.transaction() as tx:
        assert tx.connection.execute(text("SELECT count(*) FROM outbox_sequence")).scalar_one() == 0
        tx.connection.execute(text("INSERT INTO outbox_sequence (subject, last) VALUES ('a', 1)"))
