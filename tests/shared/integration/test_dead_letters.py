"""Parked messages, as a service shows them to operators."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text

from shared.kernel.errors import Forbidden, InvalidInput
from shared.messaging.parked import ShowsDeadLetters
from shared.persistence import Database

OPERATOR = {"account_id": "ops", "role": "operator"}


@pytest.fixture
def service(service_database: Callable[[str], Database]) -> ShowsDeadLetters:
    shown = ShowsDeadLetters()
    shown.database = service_database("gateway")
    with shown.database.transaction() as tx:
        for number, body in enumerate(('{"type":"OrderPaid","subject":"o1","data":{}}', "not json", "[1]")):
            statement = text(
                "INSERT INTO parked (subscription, event_id, attempts, reason, body)"
                " VALUES ('gateway.from.ordering', :event_id, 6, 'poison', :body)"
            )
            tx.connection.execute(statement, {"event_id": f"e{number}", "body": body})
    return shown


def test_operators_see_what_was_parked_page_by_page_and_not_what_it_says(service: ShowsDeadLetters) -> None:
    first = service.dead_letters(actor=OPERATOR, limit=2)
    assert [(letter["event_id"], letter["type"]) for letter in first["items"]] == [
        ("e0", "OrderPaid"),
        ("e1", None),
    ]
    assert "body" not in first["items"][0]
    last = service.dead_letters(actor=OPERATOR, limit=2, cursor=first["next_cursor"])
    assert [letter["event_id"] for letter in last["items"]] == ["e2"]
    assert last["next_cursor"] is None


def test_nobody_else_sees_them(service: ShowsDeadLetters) -> None:
    with pytest.raises(Forbidden):
        service.dead_letters(actor={"account_id": "lan", "role": "merchant"})
    with pytest.raises(InvalidInput):
        service.dead_letters(actor=OPERATOR, cursor="x")
