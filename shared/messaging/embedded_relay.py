"""The relay of a process that holds every service: hands events over in memory.

What waits in memory dies with the process. So the relay notes until when everything it sent had been
taken in, and at its start sends again what was sent since; the inboxes make that safe.

There is no stream either. What was sent is kept in an archive before it is marked: whenever the process
dies, an event that is marked is in the archive, and one that is not is sent and kept again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Protocol

import eventlet
import kombu
from sqlalchemy.exc import DBAPIError

from shared.kernel import failpoints
from shared.messaging import memory
from shared.messaging.envelope import CONTENT_TYPE
from shared.messaging.outbox import BATCH, DatabaseError, Outbox, OutboxRow

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
_GATHER_SECONDS = 0.005
_NOTE_SECONDS = 5.0
_AGAIN_SECONDS = 1.0
_OVERLAP = timedelta(seconds=2)
_EVER = datetime.fromtimestamp(0, UTC)


class Archive(Protocol):
    """Where events are kept in the order in which they were sent, each once."""

    def keep(self, source: str, rows: Sequence[OutboxRow]) -> None:
        """Keep those of ``rows`` that are not kept yet, after everything that is."""

    def is_complete(self, source: str) -> bool:
        """Whether what ``source`` had sent before there was an archive was taken over."""

    def set_complete(self, source: str) -> None: ...


class EmbeddedRelay:
    """Sends the events of one service over the in-memory transport, in a green thread.

    :meth:`wake` spares it the wait for its next poll.
    """

    def __init__(self, outbox: Outbox, amqp_url: str, archive: Archive) -> None:
        self._outbox = outbox
        self._archive = archive
        self._url = amqp_url
        self._channel: Any = None
        self._woken: Any = eventlet.event.Event()
        self._noted_at = datetime.now(UTC)
        self._idle_since_note = False

    def wake(self) -> None:
        if not self._woken.ready():
            self._woken.send(None)

    def run(self) -> None:
        """Relay for ever; outlives the database's absence."""
        memory.register()
        self._channel = kombu.Connection(self._url).channel()
        while not self._outlive(self._take_over):
            pass
        self._outlive(self._send_again)
        while True:
            self._outlive(self._send_what_waits)
            self._outlive(self._note)
            with eventlet.Timeout(POLL_SECONDS, False):
                self._woken.wait()
            if self._woken.ready():
                # What is written within the next moment goes with the same batch.
                eventlet.sleep(_GATHER_SECONDS)

    def _outlive(self, work: Any) -> bool:
        """Whether ``work`` could be done."""
        try:
            work()
        except (DatabaseError, DBAPIError) as error:
            log.warning("the relay of %s waits for a database: %r", self._outbox.service, error)
            eventlet.sleep(_AGAIN_SECONDS)
            return False
        return True

    def _take_over(self) -> None:
        """Keep what was sent before there was an archive."""
        service = self._outbox.service
        if not self._archive.is_complete(service):
            for rows in _batches(self._outbox.sent_since(_EVER)):
                self._archive.keep(service, rows)
            self._archive.set_complete(service)

    def _send_again(self) -> None:
        since = self._outbox.consumed_until()
        for rows in _batches(self._outbox.sent_since(_EVER if since is None else since - _OVERLAP)):
            for row in rows:
                self._publish(row)
            # A crash of the database may have forgotten that they were kept.
            self._archive.keep(self._outbox.service, rows)

    def _send_what_waits(self) -> None:
        self._woken = eventlet.event.Event()
        full = True
        while full:
            rows = self._outbox.take()
            for row in rows:
                self._publish(row)
            if rows:
                # They are on their way; nobody waits for what follows.
                self._archive.keep(self._outbox.service, rows)
                failpoints.reach("relay.published")
                self._outbox.mark_sent(rows)
                self._idle_since_note = False
            full = len(rows) == BATCH

    def _publish(self, row: OutboxRow) -> None:
        message = self._channel.prepare_message(
            row.body, None, CONTENT_TYPE, "utf-8", {}, {"message_id": row.id, "type": row.type}
        )
        self._channel.basic_publish(message, exchange=f"{self._outbox.service}.events", routing_key=row.type)

    def _note(self) -> None:
        now = datetime.now(UTC)
        if self._idle_since_note or (now - self._noted_at).total_seconds() < _NOTE_SECONDS:
            return
        if memory.events_on_the_way() == 0 and not self._outbox.has_unsent():
            self._outbox.keep_consumed_until(now)
            self._noted_at = now
            self._idle_since_note = True


def _batches(rows: Iterable[OutboxRow]) -> Iterator[list[OutboxRow]]:
    left = iter(rows)
    while batch := list(islice(left, BATCH)):
        yield batch
