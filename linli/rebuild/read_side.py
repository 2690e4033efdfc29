"""Taking events into a fresh database, with the handlers that the living service has."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import text

from linli.failures import Failure
from linli.stack import databases
from linli.stack.postgres import PrivatePostgres
from linli.stack.state import State
from shared.messaging import inbox
from shared.messaging.envelope import Event
from shared.persistence import Database
from shared.persistence.migrations import migrate

_BATCH = 200
_TROUBLES = "SELECT reason FROM inbox_retry UNION ALL SELECT reason FROM parked LIMIT 1"


@contextmanager
def fresh_database(service: str, url: str | None = None) -> Iterator[Database]:
    """An empty database with the newest schema of ``service``.

    Without ``url`` it is on a PostgreSQL of its own that forgets everything at the end: no other server is
    burdened, and nobody has to be allowed anything.
    """
    if url is not None:
        with _opened(service, _empty(url)) as database:
            yield database
        return
    with tempfile.TemporaryDirectory(prefix="linli-rebuild-") as folder:
        # The server may run as another user than root, who has to get through to its data.
        Path(folder).chmod(0o711)
        server = PrivatePostgres(State(Path(folder)), forgetful=True)
        try:
            server.start()
            password = databases.new_password()
            with closing(databases.connect(server.url())) as connection:
                databases.create(connection, service, password)
            with _opened(service, server.url(service, service, password)) as database:
                yield database
        finally:
            server.stop()


class Rebuild:
    """The read side of one service, built of the events that it subscribes to."""

    def __init__(self, service: str, database: Database) -> None:
        from linli.processes.discovery import service_class

        cls = service_class(service)
        self._service = cls()
        self._service.database = database
        self.database = database
        self._handlers = dict(_subscriptions(cls))
        self._waiting: dict[str, list[Event]] = {}
        self.taken_in = 0

    def take_in(self, events: Iterable[Event], told: Callable[[int], None] = lambda _: None) -> None:
        """Take in those that the service wants; raises :class:`Failure` when it could not take one in."""
        for seen, event in enumerate(events, 1):
            _, types, _ = self._handlers.get(event.source, ("", frozenset(), None))
            if event.type in types:
                waiting = self._waiting.setdefault(event.source, [])
                waiting.append(event)
                if len(waiting) == _BATCH:
                    self._flush(event.source)
            if seen % _BATCH == 0:
                told(_BATCH)
        for source in list(self._waiting):
            self._flush(source)
        with self.database.read() as connection:
            reason = connection.scalar(text(_TROUBLES))
        if reason is not None:
            raise Failure(f"An event could not be taken in: {reason}")

    def _flush(self, source: str) -> None:
        subscription, _, handle = self._handlers[source]
        events = self._waiting.pop(source, [])
        if events:
            inbox.consume(
                self.database, subscription, lambda tx, event: handle(self._service, tx, event), events
            )
            self.taken_in += len(events)


def _subscriptions(cls: Any) -> Iterator[tuple[str, tuple[str, frozenset[str], Any]]]:
    for name in dir(cls):
        method = getattr(cls, name)
        if hasattr(method, "subscribes_to"):
            source, types = method.subscribes_to
            yield source, (f"{cls.name}.from.{source}", frozenset(types), method.handle)


@contextmanager
def _opened(service: str, url: str) -> Iterator[Database]:
    migrate(url, service)
    database = Database(url, f"{service}-rebuild", pool_size=2)
    try:
        yield database
    finally:
        database.close()


def _empty(url: str) -> str:
    """``url``, if it leads to a database without tables."""
    with closing(databases.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        found = cursor.fetchone()
    if found is None or found[0]:
        raise Failure(f"{databases.where(url)} is not empty: name a database without tables.", exit_code=2)
    return url
