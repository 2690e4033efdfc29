"""What commits is sent, what is sent takes effect once, and what fails is kept with its reason."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from shared.messaging import inbox
from shared.messaging.context import WorkContext, working_on
from shared.messaging.envelope import Event
from shared.messaging.outbox import DatabaseError, Outbox
from shared.persistence import Database, Transaction
from tests.waiting import wait_until

SUBSCRIPTION = "crm.from.ordering"


@pytest.fixture
def database(service_database: Callable[[str], Database]) -> Database:
    return service_database("crm")


@pytest.fixture
def outbox(database: Database) -> Iterator[Outbox]:
    outbox = Outbox(database.url, "crm")
    yield outbox
    outbox.close()


def an_event(number: int) -> Event:
    return Event(
        id=f"e{number}",
        type="Thing",
        source="ordering",
        subject=f"s{number}",
        time="2026-01-05T08:00:00.000Z",
        version=1,
        sequence=1,
        data={"number": number},
        correlationid="c1",
    )


def count(database: Database, table: str) -> int:
    with database.read() as connection:
        return int(connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one())


def make_due(database: Database) -> None:
    with database.transaction() as transaction:
        transaction.connection.execute(text("UPDATE inbox_retry SET next_at = clock_timestamp()"))


def test_a_rolled_back_transaction_sends_nothing(database: Database, outbox: Outbox) -> None:
    with pytest.raises(RuntimeError), database.transaction() as transaction:
        transaction.publish("Thing", "s1", {})
        raise RuntimeError
    assert not outbox.has_unsent()


def test_the_sequence_of_a_subject_has_no_gap_under_concurrency(database: Database) -> None:
    def publish(number: int) -> None:
        with database.transaction() as transaction:
            transaction.publish("Thing", f"s{number % 3}", {"n": number})
            transaction.publish("Thing", f"s{number % 3}", {"n": number})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(publish, range(60)))
    with database.read() as connection:
        rows = connection.execute(
            text("SELECT subject, sequence FROM outbox ORDER BY subject, sequence")
        ).all()
    assert [tuple(row) for row in rows] == [(f"s{s}", n) for s in range(3) for n in range(1, 41)]


def test_rows_are_taken_by_one_relay_at_a_time_and_only_marked_ones_are_gone(
    database: Database, outbox: Outbox
) -> None:
    with database.transaction() as transaction:
        for number in range(5):
            transaction.publish("Thing", f"s{number}", {"n": number})
    second = Outbox(database.url, "crm")
    mine = outbox.take()
    assert [row.position for row in mine] == sorted(row.position for row in mine)
    assert len(mine) == 5
    assert not second.take()
    outbox.mark_sent(mine[:2])
    assert outbox.take() == mine[2:]
    outbox.let_go()
    # The lock is free once PostgreSQL has noticed that its connection is gone.
    wait_until(lambda: second.take() == mine[2:])
    assert not outbox.take()
    second.mark_sent(mine[2:])
    assert outbox.lag() == (0, 0.0)
    assert len(list(outbox.sent_since(datetime.fromtimestamp(0, UTC)))) == 5
    second.close()


def test_a_relay_whose_database_was_away_is_active_again(database: Database, outbox: Outbox) -> None:
    with database.transaction() as transaction:
        transaction.publish("Thing", "s1", {})
    rows = outbox.take()
    with database.transaction() as transaction:
        transaction.connection.execute(
            text(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE application_name = 'crm-relay' AND datname = current_database()"
            )
        )
    with pytest.raises(DatabaseError):
        outbox.mark_sent(rows)
    assert outbox.take() == rows
    outbox.mark_sent(rows)
    assert not outbox.take()


def test_an_event_carries_the_ids_of_the_work_that_caused_it(database: Database, outbox: Outbox) -> None:
    with (
        working_on(WorkContext("correlation", "cause", "00-abc-def-01")),
        database.transaction() as transaction,
    ):
        transaction.publish("Thing", "s1", {"n": 1})
    event = Event.from_json(outbox.take()[0].body)
    assert (event.correlationid, event.causationid, event.traceparent) == (
        "correlation",
        "cause",
        "00-abc-def-01",
    )
    assert (event.source, event.sequence, event.data) == ("crm", 1, {"n": 1})


def test_an_event_takes_effect_once_however_often_it_comes(database: Database) -> None:
    seen: list[str] = []

    def handle(transaction: Transaction, event: Event) -> None:
        seen.append(event.id)
        transaction.publish("Effect", event.id, {})

    events = [an_event(1), an_event(2), an_event(1)]
    inbox.consume(database, SUBSCRIPTION, handle, events)
    inbox.consume(database, SUBSCRIPTION, handle, events)
    assert sorted(seen) == ["e1", "e2"]
    assert count(database, "outbox") == 2
    with database.read() as connection:
        causes = connection.execute(text("SELECT subject, causationid, correlationid FROM outbox")).all()
    assert all(subject == cause and correlation == "c1" for subject, cause, correlation in causes)


def test_a_poison_event_does_not_block_its_neighbours_and_is_parked_in_the_end(database: Database) -> None:
    def handle(transaction: Transaction, event: Event) -> None:
        transaction.publish("Effect", event.id, {})
        if event.id == "e2":
            raise ValueError("poison")

    inbox.consume(database, SUBSCRIPTION, handle, [an_event(n) for n in (1, 2, 3)])
    assert count(database, "outbox") == 2
    assert count(database, "inbox_retry") == 1
    for _ in inbox.RETRY_AFTER:
        make_due(database)
        inbox.retry_due(database, SUBSCRIPTION, handle)
    assert count(database, "inbox_retry") == 0
    with database.read() as connection:
        parked = connection.execute(text("SELECT event_id, attempts, reason FROM parked")).all()
    assert [tuple(row) for row in parked] == [("e2", len(inbox.RETRY_AFTER) + 1, "ValueError('poison')")]
    assert count(database, "outbox") == 2


def test_an_event_that_failed_once_takes_effect_at_a_later_attempt(database: Database) -> None:
    attempts: list[str] = []

    def handle(transaction: Transaction, event: Event) -> None:
        attempts.append(event.id)
        # The batch and the single attempt fail; the delayed one succeeds.
        if len(attempts) <= 2:
            raise ValueError("not yet")
        transaction.publish("Effect", event.id, {})

    inbox.consume(database, SUBSCRIPTION, handle, [an_event(1)])
    make_due(database)
    assert inbox.retry_due(database, SUBSCRIPTION, handle) == 1
    assert (count(database, "outbox"), count(database, "inbox"), count(database, "inbox_retry")) == (1, 1, 0)
    inbox.consume(database, SUBSCRIPTION, handle, [an_event(1)])
    assert count(database, "outbox") == 1


def test_an_undecodable_message_is_kept_as_it_came(database: Database) -> None:
    inbox.park_undecodable(database, SUBSCRIPTION, b"\xff\x00", "not JSON")
    with database.read() as connection:
        assert connection.execute(text("SELECT event_id, reason, body FROM parked")).one() == (
            None,
            "not JSON",
            "base64:/wA=",
        )


def test_only_relaxed_connections_ask_to_leave_the_disk_for_later(database: Database) -> None:
    asked = text("SELECT setting, source FROM pg_settings WHERE name = 'synchronous_commit'")
    with database.relaxed() as connection:
        assert tuple(connection.execute(asked).one()) == ("off", "client")
        connection.execute(text("INSERT INTO outbox_sequence (subject, last) VALUES ('s1', 1)"))
    with database.transaction() as transaction:
        # The server of the tests is forgetful by itself; what counts is who asked.
        assert transaction.connection.execute(asked).one().source != "client"
        assert transaction.connection.execute(text("SELECT last FROM outbox_sequence")).scalar_one() == 1
