"""Names and arguments of exchanges and queues, and the one place that declares them.

Every publisher has a durable topic exchange; every subscription a quorum queue; the stream ``events``
is bound to every exchange, so that nothing is unroutable; what is unroutable all the same is kept in
``unrouted``, and what a consumer could not even record in ``dead-letters``.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import kombu
from amqp.exceptions import PreconditionFailed

from shared.messaging import memory
from shared.messaging.retention import STREAM, Retention

UNROUTED = "unrouted"
DEAD_LETTERS = "dead-letters"
_QUORUM = {"x-queue-type": "quorum"}


@dataclass(frozen=True, order=True)
class Subscription:
    """What ``service`` wants to hear of ``source``."""

    service: str
    source: str
    types: tuple[str, ...]

    @property
    def name(self) -> str:
        """The subscription's name, which is its queue's name too."""
        return f"{self.service}.from.{self.source}"


def events_exchange(service: str) -> kombu.Exchange:
    return kombu.Exchange(
        f"{service}.events",
        type="topic",
        durable=True,
        arguments={"alternate-exchange": UNROUTED},
    )


def subscription_queue(subscription: Subscription) -> kombu.Queue:
    """The queue of ``subscription``, bound to its types."""
    exchange = events_exchange(subscription.source)
    return kombu.Queue(
        subscription.name,
        durable=True,
        bindings=[kombu.binding(exchange, routing_key=type_) for type_ in subscription.types],
        queue_arguments=_QUORUM
        | {
            "x-delivery-limit": 50,
            "x-dead-letter-exchange": DEAD_LETTERS,
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
        },
    )


def rpc_queue(service: str) -> kombu.Queue:
    """Requests are transient: who asked has a deadline, and asks again."""
    return kombu.Queue(f"rpc.{service}", durable=False, auto_delete=False)


def replies_queue(service: str, amqp_url: str) -> kombu.Queue:
    """Where answers to one container of ``service`` come.

    RabbitMQ hands them straight from the channel of who answers to the channel of who asked, without a
    queue between them; in memory there is no such way.
    """
    if amqp_url.startswith(memory.SCHEME):
        return kombu.Queue(f"reply.{service}.{uuid.uuid4()}", durable=False, auto_delete=True)
    return kombu.Queue("amq.rabbitmq.reply-to", no_declare=True)


def declare(
    connection: kombu.Connection,
    publishers: Iterable[str],
    subscriptions: Iterable[Subscription],
    retention: Retention = Retention(),
) -> bool:
    """Declare everything that events travel through; safe to call again and by several at once.

    False when there is a stream already that was declared with another ``retention``: it is used as it is,
    and only a policy of the broker can change what it keeps.
    """
    # What is published meanwhile should reach its subscribers, or nobody and be sent again: the net that
    # catches what nobody takes comes last.
    with connection.channel() as channel:
        for subscription in subscriptions:
            subscription_queue(subscription)(channel).declare()
    as_wanted = _declare_stream(connection, list(publishers), retention)
    with connection.channel() as channel:
        for name in (UNROUTED, DEAD_LETTERS):
            exchange = kombu.Exchange(name, type="fanout", durable=True)
            kombu.Queue(name, exchange=exchange, durable=True, queue_arguments=_QUORUM)(channel).declare()
    return as_wanted


def _declare_stream(connection: kombu.Connection, publishers: list[str], retention: Retention) -> bool:
    arguments: dict[str, Any] = {
        "x-queue-type": "stream",
        "x-max-age": retention.max_age,
        "x-max-length-bytes": retention.max_bytes,
    }
    bindings = [kombu.binding(events_exchange(name), routing_key="#") for name in publishers]
    try:
        with connection.channel() as channel:
            kombu.Queue(STREAM, durable=True, queue_arguments=arguments, bindings=bindings)(channel).declare()
    except PreconditionFailed as refused:
        if "'x-max-" not in str(refused):
            raise
        # The refusal has closed the channel; the rest is the same for a stream that keeps more or less.
        with connection.channel() as channel:
            for binding in bindings:
                binding.declare(channel)
                channel.queue_bind(STREAM, exchange=binding.exchange.name, routing_key="#", arguments=None)
        return False
    return True
