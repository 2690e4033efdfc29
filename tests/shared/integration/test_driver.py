"""Kept plans and merged beginnings change what a statement costs, never what it does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from shared.persistence import Database
from shared.persistence.driver import PlanningConnection

KEPT = "SELECT count(*) FROM pg_prepared_statements"
OFTEN = 6


@pytest.fixture
def database(service_database: Callable[[str], Database]) -> Iterator[Database]:
    """One connection, so that every statement meets the same session."""
    database = Database(service_database("crm").url, "crm", pool_size=1)
    with database.transaction() as transaction:
        transaction.connection.exec_driver_sql("DROP TABLE IF EXISTS driven")
        transaction.connection.exec_driver_sql("CREATE TABLE driven (n int, said text)")
    yield database
    with database.transaction() as transaction:
        transaction.connection.exec_driver_sql("DROP TABLE driven")
    database.close()


def plans(connection: Connection) -> int:
    # Never by the driver's own doing: a text of its own each time.
    plans.asked += 1  # type: ignore[attr-defined]
    return int(connection.exec_driver_sql(f"{KEPT} /* {plans.asked} */").scalar_one())  # type: ignore[attr-defined]


plans.asked = 0  # type: ignore[attr-defined]


def rows(database: Database) -> list[Any]:
    with database.read() as connection:
        return [tuple(row) for row in connection.exec_driver_sql("SELECT n, said FROM driven ORDER BY n")]


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        ("SELECT :a || '%' || :a, CAST(:b AS text[])", {"a": "x", "b": ["y", "100%"]}),
        ("SELECT 1 WHERE :a = 'it''s' OR :a LIKE 'x%'", {"a": "x$1"}),
        ("WITH w AS (SELECT CAST(:a AS jsonb) AS j) SELECT j FROM w", {"a": '{"b": [1, null]}'}),
        ("SELECT CAST(:a AS bigint), CAST(:b AS text)", {"a": 2**40, "b": None}),
        (
            "SELECT d, n FROM unnest(CAST(:a AS jsonb[]), CAST(:b AS bigint[])) AS u(d, n)",
            {"a": ["{}"], "b": [-7]},
        ),
        ("SELECT CAST(:a AS jsonb[]), CAST(:b AS timestamptz[])", {"a": [], "b": None}),
    ],
)
def test_a_text_that_comes_back_is_planned_once_and_answers_the_same(
    database: Database, statement: str, values: dict[str, Any]
) -> None:
    with database.read() as connection:
        before = plans(connection)
        answers = [connection.execute(text(statement), values).all() for _ in range(OFTEN)]
        assert answers == [answers[0]] * OFTEN
        assert plans(connection) == before + 1


def test_unnamed_placeholders_are_planned_too(database: Database) -> None:
    with database.read() as connection:
        before = plans(connection)
        for number in range(OFTEN):
            answer = connection.exec_driver_sql("SELECT '%%', %s::int, %s::int", (number, 7))
            assert answer.one()[1:] == (number, 7)
        assert plans(connection) == before + 1


def test_a_text_without_a_plan_does_not_end_the_transaction_it_comes_in(database: Database) -> None:
    # Nothing around the parameter says what type it is of.
    untold = text("SELECT jsonb_build_object('a', :a)")
    with database.transaction() as transaction:
        transaction.connection.exec_driver_sql("INSERT INTO driven VALUES (1, 'before')")
        for number in range(OFTEN):
            transaction.connection.execute(untold, {"a": number})
        transaction.connection.exec_driver_sql("INSERT INTO driven VALUES (2, 'after')")
    assert rows(database) == [(1, "before"), (2, "after")]


def test_a_fraction_is_not_rounded_to_the_type_that_a_plan_would_infer(database: Database) -> None:
    double = text("SELECT :a * 2")
    with database.read() as connection:
        for number in range(OFTEN):
            assert connection.execute(double, {"a": number}).scalar_one() == 2 * number
        assert connection.execute(double, {"a": 0.25}).scalar_one() == 0.5


def test_a_transaction_is_all_or_nothing_from_its_first_statement(database: Database) -> None:
    insert = text("INSERT INTO driven VALUES (:n, :said)")
    for number in range(OFTEN):
        with pytest.raises(KeyError), database.transaction() as transaction:
            transaction.connection.execute(insert, {"n": number, "said": "undone"})
            raise KeyError
        with database.transaction() as transaction:
            transaction.connection.execute(insert, {"n": number, "said": "kept"})
    assert rows(database) == [(number, "kept") for number in range(OFTEN)]


def test_a_transaction_committed_with_its_last_statement_is_whole(database: Database) -> None:
    with database.transaction() as transaction:
        transaction.connection.exec_driver_sql("INSERT INTO driven VALUES (1, 'first')")
        driver = transaction.connection.connection.dbapi_connection
        assert isinstance(driver, PlanningConnection)
        driver.commit_with_next()
        transaction.connection.exec_driver_sql("INSERT INTO driven VALUES (2, 'last')")
        assert not driver.is_open
    assert rows(database) == [(1, "first"), (2, "last")]


def test_a_last_statement_that_fails_undoes_the_whole_transaction(database: Database) -> None:
    for _ in range(OFTEN):
        with pytest.raises(DBAPIError), database.transaction() as transaction:
            transaction.connection.exec_driver_sql("INSERT INTO driven VALUES (1, 'first')")
            driver = transaction.connection.connection.dbapi_connection
            assert isinstance(driver, PlanningConnection)
            driver.commit_with_next()
            transaction.connection.exec_driver_sql("INSERT INTO driven VALUES (1 / %(n)s, 'last')", {"n": 0})
    assert rows(database) == []


def test_a_transaction_that_says_nothing_leaves_none_open(database: Database) -> None:
    with database.transaction():
        pass
    with database.read() as connection:
        driver = connection.connection.dbapi_connection
        assert isinstance(driver, PlanningConnection)
        connection.exec_driver_sql("INSERT INTO driven VALUES (1, 'at once')")
        assert not driver.is_open
    assert rows(database) == [(1, "at once")]


def test_a_migration_that_changes_what_a_plan_returns_is_outlived(database: Database) -> None:
    everything = text("SELECT * FROM driven WHERE n = :n")
    with database.read() as connection:
        for _ in range(OFTEN):
            connection.execute(everything, {"n": 1})
        connection.exec_driver_sql("ALTER TABLE driven ADD COLUMN added int")
        assert list(connection.execute(everything, {"n": 1}).keys()) == ["n", "said", "added"]


def test_within_a_transaction_such_a_migration_makes_the_work_run_again(database: Database) -> None:
    everything = text("SELECT * FROM driven WHERE n = :n")
    with database.read() as connection:
        for _ in range(OFTEN):
            connection.execute(everything, {"n": 1})
        connection.exec_driver_sql("ALTER TABLE driven ADD COLUMN added int")
    runs = []
    found = database.run(
        lambda transaction: (
            runs.append(1),
            list(transaction.connection.execute(everything, {"n": 1}).keys()),
        )
    )
    assert (len(runs), found[1]) == (2, ["n", "said", "added"])
