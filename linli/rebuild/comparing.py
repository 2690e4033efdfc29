"""Whether two databases of one schema hold the same, table by table and row by row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

from psycopg2 import sql
from psycopg2.extensions import connection as Connection
from sqlalchemy import MetaData

from linli.stack import databases
from shared.persistence.tables import messaging_tables

_EXAMPLES = 5
_TABLES = """
SELECT c.relname, array_agg(a.attname::text ORDER BY array_position(i.indkey::int[], a.attnum::int))
FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY(i.indkey)
WHERE c.relnamespace = 'public'::regnamespace GROUP BY c.relname ORDER BY c.relname
"""
# What belongs to the way events came, and not to what they said.
_NOT_COMPARED = {*messaging_tables(MetaData()), "alembic_version"}

Row = tuple[str, str]


@dataclass(kw_only=True)
class Difference:
    """One table of both: rows that are equal, and those that are not, with a few of their keys."""

    table: str
    equal: int = 0
    different: int = 0
    only_live: int = 0
    only_rebuilt: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def is_none(self) -> bool:
        return not (self.different or self.only_live or self.only_rebuilt)


def compare(live_url: str, rebuilt_url: str) -> list[Difference]:
    """Every table of the service, each as it is at one moment."""
    with closing(_snapshot(live_url)) as live, closing(_snapshot(rebuilt_url)) as rebuilt:
        return [_compared(table, key, live, rebuilt) for table, key in _tables(live)]


def _tables(connection: Connection) -> list[tuple[str, Sequence[str]]]:
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        return [(name, key) for name, key in cursor.fetchall() if name not in _NOT_COMPARED]


def _compared(table: str, key: Sequence[str], live: Connection, rebuilt: Connection) -> Difference:
    found = Difference(table=table)
    here, there = _rows(live, table, key), _rows(rebuilt, table, key)
    one, other = next(here, None), next(there, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one[0] < other[0]):
            found.only_live += 1
            _note(found, one)
            one = next(here, None)
        elif one is None or other[0] < one[0]:
            found.only_rebuilt += 1
            _note(found, other)
            other = next(there, None)
        else:
            found.equal += one[1] == other[1]
            if one[1] != other[1]:
                found.different += 1
                _note(found, one)
            one, other = next(here, None), next(there, None)
    return found


def _note(found: Difference, row: Row | None) -> None:
    if row is not None and len(found.examples) < _EXAMPLES:
        found.examples.append(row[0])


def _rows(connection: Connection, table: str, key: Sequence[str]) -> Iterator[Row]:
    """Key and fingerprint of every row, in an order that is the same on every server."""
    columns = sql.SQL(", ").join(map(sql.Identifier, key))
    with connection.cursor(name=f"rows_of_{table}") as cursor:
        cursor.itersize = 5000
        cursor.execute(
            sql.SQL(
                "SELECT concat_ws('/', {columns}), md5(t::text) FROM {table} AS t"
                " ORDER BY concat_ws('/', {columns}) COLLATE \"C\""
            ).format(columns=columns, table=sql.Identifier(table))
        )
        yield from cursor


def _snapshot(url: str) -> Connection:
    connection = databases.connect(url)
    connection.set_session(isolation_level="REPEATABLE READ", readonly=True, autocommit=False)
    with connection.cursor() as cursor:
        cursor.execute("SET TIME ZONE 'UTC'")
    return connection
