"""psycopg2 with fewer and cheaper trips to PostgreSQL.

Most statements of a service are short ones with the same text again and again, and planning them costs
PostgreSQL more than running them. A connection of this module lets PostgreSQL keep the plan of a text that
comes back (``PREPARE``), begins a transaction in the same message as its first statement, and can commit it
in the same message as its last.

It wants a session of its own. Behind a pool that hands out sessions per transaction, or after a migration
that changes what a kept plan returns, PostgreSQL has no use of a plan; the connection then goes on without.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import count
from typing import Any

import psycopg2
from psycopg2.extensions import TRANSACTION_STATUS_INERROR, TRANSACTION_STATUS_INTRANS, connection, cursor

# A text is worth a plan of its own when it comes to the same connection for the third time.
_WORTH_A_PLAN = 3
# Plans take memory in PostgreSQL; what comes after so many is planned each time.
_MOST_PLANS = 200

_PLANNABLE = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"%(?:%|s|\((\w+)\)s)")
_TYPES = "SELECT parameter_types::text[] FROM pg_prepared_statements WHERE name = '{}'"
_OPEN = (TRANSACTION_STATUS_INTRANS, TRANSACTION_STATUS_INERROR)
_numbers = count(1)


@dataclass
class _Statement:
    """A text under its name at the server: what makes the plan, and what asks for it."""

    name: str
    body: str
    # One for each parameter, in the server's order.
    placeholders: tuple[str, ...]
    # Known once PostgreSQL has told the types of the parameters.
    execute: str = ""
    # PostgreSQL could not tell them from the text.
    is_refused: bool = False

    def learn(self, types: list[str]) -> None:
        """Say of what type each list is: the server makes no list of documents out of one of texts."""
        given = zip(self.placeholders, types, strict=True)
        arguments = [f"{there}::{kind}" if kind.endswith("[]") else there for there, kind in given]
        self.execute = f"EXECUTE {self.name}({', '.join(arguments)})" if arguments else f"EXECUTE {self.name}"


@lru_cache(maxsize=2000)
def _statement(database: str, query: str) -> _Statement | None:
    """How to prepare ``query`` in ``database``; nothing when it is not of a kind that has a plan."""
    if not _PLANNABLE.match(query):
        return None
    numbers: dict[str, int] = {}

    def numbered(found: re.Match[str]) -> str:
        if found.group() == "%%":
            return "%"
        # An unnamed placeholder is a parameter of its own each time it occurs.
        key = found.group() if found.group(1) else f"%s#{len(numbers)}"
        return f"${numbers.setdefault(key, len(numbers) + 1)}"

    body = _PLACEHOLDER.sub(numbered, query)
    placeholders = tuple(placeholder.partition("#")[0] for placeholder in numbers)
    return _Statement(f"linli_{next(_numbers)}", body, placeholders)


def lost_its_plan(error: BaseException | None) -> bool:
    """Whether a statement failed only because PostgreSQL no longer has, or may no longer use, its plan.

    SQLSTATE 26000 (no such prepared statement), and 0A000 when a migration has changed what the plan
    returns. The same work succeeds when it is done again.
    """
    state = getattr(error, "pgcode", None)
    return state == "26000" or (state == "0A000" and "cached plan" in str(error))


class PlanningCursor(cursor):
    """Asks for the plan that the server keeps instead of sending a text that it has seen before."""

    connection: PlanningConnection

    def execute(self, query: Any, vars: Any = None) -> None:
        session = self.connection
        prepared = session.prepared(query, vars)
        opening, closing = session.take_frame()
        sent = prepared or query
        session.asked = query if type(query) is str else None
        try:
            super().execute(f"{opening}{sent}{closing}" if opening or closing else sent, vars)
        except psycopg2.Error as error:
            if prepared is None or not lost_its_plan(error):
                raise
            session.do_without_plans()
            if session.is_open:
                raise
            super().execute(query, vars)


class PlanningConnection(connection):
    """Each statement for itself, until :meth:`begin`; then all together up to a commit or a rollback.

    It has to be in psycopg2's autocommit mode: transactions are its own affair.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The text that is being worked on, for whoever waits for its answer.
        self.asked: Any = None
        self._database = str(self.info.dbname)
        self._is_beginning = self._is_ending = False
        self._plans = True
        self._uses: dict[str, int] = {}
        self._prepared: dict[str, str] = {}

    @property
    def is_open(self) -> bool:
        """Whether a transaction has begun at the server."""
        return self.get_transaction_status() in _OPEN

    def begin(self) -> None:
        """Let the next statement be the first of a transaction."""
        self._is_beginning = True

    def commit_with_next(self) -> None:
        """Let the next statement be the last of its transaction: once it is done, all is committed."""
        self._is_ending = True

    def take_frame(self) -> tuple[str, str]:
        """What goes before and after the next statement."""
        opening, closing = "BEGIN; " if self._is_beginning else "", "; COMMIT" if self._is_ending else ""
        self._is_beginning = self._is_ending = False
        return opening, closing

    def commit(self) -> None:
        self._end("COMMIT")

    def rollback(self) -> None:
        self._end("ROLLBACK")

    def do_without_plans(self) -> None:
        """Send texts as they are from now on."""
        self._plans = False
        self._prepared.clear()

    def prepared(self, query: Any, vars: Any) -> str | None:
        """What asks for the plan of ``query``, if this connection has one by now."""
        if not self._plans or type(query) is not str or _has_fractions(vars):
            return None
        known = self._prepared.get(query)
        if known is not None:
            return known
        uses = self._uses[query] = self._uses.get(query, 0) + 1
        if uses < _WORTH_A_PLAN or len(self._prepared) >= _MOST_PLANS:
            return None
        statement = _statement(self._database, query)
        if statement is None or statement.is_refused:
            return None
        return self._prepare(query, statement)

    def _prepare(self, query: str, statement: _Statement) -> str | None:
        prepare = f"PREPARE {statement.name} AS {statement.body}"
        # A refusal must not end a transaction that is under way.
        in_transaction = self.is_open
        try:
            self._plainly(f"SAVEPOINT plan; {prepare}; RELEASE plan" if in_transaction else prepare)
        except psycopg2.ProgrammingError:
            statement.is_refused = True
            if in_transaction:
                self._plainly("ROLLBACK TO plan; RELEASE plan")
            return None
        if not statement.execute:
            statement.learn(self._plainly(_TYPES.format(statement.name))[0])
        self._prepared[query] = statement.execute
        return statement.execute

    def _end(self, how: str) -> None:
        self._is_beginning = self._is_ending = False
        if not self.closed and self.is_open:
            self._plainly(how)

    def _plainly(self, text: str) -> Any:
        with self.cursor(cursor_factory=cursor) as plain:
            self.asked = text
            plain.execute(text)
            return plain.fetchone() if plain.description else None


def _has_fractions(vars: Any) -> bool:
    """Whether a value would be rounded where PostgreSQL infers a whole number from the text around it."""
    values: Iterable[Any] = vars.values() if isinstance(vars, Mapping) else vars or ()
    return any(type(value) in (float, Decimal) for value in values)
