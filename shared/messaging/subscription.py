"""The entrypoint for events of other services: inbox, delayed retries, parking, and nothing in between.

nameko's own event handler acknowledges an event whose handler failed, or requeues it at once for ever.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import eventlet
from eventlet.queue import LightQueue
from nameko.exceptions import ContainerBeingKilled
from nameko.extensions import Entrypoint
from sqlalchemy.exc import DBAPIError

from shared.kernel import failpoints
from shared.kernel.errors import InvalidInput
from shared.messaging import inbox
from shared.messaging.envelope import Event
from shared.messaging.link import Link, Reader
from shared.messaging.topology import Subscription, subscription_queue
from shared.persistence.database import Database, Transaction

log = logging.getLogger(__name__)

EventMethod = Callable[[Any, Transaction, Event], None]

BATCH = 50
# How long the first of several waits for the others, so that they share a transaction.
GATHER_SECONDS = 0.005
RETRY_POLL_SECONDS = 1.0
_DATABASE_PAUSE_SECONDS = 0.5


class EventSubscription(Entrypoint):
    """Hands the events of one publisher to a method, several in a transaction when several wait."""

    link = Link()

    def __init__(self, source: str, types: tuple[str, ...], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.source = source
        self.types = types
        self._waiting: LightQueue = LightQueue()

    @property
    def subscription(self) -> Subscription:
        return Subscription(self.container.service_name, self.source, self.types)

    def setup(self) -> None:
        queue = subscription_queue(self.subscription)
        self.link.add(Reader(queue, self._waiting.put, prefetch=2 * BATCH))

    def start(self) -> None:
        name = self.subscription.name
        self.container.spawn_managed_thread(self._take_in_for_ever, identifier=name)
        self.container.spawn_managed_thread(self._retry_for_ever, identifier=f"{name}.retry")

    def stop(self) -> None:
        self.link.stop_reading()

    def _take_in_for_ever(self) -> None:
        while True:
            messages = [self._waiting.get()]
            eventlet.sleep(GATHER_SECONDS)
            while len(messages) < BATCH and not self._waiting.empty():
                messages.append(self._waiting.get())
            self._until_done(messages)
            failpoints.reach("subscription.committed")
            self.link.acknowledge_all(messages)

    def _until_done(self, messages: list[Any]) -> None:
        """While the database is away the messages stay unacknowledged: there is nowhere to put them."""
        while True:
            try:
                return self._work("take_in", messages)
            except ContainerBeingKilled:
                raise
            except Exception as error:
                # What a handler raises is put aside; what arrives here is the database's absence.
                log.warning("%s waits for its database: %r", self.subscription.name, error)
                eventlet.sleep(_DATABASE_PAUSE_SECONDS)

    def _retry_for_ever(self) -> None:
        while True:
            eventlet.sleep(RETRY_POLL_SECONDS)
            try:
                self._work("retry", None)
            except ContainerBeingKilled:
                raise
            except Exception as error:
                log.warning("%s waits for its database: %r", self.subscription.name, error)
                eventlet.sleep(_DATABASE_PAUSE_SECONDS)

    def _work(self, what: str, messages: list[Any] | None) -> None:
        """Run one worker of the container, so that the service gets its dependencies, and wait for it."""
        done: LightQueue = LightQueue()

        def finished(worker_ctx: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
            done.put(exc_info)
            return result, None

        batch = Batch(self.subscription.name, what, messages or [])
        self.container.spawn_worker(self, (batch,), {}, handle_result=finished)
        exc_info = done.get()
        if exc_info is not None:
            raise exc_info[1]


class Batch:
    """Messages of one subscription on their way to the service's method."""

    def __init__(self, subscription: str, what: str, messages: list[Any]) -> None:
        self._subscription = subscription
        self._what = what
        self._messages = messages

    def run(self, database: Database, handler: inbox.Handler) -> None:
        if self._what == "retry":
            inbox.retry_due(database, self._subscription, handler)
            return
        events = []
        for message in self._messages:
            try:
                events.append(inbox.decode(message.body))
            except InvalidInput as refusal:
                inbox.park_undecodable(database, self._subscription, message.body, refusal.detail)
        if events:
            inbox.consume(database, self._subscription, handler, events)


_declare = EventSubscription.decorator


def subscribe(source: str, *types: str) -> Callable[[EventMethod], Any]:
    """Call the method with every event of ``types`` that ``source`` publishes, in a transaction.

    The inbox row and what the method does commit together, before the message is acknowledged; an event
    that was taken in before does not reach the method again. The class has its database as
    ``database``. A method that raises is tried again later (``inbox.RETRY_AFTER``), then the event is
    parked. ``method.handle`` is the method itself, for tests.
    """

    def declare(method: EventMethod) -> Any:
        def take(self: Any, batch: Batch) -> None:
            batch.run(self.database, lambda transaction, event: method(self, transaction, event))

        take.__name__ = method.__name__
        take.__doc__ = method.__doc__
        take.handle = method  # type: ignore[attr-defined]
        take.subscribes_to = (source, types)  # type: ignore[attr-defined]
        return _declare(source, types, expected_exceptions=(DBAPIError,))(take)

    return declare


def subscriptions_of(service: type) -> list[Subscription]:
    """The subscriptions that the methods of a service class declare."""
    found = []
    for name in dir(service):
        declared = getattr(getattr(service, name), "subscribes_to", None)
        if declared is not None:
            source, types = declared
            found.append(Subscription(service.name, source, types))  # type: ignore[attr-defined]
    return sorted(found)
