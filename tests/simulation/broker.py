"""How services reach each other: relays, queues and requests, over a network that loses and doubles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from shared.kernel.errors import DeadlineExceeded, Refusal, RemoteRefusal
from shared.messaging.context import WorkContext, current
from shared.messaging.envelope import envelope
from shared.messaging.rpc import DEADLINE_SECONDS, Request
from tests.simulation.database import MemoryConnection, MemoryDatabase
from tests.simulation.scheduler import Process, Scheduler, Signal


@dataclass(eq=False)
class Message:
    """One delivery of an event."""

    body: bytes


@dataclass(eq=False)
class Queue:
    """A queue of one subscription: what was not acknowledged when its reader died comes again."""

    name: str
    source: str
    types: tuple[str, ...]
    ready: list[Message] = field(default_factory=list)
    unacknowledged: list[Message] = field(default_factory=list)
    filled: Signal = field(default_factory=Signal)


class Broker:
    """Accepts events, doubles some, and hands them over late and in any order, but at least once."""

    def __init__(self, world: Scheduler) -> None:
        self._world = world
        self.queues: list[Queue] = []
        self.under_way = 0
        self.accepted: dict[str, set[str]] = {}

    def publish(self, source: str, type: str, event_id: str, body: bytes) -> bool:
        """Whether the publisher hears that the event has arrived; it may have arrived all the same."""
        world = self._world
        if world.happens(world.faults.lose, "event lost"):
            return False
        self.accepted.setdefault(source, set()).add(event_id)
        for queue in self.queues:
            if queue.source == source and type in queue.types:
                for _ in range(2 if world.happens(world.faults.double, "event doubled") else 1):
                    self._bring(queue, Message(body))
        return not world.happens(world.faults.lose, "confirm lost")

    def _bring(self, queue: Queue, message: Message) -> None:
        self.under_way += 1

        def arrive() -> None:
            self.under_way -= 1
            queue.ready.append(message)
            self._world.signal(queue.filled)

        self._world.after(self._world.travel(), arrive)

    def take(self, queue: Queue, most: int) -> list[Message]:
        """Some of what waits, mostly the oldest."""
        world = self._world
        if world.troubled and world.chance.random() < world.faults.late:
            world.chance.shuffle(queue.ready)
        taken, queue.ready = queue.ready[:most], queue.ready[most:]
        queue.unacknowledged += taken
        return taken

    def acknowledge(self, queue: Queue, messages: Sequence[Message]) -> None:
        for message in messages:
            queue.unacknowledged.remove(message)

    def requeue(self, queue: Queue) -> None:
        """The reader is gone: what it had is ready again."""
        if queue.unacknowledged:
            self._world.count("redelivered")
        queue.ready = queue.unacknowledged + queue.ready
        queue.unacknowledged = []
        if queue.ready:
            self._world.signal(queue.filled)


class Relay:
    """Takes a service's outbox to the broker: take, publish, hear the confirms, mark."""

    marks_first = False

    def __init__(self, database: MemoryDatabase, broker: Broker, world: Scheduler) -> None:
        self._database = database
        self._broker = broker
        self._world = world
        self._written = Signal()
        self.process = Process(f"{database.name}.relay", begin=self._begin)
        database.on_events = lambda: world.signal(self._written)

    def _begin(self) -> None:
        self._world.signal(self._written)
        self._world.spawn(self.process, "relay", self._run)

    def _run(self) -> None:
        world = self._world
        while True:
            world.wait(self._written)
            self._written.raised = False
            world.pause(0.02)
            while waiting := self._take():
                self._send(waiting)

    def _take(self) -> list[tuple[int, dict[str, Any]]]:
        waiting = self._database.tables.get("unsent", {})
        return [(position, waiting[position]) for position in sorted(waiting)[:200]]

    def _send(self, rows: list[tuple[int, dict[str, Any]]]) -> None:
        world, confirmed = self._world, []
        if self.marks_first:
            self._mark([position for position, _ in rows])
        world.may_die("after taking, before publishing", 6.0)
        for position, row in rows:
            if self._broker.publish(self._database.name, row["type"], row["id"], self._body(row)):
                confirmed.append(position)
        world.step("after publishing, before marking", 6.0)
        self._mark(confirmed)
        if len(confirmed) < len(rows):
            world.pause(1.0)

    def _mark(self, positions: list[int]) -> None:
        connection = MemoryConnection(self._database, None, relaxed=True)
        for position in positions:
            connection.drop("unsent", position)

    def _body(self, row: dict[str, Any]) -> bytes:
        return envelope(
            event_id=row["id"],
            source=self._database.name,
            data=orjson.Fragment(row["data"]),
            **{
                name: row[name]
                for name in [
                    "type",
                    "subject",
                    "time",
                    "version",
                    "sequence",
                    "correlationid",
                    "causationid",
                    "traceparent",
                    "partitionkey",
                ]
            },
        )


