"""The whole stream is played again while people order: inboxes have to swallow every event of it."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pika
from pika.exceptions import AMQPError

from shared.messaging.topology import STREAM
from tests.trust.fault import Fault, Struck
from tests.trust.stage import Stage

_AT_ONCE = 500
_SILENCE_SECONDS = 8.0
# As many events as a second holds without keeping all others from their turn.
_PUBLISHED_A_SECOND = 2_500
# Beyond these the newest are left out: a replay late in a long run would last longer than the run.
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Streamed:
    """A message of the stream: who said it, its type, its id, and its body as it came."""

    source: str
    type: str
    event_id: str
    body: bytes


def read_stream(amqp_url: str, wanted: int | None = None) -> Iterator[Streamed]:
    """The messages of the stream from its beginning; ends after ``wanted``, or when nothing more comes."""
    parameters = pika.URLParameters(amqp_url)
    parameters.heartbeat = 0
    connection = pika.BlockingConnection(parameters)
    arrived: deque[tuple[int, Streamed]] = deque()

    def take(_channel: Any, method: Any, properties: Any, body: bytes) -> None:
        source = (properties.app_id or method.exchange).removesuffix(".events")
        type_, event_id = properties.type or method.routing_key, properties.message_id or ""
        arrived.append((method.delivery_tag, Streamed(source, type_, event_id, body)))

    try:
        channel = connection.channel()
        channel.basic_qos(prefetch_count=2 * _AT_ONCE)
        channel.basic_consume(STREAM, take, arguments={"x-stream-offset": "first"})
        seen, until = 0, time.monotonic() + _SILENCE_SECONDS
        while time.monotonic() < until and seen != wanted:
            connection.process_data_events(time_limit=0.2)
            while arrived and seen != wanted:
                tag, message = arrived.popleft()
                seen, until = seen + 1, time.monotonic() + _SILENCE_SECONDS
                if seen % _AT_ONCE == 0:
                    channel.basic_ack(tag, multiple=True)
                yield message
    finally:
        # Closing the channel in good order would give messages back, which a stream does not take.
        with contextlib.suppress(AMQPError):
            connection.close()


class Replayed:
    """Everything that the stream holds is published to its exchange once more."""

    kind = "replay of the stream"

    def fits(self, stage: Stage) -> bool:
        return stage.kind == "full"

    async def strike(self, stage: Stage, chance: random.Random) -> Struck:
        del chance
        await stage.until_ready("rabbitmq")
        begun = time.time()
        counts = await asyncio.to_thread(_play_again, stage.servers.amqp_url)
        return Struck(
            kind=self.kind,
            target="every subscription",
            begun=begun,
            over=time.time(),
            evidence={"events": sum(counts.values()), "by publisher": counts},
        )


def _play_again(amqp_url: str) -> dict[str, int]:
    connection = pika.BlockingConnection(pika.URLParameters(amqp_url))
    counts: dict[str, int] = {}
    try:
        held = connection.channel().queue_declare(STREAM, passive=True).method.message_count
        channel = connection.channel()
        began = time.monotonic()
        for number, message in enumerate(read_stream(amqp_url, min(held, _MOST))):
            properties = pika.BasicProperties(
                content_type="application/cloudevents+json",
                delivery_mode=2,
                message_id=message.event_id,
                type=message.type,
                app_id=message.source,
            )
            channel.basic_publish(f"{message.source}.events", message.type, message.body, properties)
            counts[message.source] = counts.get(message.source, 0) + 1
            ahead = number / _PUBLISHED_A_SECOND - (time.monotonic() - began)
            if ahead > 0.05:
                connection.sleep(ahead)
    finally:
        with contextlib.suppress(AMQPError):
            connection.close()
    return counts


FAULTS: tuple[Fault, ...] = (Replayed(),)
