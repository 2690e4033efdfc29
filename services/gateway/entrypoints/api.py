"""One request from its first byte to its last: find, admit, check, do once, answer, log."""

from __future__ import annotations

import hashlib
import logging
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from prometheus_client import Counter, Histogram

from services.gateway.adapters.failures import as_refusal
from services.gateway.application.once import once
from services.gateway.contracts.fields import load
from services.gateway.domain.accounts import Principal
from services.gateway.domain.errors import (
    IdempotencyKeyMissing,
    InternalError,
    MalformedRequest,
    NotYourRole,
    Outdated,
)
from services.gateway.domain.idempotency import KeptAnswer, KeyUse
from services.gateway.entrypoints import wire
from services.gateway.entrypoints.call import Call, Parts
from services.gateway.entrypoints.routing import Anyone, Key, Limit, Route, Router
from services.gateway.entrypoints.wire import Answer, Environ
from shared.kernel.errors import InvalidInput, Refusal, Unauthenticated
from shared.kernel.ids import derived_id
from shared.messaging.context import WorkContext, working_on

log = logging.getLogger(__name__)
access_log = logging.getLogger("linli.access")

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_VERSION = re.compile(r'(?:W/)?"v(\d{1,18})"')
_ANSWERED = Counter("linli_http_requests_total", "Requests answered", ["route", "status"])
_SECONDS = Histogram(
    "linli_http_request_seconds",
    "Time to answer a request",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
_NOWHERE = "nowhere"

StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class Api:
    """The HTTP API as a WSGI application."""

    def __init__(self, router: Router, parts: Parts) -> None:
        self.router = router
        self.parts = parts
        self._seconds = {route.name: _SECONDS.labels(route.name) for route in self.router.routes}
        self._seconds[_NOWHERE] = _SECONDS.labels(_NOWHERE)
        # Looked up once per route and status that there is: finding a counter costs more than counting.
        self._answered: dict[tuple[str, int], Counter] = {}

    def __call__(self, environ: Environ, start_response: StartResponse) -> list[bytes]:
        started = time.perf_counter()
        correlation_id = wire.correlation_id(environ) or self.parts.ids.new()
        exchange = _Exchange(self.parts, environ, correlation_id)
        with working_on(WorkContext(correlation_id, None, wire.traceparent(environ))):
            answer = exchange.answer(self.router)
            self._note(exchange, answer, environ, time.perf_counter() - started)
        headers = [
            ("Content-Type", answer.content_type),
            ("Content-Length", str(len(answer.body))),
            ("X-Correlation-Id", correlation_id),
            ("X-Content-Type-Options", "nosniff"),
            *answer.headers.items(),
        ]
        if "Cache-Control" not in answer.headers:
            headers.append(("Cache-Control", "no-store"))
        if answer.status == 413:
            headers.append(("Connection", "close"))
        start_response(answer.status_line, headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [answer.body]

    def end(self) -> None:
        """Answer at once what waits for something to happen: the process is ending."""
        self.parts.archive.end()

    def _note(self, exchange: _Exchange, answer: Answer, environ: Environ, seconds: float) -> None:
        name = exchange.route.name if exchange.route else _NOWHERE
        answered = self._answered.get((name, answer.status))
        if answered is None:
            answered = self._answered[name, answer.status] = _ANSWERED.labels(name, answer.status)
        answered.inc()
        self._seconds[name].observe(seconds)
        if access_log.isEnabledFor(logging.INFO):
            # The query stays out: people search for things that are nobody's business.
            access_log.info(
                "request",
                extra={
                    "method": environ["REQUEST_METHOD"],
                    "path": environ.get("PATH_INFO", "")[:200],
                    "route": name,
                    "status": answer.status,
                    "milliseconds": round(seconds * 1000, 1),
                    "account_id": exchange.principal.account_id if exchange.principal else None,
                    "address": exchange.address,
                    "replayed": "Idempotency-Replayed" in answer.headers,
                },
            )


class _Exchange:
    """One request and what was found out about it so far."""

    def __init__(self, parts: Parts, environ: Environ, correlation_id: str) -> None:
        self.parts = parts
        self.environ = environ
        self.correlation_id = correlation_id
        self.address = wire.address_of_client(environ, parts.trusted_proxies)
        self.route: Route | None = None
        self.principal: Principal | None = None

    def answer(self, router: Router) -> Answer:
        try:
            path = self.environ.get("PATH_INFO") or "/"
            if not path.isascii():
                path = path.encode("latin-1").decode("utf-8", "replace")
            method = self.environ["REQUEST_METHOD"]
            route, values = router.find("GET" if method == "HEAD" else method, path)
            self.route = route
            self._admit(route)
            return self._run(route, path, values)
        except Refusal as refusal:
            return self._refused(refusal)
        except Exception as error:
            return self._refused(self._unforeseen(error))

    def _admit(self, route: Route) -> None:
        """Who asks, whether they may, and whether not too often."""
        limits = self.parts.limits
        if route.limit is Limit.SIGN_INS:
            limits.address_signs_in(self.address)
            return
        authorization = self.environ.get("HTTP_AUTHORIZATION")
        if authorization is None:
            limits.address_asks(self.address)
            if isinstance(route.roles, Anyone):
                return
            raise Unauthenticated("Send an access token: Authorization: Bearer …")
        try:
            scheme, _, token = authorization.partition(" ")
            if scheme.lower() != "bearer" or not token:
                raise Unauthenticated("The Authorization header is not of the form: Bearer …")
            self.principal = self.parts.tokens.principal(token.strip())
        except Unauthenticated:
            limits.address_asks(self.address)
            raise
        limits.account_asks(self.principal.account_id)
        if not isinstance(route.roles, Anyone) and self.principal.role not in route.roles:
            raise NotYourRole(f"This is not open to the role {self.principal.role.value}.")

    def _run(self, route: Route, path: str, values: dict[str, str]) -> Answer:
        environ = self.environ
        query = wire.read_query(environ, route.several)
        if route.query_schema is not None:
            query = load(route.query_schema, query, title="A parameter of the address is wrong.")
        elif query:
            errors = [{"field": name[:60], "message": "Unknown parameter."} for name in query]
            raise InvalidInput("This call takes no parameters in its address.", errors=errors)
        raw, sent = b"", {}
        if route.raw_body:
            raw = wire.read_body(environ)
        elif route.body_schema is not None:
            sent = wire.read_json(environ)
        body = (
            load(route.body_schema, sent, title="A field of the body is wrong.") if route.body_schema else {}
        )
        call = Call(self.parts, self.principal, values, query, body, self._header, raw)
        if route.versioned:
            call.expected_version = self._expected_version()
        if route.key is Key.NONE:
            return self._answered(route, call)
        call.key = self._key()
        if route.key is Key.NATURAL:
            return self._answered(route, call)
        return self._once(route, call, path, sent)

    def _once(self, route: Route, call: Call, path: str, sent: Mapping[str, Any]) -> Answer:
        account_id = call.caller.account_id
        call.new_id = derived_id(account_id, route.name, call.key)
        asked = orjson.dumps([path, sent], option=orjson.OPT_SORT_KEYS)
        use = KeyUse(
            account_id=account_id,
            operation=route.name,
            key=call.key,
            fingerprint=hashlib.sha256(asked).digest(),
        )

        def work() -> tuple[KeptAnswer, bool]:
            final = True
            try:
                answer = self._answered(route, call)
            except Refusal as refusal:
                answer, final = self._refused(refusal), wire.is_final(refusal)
            return KeptAnswer(status=answer.status, body=answer.body, headers=answer.headers), final

        done = once(use, work, records=self.parts.records, attempt=self.parts.ids.new())
        kept = done.answer
        headers = {**kept.headers, "Idempotency-Replayed": "true"} if done.replayed else kept.headers
        content_type = wire.JSON if kept.status < 400 else wire.PROBLEM
        return Answer(kept.status, kept.body, content_type, headers)

    def _answered(self, route: Route, call: Call) -> Answer:
        try:
            result = route.handle(call)
        except Refusal as refusal:
            if call.expected_version is not None and refusal.code.endswith("-changed"):
                raise Outdated(refusal.detail) from refusal
            raise
        if isinstance(result, Answer):
            return result
        if route.pick is None or result is None:
            return Answer(204)
        data = route.pick(result)
        headers = {}
        if route.location is not None:
            headers["Location"] = route.location.format_map({**call.path, **data})
        if route.versioned and data.get("version") is not None:
            headers["ETag"] = f'"v{data["version"]}"'
            if headers["ETag"] == self.environ.get("HTTP_IF_NONE_MATCH") and route.method == "GET":
                return Answer(304, headers=headers)
        return Answer(route.status, orjson.dumps(data), headers=headers)

    def _refused(self, refusal: Refusal) -> Answer:
        return wire.problem(refusal, self.correlation_id)

    def _unforeseen(self, error: Exception) -> Refusal:
        known = as_refusal(error)
        if known is not None:
            return known
        log.error("a request failed", exc_info=error, extra={"route": self.route and self.route.name})
        return InternalError("It has been logged under the id given as `instance`.")

    def _header(self, name: str) -> str | None:
        value = self.environ.get("HTTP_" + name.upper().replace("-", "_"))
        return None if value is None else str(value)

    def _key(self) -> str:
        key = self._header("Idempotency-Key")
        if key is None:
            message = "Needed here: any text of your own that is new for each new request, such as a UUID."
            raise IdempotencyKeyMissing(message, errors=[{"field": "Idempotency-Key", "message": message}])
        # The header's draft standard quotes the key; quoted and bare keys are the same key.
        bare = key[1:-1] if len(key) > 2 and key[0] == key[-1] == '"' else key
        if not _KEY.fullmatch(bare):
            message = "Expected 1 to 255 printable characters without spaces."
            raise MalformedRequest(message, errors=[{"field": "Idempotency-Key", "message": message}])
        return bare

    def _expected_version(self) -> int | None:
        given = self._header("If-Match")
        if given is None or given.strip() == "*":
            return None
        match = _VERSION.fullmatch(given.strip())
        if match is None:
            raise Outdated("If-Match does not hold an ETag of ours.")
        return int(match.group(1))
