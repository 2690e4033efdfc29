"""Requests to other services that need their answer now: with a deadline, typed refusals, in parallel.

A request is transient and idempotent: it names the thing it makes, so whoever asked may ask again.
"""

from __future__ import annotations

import inspect
import logging
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import eventlet
import orjson
from eventlet.event import Event as Signal
from nameko.extensions import DependencyProvider, Entrypoint, ProviderCollector, SharedExtension
from prometheus_client import Counter, Histogram
from sqlalchemy.exc import DBAPIError

from shared.kernel import failpoints
from shared.kernel.errors import DeadlineExceeded, InvalidInput, Refusal, RemoteRefusal
from shared.messaging.context import WorkContext, current, working_on
from shared.messaging.link import Link, Reader, amqp_url
from shared.messaging.topology import replies_queue, rpc_queue
from shared.persistence.database import is_disconnect

log = logging.getLogger(__name__)
Method = TypeVar("Method", bound=Callable[..., Any])

DEADLINE_SECONDS = 5.0
CONCURRENT_REQUESTS = 64

_ANSWERED = Histogram("linli_rpc_seconds", "Time to answer a request", ["service", "method"])
_REFUSED = Counter(
    "linli_rpc_refusals_total", "Requests answered with a refusal", ["service", "method", "code"]
)
_TOO_LATE = Counter("linli_rpc_expired_total", "Requests dropped since nobody waits any more", ["service"])

Request = tuple[str, str, dict[str, Any]]


class RpcClient(Protocol):
    """What a service is handed to ask others with; fakes implement the same two methods."""

    def call(
        self, service: str, method: str, /, *, deadline: float = DEADLINE_SECONDS, **arguments: Any
    ) -> Any:
        """The answer of ``service``. Raises the :class:`Refusal` it refused with, or
        :class:`DeadlineExceeded` after ``deadline`` seconds without an answer."""

    def gather(self, requests: Sequence[Request], *, deadline: float = DEADLINE_SECONDS) -> list[Any]:
        """Ask all at once; the answers in order, each a result or the :class:`Refusal` it met."""


class _Replies(SharedExtension):
    """Where this container's answers come back, and who waits for them."""

    link = Link()

    def setup(self) -> None:
        self.queue = replies_queue(self.container.service_name, amqp_url())
        self.waiting: dict[str, Signal] = {}
        self.count = 0
        self.link.add(Reader(self.queue, self._on_reply, prefetch=0, replies=True))

    def _on_reply(self, message: Any) -> None:
        waiting = self.waiting.pop(message.properties.get("correlation_id", ""), None)
        if waiting is not None:
            waiting.send(message.body)

    def ask(
        self, service: str, method: str, arguments: dict[str, Any], deadline: float
    ) -> tuple[str, Signal]:
        self.count += 1
        request_id = str(self.count)
        context = current()
        signal = self.waiting[request_id] = Signal()
        request: dict[str, Any] = {
            "method": method,
            "arguments": arguments,
            "deadline": time.time() + deadline,
        }
        if context.correlation_id:
            request["correlationid"] = context.correlation_id
        if context.causation_id:
            request["causationid"] = context.causation_id
        if context.traceparent:
            request["traceparent"] = context.traceparent
        try:
            self.link.publish(
                f"rpc.{service}",
                orjson.dumps(request),
                wait=min(1.0, deadline),
                reply_to=self.queue.name,
                correlation_id=request_id,
                expiration=str(int(deadline * 1000)),
            )
        except BaseException:
            self.waiting.pop(request_id, None)
            raise
        return request_id, signal

    def answer(self, service: str, method: str, request_id: str, signal: Signal, until: float) -> Any:
        try:
            with eventlet.Timeout(max(0.0, until - time.monotonic()), False):
                return _opened(signal.wait())
        finally:
            self.waiting.pop(request_id, None)
        raise DeadlineExceeded(f"{service} did not answer in time.", service=service, method=method)


def _opened(body: bytes | str) -> Any:
    answer = orjson.loads(body)
    if "refusal" in answer:
        raise RemoteRefusal.from_wire(answer["refusal"])
    return answer["result"]


class _Client:
    def __init__(self, replies: _Replies) -> None:
        self._replies = replies

    def call(
        self, service: str, method: str, /, *, deadline: float = DEADLINE_SECONDS, **arguments: Any
    ) -> Any:
        until = time.monotonic() + deadline
        request_id, signal = self._replies.ask(service, method, arguments, deadline)
        return self._replies.answer(service, method, request_id, signal, until)

    def gather(self, requests: Sequence[Request], *, deadline: float = DEADLINE_SECONDS) -> list[Any]:
        until = time.monotonic() + deadline
        asked: list[Any] = []
        for service, method, arguments in requests:
            try:
                asked.append(self._replies.ask(service, method, arguments, deadline))
            except Refusal as refusal:
                asked.append(refusal)
        answers: list[Any] = []
        for (service, method, _), question in zip(requests, asked, strict=True):
            if isinstance(question, Refusal):
                answers.append(question)
                continue
            try:
                answers.append(self._replies.answer(service, method, question[0], question[1], until))
            except Refusal as refusal:
                answers.append(refusal)
        return answers


class RpcProvider(DependencyProvider):
    """Hands a service its :class:`RpcClient`."""

    replies = _Replies()

    def setup(self) -> None:
        self._client = _Client(self.replies)

    def get_dependency(self, worker_ctx: Any) -> RpcClient:
        return self._client


