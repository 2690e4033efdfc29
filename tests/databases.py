"""Databases for tests: migrated once per service as a template, cloned per module, emptied per test."""

from __future__ import annotations

from contextlib import closing
from itertools import count

from psycopg2 import sql

from linli.stack import databases
from linli.stack.postgres import PrivatePostgres
from shared.persistence import Database
from shared.persistence.migrations import migrate

_PASSWORD = "for-tests-only"

_USER_TABLES = """
SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'seed') AND tablename <> 'alembic_version'
"""


class TestDatabases:
    """Hands out databases of one server."""

    __test__ = False

    def __init__(self, server: PrivatePostgres) -> None:
        self._server = server
        self._templates: set[str] = set()
        self._numbers = count(1)

    def create(self, service: str) -> Database:
        """A database with the newest schema of ``service``, owned by the login of that name."""
        if service not in self._templates:
            self._make_template(service)
        name = f"{service}_{next(self._numbers)}"
        self._administer(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(service), sql.Identifier(service)
            )
        )
        return Database(self._server.url(name, service, _PASSWORD), service)

    def empty(self, database: Database) -> None:
        """Bring the tables back to what the migrations left in them."""
        with (
            closing(databases.connect(self._as_superuser(database))) as connection,
            connection.cursor() as cursor,
        ):
            # Append-only tables defend themselves by triggers; replica mode leaves triggers out.
            cursor.execute("SET session_replication_role = replica; SET lock_timeout = '10s'")
            cursor.execute(_USER_TABLES)
            tables = [row[0] for row in cursor.fetchall()]
            if not tables:
                return
            cursor.execute(" UNION ALL ".join(f"(SELECT '{t}' FROM {t} LIMIT 1)" for t in tables))
            filled = [row[0] for row in cursor.fetchall()]
            if filled:
                cursor.execute(f"TRUNCATE {', '.join(filled)} CASCADE")
            cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'seed'")
            for (table,) in cursor.fetchall():
                kept, goal = sql.Identifier("seed", table), sql.SQL(table.replace("__", ".", 1))
                cursor.execute(
                    sql.SQL("INSERT INTO {} OVERRIDING SYSTEM VALUE SELECT * FROM {}").format(goal, kept)
                )

    def drop(self, database: Database) -> None:
        database.engine.dispose()
        name = database.engine.url.database or ""
        self._administer(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    def _make_template(self, service: str) -> None:
        with closing(databases.connect(self._server.url())) as server:
            databases.create(server, service, _PASSWORD)
        migrate(self._server.url(service, service, _PASSWORD), service)
        self._keep_seed(service)
        self._templates.add(service)

    def _keep_seed(self, service: str) -> None:
        """Put aside the rows that the migrations wrote, to write them again after emptying."""
        with (
            closing(databases.connect(self._server.url(service))) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute("CREATE SCHEMA seed")
            cursor.execute(_USER_TABLES)
            for (table,) in cursor.fetchall():
                cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {table})")
                if cursor.fetchone()[0]:  # type: ignore[index]
                    kept = sql.Identifier("seed", table.replace(".", "__", 1))
                    cursor.execute(sql.SQL("CREATE TABLE {} AS TABLE {}").format(kept, sql.SQL(table)))

    def _as_superuser(self, database: Database) -> str:
        return self._server.url(database.engine.url.database or "")

    def _administer(self, statement: sql.Composed) -> None:
        with closing(databases.connect(self._server.url())) as server, server.cursor() as cursor:
            cursor.execute(statement)
