"""The archive of events in PostgreSQL: every event of every service once, at a place that stays its own.

A relay that has no stream to send to keeps here what it has sent. One process writes; any number read.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import NoReturn

from services.gateway.domain.errors import EventsAreStreamed
from services.gateway.domain.events import ArchivedEvent, AskEvents, EventPage
from shared.messaging.outbox import OutboxRow
from shared.persistence import Database

# How many places one statement looks through, however rare what is looked for.
_WINDOW = 20_000
_LOOK_AGAIN_SECONDS = 0.2

# Places follow each other without a gap. Should another process write at the same moment, one of the two is
# refused by the primary key, and its relay comes again.
_KEEP = """
WITH fresh AS (
    SELECT g.*, row_number() OVER (ORDER BY ordinal) AS nth
    FROM unnest(%(id)s::text[], %(type)s::text[], %(subject)s::text[], %(body)s::text[])
         WITH ORDINALITY AS g(id, type, subject, body, ordinal)
    WHERE NOT EXISTS (
        SELECT FROM archived_events AS a WHERE a.source = %(source)s AND a.event_id = g.id
    )
)
INSERT INTO archived_events (place, source, event_id, type, subject, body)
SELECT coalesce((SELECT max(place) FROM archived_events), -1) + nth, %(source)s, id, type, subject, body
FROM fresh
"""
_IS_COMPLETE = "SELECT EXISTS (SELECT FROM archived_sources WHERE source = %(source)s)"
_SET_COMPLETE = "INSERT INTO archived_sources (source) VALUES (%(source)s) ON CONFLICT DO NOTHING"
_ENDS = "SELECT coalesce(min(place), 0) AS first, coalesce(max(place), -1) AS last FROM archived_events"
_LAST = "SELECT coalesce(max(place), -1) FROM archived_events"
_READ = """
SELECT place, body FROM archived_events
WHERE place >= %(start)s AND place < %(stop)s
  AND (%(types)s::text[] IS NULL OR type = ANY(%(types)s::text[]))
  AND (%(subjects)s::text[] IS NULL OR subject = ANY(%(subjects)s::text[]))
ORDER BY place LIMIT %(limit)s
"""


class EventArchiveSql:
    """:class:`services.gateway.application.ports.EventArchive`, and what a relay writes to."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._alone = threading.Lock()
        self._is_ending = False

    # -- for a relay -------------------------------------------------------------------------------------

    def keep(self, source: str, rows: Sequence[OutboxRow]) -> None:
        """Give those of ``rows`` a place that have none, in their order."""
        columns = {
            "id": [row.id for row in rows],
            "type": [row.type for row in rows],
            "subject": [row.subject for row in rows],
            "body": [row.body.decode() for row in rows],
        }
        # What a crash of PostgreSQL forgets here it has forgotten as sent, too: it is sent and kept again.
        with self._alone, self._database.relaxed() as connection:
            connection.exec_driver_sql(_KEEP, {"source": source, **columns})

    def is_complete(self, source: str) -> bool:
        """Whether everything that ``source`` sent before there was an archive is in it."""
        with self._database.relaxed() as connection:
            return bool(connection.exec_driver_sql(_IS_COMPLETE, {"source": source}).scalar())

    def set_complete(self, source: str) -> None:
        with self._database.relaxed() as connection:
            connection.exec_driver_sql(_SET_COMPLETE, {"source": source})

    # -- for readers -------------------------------------------------------------------------------------

    def read(self, asked: AskEvents) -> EventPage:
        with self._database.read() as connection:
            first, last = connection.exec_driver_sql(_ENDS).one()
            start = max(asked.offset, first)
            stop = min(last + 1, start + _WINDOW)
            rows = connection.exec_driver_sql(
                _READ,
                {
                    "start": start,
                    "stop": stop,
                    "types": sorted(asked.types) or None,
                    "subjects": sorted(asked.subjects) or None,
                    "limit": asked.limit,
                },
            ).all()
        events = [ArchivedEvent(offset=place, body=body) for place, body in rows]
        # A full page ends with its last event; anything else was looked through to the end of the window.
        next_offset = events[-1].offset + 1 if len(events) == asked.limit else max(start, stop)
        return EventPage(events=events, next_offset=next_offset, first_offset=first, last_offset=last)

    def wait_beyond(self, offset: int, seconds: float) -> bool:
        until = time.monotonic() + seconds
        while not self._is_ending:
            with self._database.read() as connection:
                if (connection.exec_driver_sql(_LAST).scalar() or 0) >= offset:
                    return True
            left = until - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(left, _LOOK_AGAIN_SECONDS))
        return False

    def end(self) -> None:
        self._is_ending = True


class StreamInstead:
    """:class:`services.gateway.application.ports.EventArchive` where a broker has the events."""

    def read(self, asked: AskEvents) -> NoReturn:  # noqa: ARG002
        raise EventsAreStreamed(
            "Here events are read over AMQP 0-9-1 from RabbitMQ's stream `events`, with an analyst's login: "
            'linli_events.connect("amqp://…") in Python, or `linli events tail`.',
            protocol="amqp",
            stream="events",
        )

    def wait_beyond(self, offset: int, seconds: float) -> NoReturn:  # noqa: ARG002
        self.read(AskEvents(offset=offset, limit=1))

    def end(self) -> None:
        """Nobody waits."""