class Arguments:
    """The names of a method's arguments, known once instead of bound for every request."""

    def __init__(self, signature: inspect.Signature) -> None:
        parameters = list(signature.parameters.values())[1:]
        named = [one for one in parameters if one.kind is not one.VAR_KEYWORD]
        self._any = len(named) < len(parameters)
        self._known = {one.name for one in named}
        self._required = {one.name for one in named if one.default is one.empty}

    def check(self, what: str, arguments: Any) -> None:
        """Raise :class:`InvalidInput` unless the method can be called with ``arguments``."""
        if not isinstance(arguments, dict):
            raise InvalidInput(f"{what}: arguments are a JSON object.")
        given = arguments.keys()
        if missing := self._required - given:
            raise InvalidInput(f"{what}: {', '.join(sorted(missing))} missing.")
        if not self._any and (unknown := given - self._known):
            raise InvalidInput(f"{what}: {', '.join(sorted(unknown))} not known.")


class _RequestServer(ProviderCollector, SharedExtension):
    """Reads the service's request queue and hands each request to the method it names."""

    link = Link()

    def __init__(self) -> None:
        super().__init__()
        self.methods: dict[str, Answer] = {}
        self._arguments: dict[str, Arguments] = {}

    def setup(self) -> None:
        queue = rpc_queue(self.container.service_name)
        self.link.add(Reader(queue, self._on_request, prefetch=CONCURRENT_REQUESTS))

    def register(self, entrypoint: Answer) -> None:
        method = getattr(self.container.service_cls, entrypoint.method_name)
        self.methods[entrypoint.method_name] = entrypoint
        self._arguments[entrypoint.method_name] = Arguments(inspect.signature(method))

    def _on_request(self, message: Any) -> None:
        service = self.container.service_name
        try:
            request = orjson.loads(message.body)
            if not isinstance(request, dict):
                raise InvalidInput("A request is a JSON object.")
            if request.get("deadline", 0) < time.time():
                _TOO_LATE.labels(service).inc()
                self.link.acknowledge(message)
                return
            method, arguments = request.get("method", ""), request.get("arguments")
            if method not in self.methods:
                raise InvalidInput(f"{service} answers no request named {method!r}.")
            self._arguments[method].check(f"{service}.{method}", arguments)
        except (Refusal, ValueError, TypeError) as error:
            refusal = error if isinstance(error, Refusal) else InvalidInput("The request cannot be read.")
            self._reply(message, {"refusal": refusal.to_wire()})
            return
        self.methods[method].run(message, request)

    def _reply(self, message: Any, answer: dict[str, Any]) -> None:
        reply_to = message.properties.get("reply_to")
        if reply_to:
            try:
                self.link.publish(
                    reply_to,
                    orjson.dumps(answer),
                    wait=0.0,
                    correlation_id=message.properties.get("correlation_id"),
                )
            except Refusal:
                log.info("an answer was not sent: its asker will ask again")
        self.link.acknowledge(message)


class Answer(Entrypoint):
    """A method that other services may call through their :class:`RpcClient`."""

    server = _RequestServer()

    def setup(self) -> None:
        self.server.register(self)

    def stop(self) -> None:
        self.server.link.stop_reading()

    def run(self, message: Any, request: dict[str, Any]) -> None:
        started = time.perf_counter()

        def answered(worker_ctx: Any, result: Any, exc_info: Any) -> tuple[Any, Any]:
            self._answered(message, result, exc_info, started)
            return result, None

        context = WorkContext(
            correlation_id=request.get("correlationid"),
            causation_id=request.get("causationid"),
            traceparent=request.get("traceparent"),
        )
        self.container.spawn_worker(self, (context,), request["arguments"], handle_result=answered)

    def _answered(self, message: Any, result: Any, exc_info: Any, started: float) -> None:
        failpoints.reach("request.done")
        service, method = self.container.service_name, self.method_name
        answer: dict[str, Any] = {"result": result}
        if exc_info is not None:
            refusal = _as_refusal(service, method, exc_info)
            _REFUSED.labels(service, method, refusal["code"]).inc()
            answer = {"refusal": refusal}
        self.server._reply(message, answer)
        _ANSWERED.labels(service, method).observe(time.perf_counter() - started)


def _as_refusal(service: str, method: str, exc_info: Any) -> dict[str, Any]:
    error = exc_info[1]
    if isinstance(error, Refusal):
        return error.to_wire()
    if isinstance(error, DBAPIError) and is_disconnect(error):
        return {"code": "unavailable", "kind": "unavailable", "detail": f"{service} has no database now."}
    log.error("%s.%s failed", service, method, exc_info=exc_info)
    return {"code": "internal-error", "kind": "internal", "detail": f"{service} failed; it has been logged."}


_declare = Answer.decorator


def answer(method: Method) -> Method:
    """Let other services call ``method``; its keyword arguments are the request.

    What it returns must be JSON; a :class:`Refusal` it raises arrives at the caller with the same code.
    """

    def answered(self: Any, *context: WorkContext, **arguments: Any) -> Any:
        # A request comes with its context; a test, or the service itself, calls without one.
        if not context:
            return method(self, **arguments)
        with working_on(context[0]):
            return method(self, **arguments)

    answered.__name__ = method.__name__
    answered.__doc__ = method.__doc__
    answered.__wrapped__ = method  # type: ignore[attr-defined]
    declared: Method = _declare(answered)
    return declared
