"""How messages get lost or lose their limits: each function breaks the process that it is called in."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import closing
from typing import Any

from shared.messaging.outbox import Outbox, OutboxRow


def no_inbox() -> None:
    """Nothing is remembered of what was taken in, so everything is always new."""
    from shared.messaging import inbox

    def remember(transaction: Any, subscription: str, event_ids: list[str]) -> set[str]:
        del transaction, subscription
        return set(event_ids)

    inbox._remember = remember


def publish_without_outbox() -> None:
    """Events go to the broker once their transaction has committed; no relay knows of them."""
    from shared.persistence import database

    text = database._APPEND
    for before, after in (
        ("traceparent, data)\nSELECT", "traceparent, data, sent_at)\nSELECT"),
        ("g.traceparent, g.data\nFROM", "g.traceparent, g.data, clock_timestamp()\nFROM"),
    ):
        assert text.count(before) == 1
        text = text.replace(before, after)
    database._APPEND = text
    append = database.Transaction.append_outbox
    service = sys.argv[1]

    def append_and_publish(self: Any) -> None:
        ids = [event["id"] for event in self._pending]
        self.after_commit(lambda: _publish_now(service, ids))
        append(self)

    database.Transaction.append_outbox = append_and_publish  # type: ignore[method-assign]


class _ById(Outbox):
    def rows(self, ids: Sequence[str]) -> list[OutboxRow]:
        from shared.messaging.outbox import _COLUMNS

        found = self._ask(f"SELECT {_COLUMNS} FROM outbox WHERE id = ANY(%s) ORDER BY position", list(ids))
        return [self._row(row) for row in found]


def _publish_now(service: str, ids: Sequence[str]) -> None:
    import kombu

    from shared.messaging.envelope import CONTENT_TYPE

    with closing(_ById(os.environ[f"LINLI_{service.upper()}_DATABASE_URL"], service)) as outbox:
        rows = outbox.rows(ids)
    with kombu.Connection(os.environ["LINLI_AMQP_URL"]) as connection, connection.channel() as channel:
        for row in rows:
            properties = {"message_id": row.id, "type": row.type, "app_id": service, "delivery_mode": 2}
            message = channel.prepare_message(row.body, None, CONTENT_TYPE, None, {}, properties)
            channel.basic_publish(message, exchange=f"{service}.events", routing_key=row.type)


def acknowledge_before_commit() -> None:
    """What has arrived is acknowledged, and then it is worked on."""
    from shared.messaging.subscription import EventSubscription

    def take_in_for_ever(self: Any) -> None:
        while True:
            messages = _gathered(self)
            self.link.acknowledge_all(messages)
            self._until_done(messages)

    EventSubscription._take_in_for_ever = take_in_for_ever  # type: ignore[method-assign]


def commit_in_worker_result() -> None:
    """nameko's own order: the method ends, the message is acknowledged, dependencies hear of the result."""
    import eventlet

    from shared.messaging import inbox
    from shared.messaging.dependencies import DatabaseProvider
    from shared.messaging.subscription import Batch, EventSubscription

    scopes: dict[Any, list[Any]] = {}

    def consume(database: Any, subscription: str, handler: Any, events: Sequence[Any]) -> None:
        scope = database.transaction()
        transaction = scope.__enter__()
        try:
            fresh = inbox._remember(transaction, subscription, [event.id for event in events])
            for event in events:
                if event.id in fresh:
                    inbox._handle(transaction, subscription, handler, event)
        except Exception:
            scope.__exit__(*sys.exc_info())
            raise
        scopes.setdefault(eventlet.getcurrent(), []).append(scope)

    def worker_result(self: Any, worker_ctx: Any, result: Any = None, exc_info: Any = None) -> None:
        for scope in scopes.pop(eventlet.getcurrent(), []):
            scope.__exit__(None, None, None)

    def work(self: Any, what: str, messages: Any) -> None:
        done = eventlet.queue.LightQueue()

        def finished(worker_ctx: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
            if messages and exc_info is None:
                self.link.acknowledge_all(messages)
            done.put(exc_info)
            return result, None

        batch = Batch(self.subscription.name, what, messages or [])
        self.container.spawn_worker(self, (batch,), {}, handle_result=finished)
        exc_info = done.get()
        if exc_info is not None:
            raise exc_info[1]

    def take_in_for_ever(self: Any) -> None:
        while True:
            self._until_done(_gathered(self))

    inbox.consume = consume
    DatabaseProvider.worker_result = worker_result
    EventSubscription._work = work  # type: ignore[method-assign]
    EventSubscription._take_in_for_ever = take_in_for_ever  # type: ignore[method-assign]


def requeue_without_limit() -> None:
    """What a handler refuses goes back to the queue, at once and for ever."""
    from nameko.exceptions import ContainerBeingKilled

    from shared.messaging import inbox
    from shared.messaging.subscription import EventSubscription

    def take_in_for_ever(self: Any) -> None:
        while True:
            messages = _gathered(self)
            try:
                self._work("take_in", messages)
            except ContainerBeingKilled:
                raise
            except Exception:
                with self.link._writing:
                    for message in messages:
                        message.channel.basic_reject(message.delivery_tag, requeue=True)
            else:
                self.link.acknowledge_all(messages)

    inbox.consume = inbox._take_in
    EventSubscription._take_in_for_ever = take_in_for_ever  # type: ignore[method-assign]


def _gathered(subscription: Any) -> list[Any]:
    """As the subscription itself gathers them."""
    import eventlet

    from shared.messaging.subscription import BATCH, GATHER_SECONDS

    messages = [subscription._waiting.get()]
    eventlet.sleep(GATHER_SECONDS)
    while len(messages) < BATCH and not subscription._waiting.empty():
        messages.append(subscription._waiting.get())
    return messages


def mark_before_confirm() -> None:
    """Rows are marked as sent when they are taken, whatever becomes of them."""
    take = Outbox.take

    def take_and_mark(self: Outbox) -> list[OutboxRow]:
        rows = take(self)
        if rows:
            self.mark_sent(rows)
        return rows

    Outbox.take = take_and_mark  # type: ignore[method-assign]


def poll_by_last_id() -> None:
    """The relay remembers how far it came, and asks for what lies behind that."""
    from shared.messaging import outbox

    came_to: dict[str, int] = {}
    mark_sent = Outbox.mark_sent

    def take(self: Outbox) -> list[OutboxRow]:
        if not self._is_active:
            self._is_active = self._ask(outbox._BECOME_ACTIVE, self._key)[0][0]
        if not self._is_active:
            return []
        if self.service not in came_to:
            furthest = "SELECT coalesce(max(position), 0) FROM outbox WHERE sent_at IS NOT NULL"
            came_to[self.service] = self._ask(furthest)[0][0]
        behind = f"SELECT {outbox._COLUMNS} FROM outbox WHERE position > %s ORDER BY position LIMIT 200"
        return [self._row(row) for row in self._ask(behind, came_to[self.service])]

    def mark(self: Outbox, rows: Sequence[OutboxRow]) -> None:
        mark_sent(self, rows)
        came_to[self.service] = rows[-1].position

    Outbox.take, Outbox.mark_sent = take, mark  # type: ignore[method-assign]


def not_mandatory() -> None:
    """The broker may drop what nobody takes, and confirms it all the same."""
    from pika.channel import Channel

    publish = Channel.basic_publish

    def publish_anyhow(self: Any, *arguments: Any, **options: Any) -> None:
        publish(self, *arguments, **(options | {"mandatory": False}))

    Channel.basic_publish = publish_anyhow
