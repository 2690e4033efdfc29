"""Putting messages on the real exchanges and queues that nobody should have put there, or not so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

import pika

from linli.day.quiet import databases_at
from shared.kernel.clock import to_wire
from shared.messaging.envelope import CONTENT_TYPE, Event
from shared.messaging.outbox import BATCH, Outbox, OutboxRow
from shared.messaging.topology import Subscription
from tests.trust.stage import Stage

_SENT_LATELY = (
    "SELECT min(sent_at) FROM (SELECT sent_at FROM outbox WHERE sent_at IS NOT NULL"
    " ORDER BY sent_at DESC LIMIT %s) AS last"
)


@contextmanager
def channel(stage: Stage) -> Iterator[Any]:
    """A channel to the broker itself, past any proxy, whose publishes wait for their confirms."""
    parameters = pika.URLParameters(stage.servers.amqp_url)
    parameters.socket_timeout = parameters.blocked_connection_timeout = 10
    connection = pika.BlockingConnection(parameters)
    try:
        opened = connection.channel()
        opened.confirm_delivery()
        yield opened
    finally:
        connection.close()


def to_queue(open_channel: Any, queue: str, bodies: Iterable[bytes]) -> None:
    """Put ``bodies`` into one queue, where nobody else sees them."""
    for body in bodies:
        open_channel.basic_publish("", queue, body, _properties(), mandatory=True)


def to_exchange(open_channel: Any, service: str, rows: Iterable[OutboxRow]) -> None:
    """Publish as the relay of ``service`` does, to all who want to hear."""
    for row in rows:
        properties = _properties(message_id=row.id, type=row.type, app_id=service)
        open_channel.basic_publish(f"{service}.events", row.type, row.body, properties, mandatory=True)


def poison(subscription: Subscription, type: str, event_id: str, stage: Stage) -> bytes:
    """An event of a type that the subscription wants, without anything that its handler needs."""
    event = Event(
        id=event_id,
        type=type,
        source=subscription.source,
        subject=f"poison-{event_id}",
        time=to_wire(stage.clock.now()),
        version=1,
        sequence=1,
        data={"poison": event_id},
    )
    return event.to_json()


class BesideTheRelay(Outbox):
    """Takes the rows that wait although a relay is active, to publish what that relay will publish again."""

    def take(self) -> list[OutboxRow]:
        self._is_active = True
        return super().take()


def waiting(stage: Stage, service: str) -> list[OutboxRow]:
    """What the outbox of ``service`` holds unsent, in its order; up to ``BATCH`` rows."""
    with closing(BesideTheRelay(stage.servers.database_urls[service], service)) as outbox:
        return outbox.take()


def sent_lately(stage: Stage, service: str, at_most: int) -> Sequence[OutboxRow]:
    """The last rows that were marked as sent, in their order."""
    with databases_at({service: stage.servers.database_urls[service]}) as databases:
        since = databases.value(service, _SENT_LATELY, min(at_most, BATCH))
    if since is None:
        return []
    with closing(Outbox(stage.servers.database_urls[service], service)) as outbox:
        return list(outbox.sent_since(since))[-at_most:]


def _properties(**more: str) -> pika.BasicProperties:
    return pika.BasicProperties(content_type=CONTENT_TYPE, delivery_mode=2, **more)