@dataclass(eq=False)
class Question:
    """A request under way, and its answer once it came."""

    service: str
    method: str
    body: bytes
    until: float
    answered: Signal = field(default_factory=Signal)
    answer: bytes = b""


class Wire:
    """Carries requests and answers (shared.messaging.rpc.RpcClient); both may be lost, late or doubled."""

    def __init__(self, world: Scheduler) -> None:
        self._world = world
        self._servers: dict[str, Any] = {}
        self._waiting: dict[str, list[Question]] = {}

    def serve(self, service: str, process: Process, instance: Any) -> None:
        self._servers[service] = (process, instance)

    def call(
        self, service: str, method: str, /, *, deadline: float = DEADLINE_SECONDS, **arguments: Any
    ) -> Any:
        return self._answer(self._ask(service, method, arguments, deadline))

    def gather(self, requests: Sequence[Request], *, deadline: float = DEADLINE_SECONDS) -> list[Any]:
        asked = [self._ask(service, method, arguments, deadline) for service, method, arguments in requests]
        answers: list[Any] = []
        for question in asked:
            try:
                answers.append(self._answer(question))
            except Refusal as refusal:
                answers.append(refusal)
        return answers

    def reopen(self, service: str) -> None:
        """The service is there again and finds what waited in its queue."""
        for question in self._waiting.pop(service, []):
            self._arrive(question)

    def _ask(self, service: str, method: str, arguments: dict[str, Any], deadline: float) -> Question:
        world = self._world
        context = current()
        body = orjson.dumps({"arguments": arguments, "correlationid": context.correlation_id})
        question = Question(service, method, body, world.seconds + deadline)
        if not world.happens(world.faults.lose, "request lost"):
            for _ in range(2 if world.happens(world.faults.double, "request doubled") else 1):
                world.after(world.travel(), lambda: self._arrive(question))
        return question

    def _answer(self, question: Question) -> Any:
        if not self._world.wait(question.answered, question.until - self._world.seconds):
            raise DeadlineExceeded(f"{question.service} did not answer in time.")
        answer = orjson.loads(question.answer)
        if "refusal" in answer:
            raise RemoteRefusal.from_wire(answer["refusal"])
        return answer["result"]

    def _arrive(self, question: Question) -> None:
        process, instance = self._servers[question.service]
        if not process.alive:
            self._waiting.setdefault(question.service, []).append(question)
        elif question.until >= self._world.seconds:
            name = f"{question.service}.{question.method}"
            self._world.spawn(process, name, lambda: self._serve(question, instance))

    def _serve(self, question: Question, instance: Any) -> None:
        world = self._world
        asked = orjson.loads(question.body)
        context = WorkContext(correlation_id=asked["correlationid"])
        answer: dict[str, Any]
        try:
            result = getattr(instance, question.method)(context, **asked["arguments"])
            answer = {"result": result}
            world.note(f"{question.service}.{question.method} answers")
        except Refusal as refusal:
            answer = {"refusal": refusal.to_wire()}
            world.note(f"{question.service}.{question.method} refuses: {refusal.code}")
            world.count(f"refused {refusal.code}")
        world.may_die("before answering", 2.0)
        if world.happens(world.faults.lose, "answer lost"):
            return
        body = orjson.dumps(answer)

        def arrive() -> None:
            if not question.answered.raised:
                question.answer = body
                world.signal(question.answered)

        world.after(world.travel(), arrive)
