"""Crm's database is built again from events alone and is the living one, row by row."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet
from sqlalchemy import text
from typer.testing import CliRunner

from linli.cli import app
from linli.failures import Failure
from linli.rebuild import sources
from linli.rebuild.comparing import compare
from linli.rebuild.read_side import Rebuild, fresh_database
from linli.rebuild.sources import Files, source_of
from linli.stack.postgres import PrivatePostgres
from shared.messaging.envelope import Event
from shared.persistence import Database
from tests.crm import builders as b
from tests.databases import TestDatabases

FACTS = ("orders", "refunds", "shops", "store_orders", "tallies")


def a_week(orders: int = 60) -> list[Event]:
    """Orders of many customers with two shops: kept, refunded in parts, cancelled, never paid."""
    events = [b.shop_opened(b.FRUIT, b.NING), b.shop_opened(b.BAKERY, b.BAO)]
    for number in range(orders):
        order, customer = f"o{number}", f"customer-{number % 7}"
        events.append(b.placed(order, at=number))
        if number % 5 == 4:
            events.append(b.cancelled(order, at=number + 3))
            continue
        events.append(b.bought(order, b.FRUIT, 100 + number, at=number + 1, customer_id=customer))
        events.append(b.bought(order, b.BAKERY, 900, at=number + 1, customer_id=customer))
        events.append(b.delivered(order, b.FRUIT, b.BAKERY, at=number + 30))
        if number % 3 == 0:
            events.append(b.refunded(order, f"r{number}", b.FRUIT, goods=50, at=number + 40))
            events.append(b.refunded(order, f"r{number}", None, at=number + 40))
    # What crm does not subscribe to is in the stream as well.
    events.append(b.an_event("CourierOnShift", {"shop_id": "x"}, "dispatch"))
    events.append(b.an_event("OrderPaid", {"order_id": "o1"}))
    return events


@pytest.fixture
def living(service_database: Callable[[str], Database]) -> Database:
    """Crm after the week, as a busy platform would have told it: in any order, and some of it twice."""
    database = service_database("crm")
    events = [event for event in a_week() if event.type not in {"CourierOnShift", "OrderPaid"}]
    chance = random.Random(7)
    told = events + chance.sample(events, 40)
    chance.shuffle(told)
    service = b.a_service(database)
    for start in range(0, len(told), 17):
        b.take_in(service, *told[start : start + 17])
    return database


@pytest.fixture
def fresh(test_databases: TestDatabases) -> Iterator[Database]:
    database = test_databases.create("crm")
    yield database
    test_databases.drop(database)


def rebuilt(database: Database, events: Sequence[Event]) -> Database:
    made = Rebuild("crm", database)
    told: list[int] = []
    made.take_in(events, told.append)
    assert sum(told) <= len(events)
    return database


def change(database: Database, statement: str) -> None:
    with database.transaction() as tx:
        tx.connection.execute(text(statement))


def test_from_events_in_the_order_of_the_stream_comes_the_same_database(
    living: Database, fresh: Database
) -> None:
    differences = compare(living.url, rebuilt(fresh, a_week()).url)
    assert tuple(one.table for one in differences) == FACTS
    assert all(one.is_none for one in differences)
    assert {one.table: one.equal for one in differences}["orders"] == 60
    assert min(one.equal for one in differences) > 0


def test_a_row_that_differs_is_found_whatever_is_wrong_with_it(living: Database, fresh: Database) -> None:
    rebuilt(fresh, a_week())
    change(
        living, "UPDATE tallies SET paid = paid + 1 WHERE customer_id = 'customer-3' AND shop_id = 'bakery'"
    )
    change(living, "DELETE FROM orders WHERE order_id = 'o7'")
    change(living, "INSERT INTO shops VALUES ('unheard-of', 'nobody', now())")
    found = {one.table: one for one in compare(living.url, fresh.url)}
    tallies, orders, shops = found["tallies"], found["orders"], found["shops"]
    assert (tallies.different, tallies.examples) == (1, ["bakery/customer-3/CNY"])
    assert (orders.only_rebuilt, orders.equal, orders.examples) == (1, 59, ["o7"])
    assert (shops.only_live, shops.equal, shops.examples) == (1, 2, ["unheard-of"])
    assert found["refunds"].is_none


def test_an_event_that_is_lost_shows(living: Database, fresh: Database) -> None:
    events = [event for event in a_week() if event.id != "StoreOrderSplit/o1/o1-bakery/bakery"]
    assert len(events) == len(a_week()) - 1
    found = {one.table: one for one in compare(living.url, rebuilt(fresh, events).url)}
    assert found["store_orders"].only_live == 1
    assert found["tallies"].different == 1


def test_an_event_that_cannot_be_taken_in_stops_the_rebuild(fresh: Database) -> None:
    broken = b.an_event("OrderPlaced", {"order_id": "o"})
    with pytest.raises(Failure, match=r"could not be taken in: InvalidInput"):
        Rebuild("crm", fresh).take_in([broken])


def test_exported_files_are_a_source(tmp_path: Path, living: Database, fresh: Database) -> None:
    export(tmp_path, a_week())
    files = source_of(str(tmp_path))
    assert isinstance(files, Files)
    assert files.ahead() == len(a_week())
    assert all(one.is_none for one in compare(living.url, rebuilt(fresh, list(files.read())).url))
    assert files.ahead() == 0
    assert list(files.read()) == []


def export(folder: Path, events: Sequence[Event]) -> None:
    """Files as `linli events export` writes them, by day and with more columns than are read here."""
    columns: dict[str, list[Any]] = {
        name: [getattr(event, name) for event in events]
        for name in ("id", "type", "source", "subject", "version", "sequence")
    }
    columns["offset"] = list(range(len(events)))
    columns["data"] = [json.dumps(event.data) for event in events]
    moments = pa.array([event.time for event in events]).cast(pa.timestamp("us", tz="UTC"))
    table = pa.table(columns).append_column("time", moments)
    for number, start in enumerate(range(0, len(events), 50)):
        day = folder / f"date=2026-01-{number + 1:02}"
        day.mkdir()
        parquet.write_table(table.slice(start, 50), day / f"events-{start}.parquet")


# -- the command -------------------------------------------------------------------------------------------


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner(env={"COLUMNS": "120"}).invoke(app, ["rebuild", *arguments])
    if isinstance(done.exception, Failure):
        return done.exception.exit_code, str(done.exception)
    return done.exit_code, done.output


def test_the_command_prints_a_table_and_ends_with_0_when_all_is_equal(
    tmp_path: Path, living: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(tmp_path, a_week())
    monkeypatch.setenv("LINLI_CRM_DATABASE_URL", living.url)
    code, said = run("crm", "--from", str(tmp_path))
    assert code == 0, said
    assert re.search(r"orders +│ +60 │ +0 │ +0 │ +0", said)
    assert "The rebuilt database is the living one." in said


def test_the_command_ends_with_1_and_names_the_rows_when_something_differs(
    tmp_path: Path, living: Database, fresh: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(tmp_path, a_week())
    monkeypatch.setenv("LINLI_CRM_DATABASE_URL", living.url)
    change(living, "UPDATE orders SET placed_at = placed_at + interval '1 ms' WHERE order_id = 'o9'")
    code, said = run("crm", "--from", str(tmp_path), "--patience", "0")
    assert code == 1
    assert "orders: o9" in said
    assert "The rebuilt database is not the living one." in said
    code, said = run("crm", "--from", str(tmp_path), "--into", living.url)
    assert (code, "is not empty" in said) == (2, True)


def test_what_arrives_while_it_compares_is_taken_in(
    living: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Late:
        """A source that has the rest at the second reading."""

        parts: list[list[Event]] = [a_week()[:-30], a_week()[-30:]]

        def ahead(self) -> int:
            return len(self.parts[0])

        def read(self) -> Iterator[Event]:
            yield from self.parts.pop(0) if self.parts else []

        def close(self) -> None: ...

    monkeypatch.setenv("LINLI_CRM_DATABASE_URL", living.url)
    monkeypatch.setattr(sources, "source_of", lambda _place: Late())
    code, said = run("crm", "--from", "amqp://somewhere", "--patience", "60")
    assert code == 0, said


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["ordering"], "'ordering' cannot be rebuilt from events alone; crm can."),
        (
            ["crm", "--from", "/no/such/folder"],
            "/no/such/folder is neither an address of events nor a folder.",
        ),
        (["crm", "--from", "http://host"], "who asks"),
    ],
)
def test_what_makes_no_sense_is_said_in_a_sentence(
    living: Database, monkeypatch: pytest.MonkeyPatch, arguments: list[str], sentence: str
) -> None:
    monkeypatch.setenv("LINLI_CRM_DATABASE_URL", living.url)
    code, said = run(*arguments)
    assert code == 2
    assert sentence in said


def test_a_fresh_database_is_empty_and_leaves_nothing(postgres_server: PrivatePostgres) -> None:
    with fresh_database("crm") as database:
        assert database.url != postgres_server.url("crm")
        assert [one.equal for one in compare(database.url, database.url)] == [0] * len(FACTS)
    with pytest.raises(Failure):
        compare(database.url, database.url)
