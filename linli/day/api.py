"""The gateway's HTTP API as the people of a day use it: patient, and never twice.

Whatever may fail for a moment (a service starting again, too many requests, a cut connection) is tried again
with the same Idempotency-Key until `patience` is over; a refusal is raised at once as ApiRefusal.
"""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import orjson

from linli.day.http import HttpAnswer, HttpClient, TransportError

_PASSING = frozenset({429, 502, 503, 504})
_STILL_RUNNING = "request-still-running"
_MOST_FAULTS = 8
ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")


class ApiRefusal(Exception):
    """The platform understood and said no, in the words of RFC 9457."""

    def __init__(self, method: str, path: str, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(problem.get("code") or "")
        self.detail = str(problem.get("detail") or problem.get("title") or "")
        self.errors = problem.get("errors") or []
        named = [f"{e.get('field')}: {e.get('message')}" for e in self.errors if isinstance(e, dict)]
        fields = f" ({'; '.join(named)})" if named else ""
        super().__init__(f"{method} {path}: {status} {self.code}: {self.detail}{fields}")


class OutOfPatience(Exception):
    """The platform did not answer in time, however often it was asked."""


@dataclass
class Traffic:
    """What went over the wire, for the report."""

    requests: int = 0
    retries: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def took(self, method: str, path: str, seconds: float) -> None:
        """Note how long one request took, under its call's name."""
        self.requests += 1
        call = f"{method} {ID.sub('{id}', path.partition('?')[0])}"
        self.seconds.setdefault(call, []).append(seconds)


class Person:
    """Somebody with an account; the access token is fetched when needed and renewed when it has run out."""

    def __init__(self, login: str, password: str, account_id: str = "") -> None:
        self.login = login
        self.password = password
        self.account_id = account_id
        self.access_token: str | None = None
        self.lock = asyncio.Lock()


class Api:
    def __init__(self, base_url: str, *, connections: int = 48, patience: float = 180.0) -> None:
        self.base_url = base_url
        self.traffic = Traffic()
        self._http = HttpClient(base_url, connections)
        self._patience = patience
        self._chance = random.Random(0)

    async def get(self, path: str, person: Person | None = None, **query: object) -> Any:
        if query:
            path = f"{path}?{urlencode({k: v for k, v in query.items() if v is not None}, doseq=True)}"
        return await self._call("GET", path, person, None, None)

    async def post(
        self, path: str, person: Person | None, key: str, body: Mapping[str, Any] | None = None
    ) -> Any:
        """`key` names the wish: the same key sent again is the same wish, and is granted once."""
        return await self._call("POST", path, person, body if body is not None else {}, key)

    async def put(self, path: str, person: Person, body: Mapping[str, Any], key: str | None = None) -> Any:
        return await self._call("PUT", path, person, body, key)

    async def delete(self, path: str, person: Person) -> Any:
        return await self._call("DELETE", path, person, None, None)

    async def close(self) -> None:
        await self._http.close()

    async def _call(
        self, method: str, path: str, person: Person | None, body: Mapping[str, Any] | None, key: str | None
    ) -> Any:
        payload = None if body is None else orjson.dumps(body)
        until = time.monotonic() + self._patience
        faults, pause, renewed = 0, 0.05, False
        while True:
            headers = {"Accept": "application/json"}
            if key is not None:
                headers["Idempotency-Key"] = key
            if person is not None:
                headers["Authorization"] = f"Bearer {await self._token(person)}"
            started = time.monotonic()
            wait, reason, answer = 0.0, "", None
            try:
                answer = await self._http.request(method, path, headers, payload, timeout=15.0)
            except TransportError as error:
                reason = str(error.__cause__.__class__.__name__ if error.__cause__ else "transport")
            self.traffic.took(method, path, time.monotonic() - started)
            if answer is not None:
                if answer.status < 300:
                    return orjson.loads(answer.body) if answer.body else None
                problem = _problem(answer)
                if answer.status == 401 and person is not None and not renewed:
                    renewed, person.access_token = True, None
                    continue
                faults += answer.status == 500
                if not _may_pass(answer, problem, faults):
                    refusal = ApiRefusal(method, path, answer.status, problem)
                    self.traffic.refusals[f"{answer.status} {refusal.code}"] += 1
                    raise refusal
                reason = f"{answer.status} {problem.get('code', '')}".strip()
                wait = _retry_after(answer)
            if time.monotonic() > until:
                raise OutOfPatience(f"{method} {path}: still {reason} after {self._patience:.0f} s")
            self.traffic.retries[reason] += 1
            await asyncio.sleep(max(wait, pause * self._chance.uniform(0.5, 1.0)))
            pause = min(pause * 2, 2.0)

    async def _token(self, person: Person) -> str:
        async with person.lock:
            if person.access_token is None:
                granted = await self._call(
                    "POST", "/v1/tokens", None, {"email": person.login, "password": person.password}, None
                )
                person.access_token = str(granted["access_token"])
            return person.access_token


def _problem(answer: HttpAnswer) -> Mapping[str, Any]:
    try:
        found = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        found = None
    return found if isinstance(found, dict) else {"detail": answer.body[:200].decode("utf-8", "replace")}


def _may_pass(answer: HttpAnswer, problem: Mapping[str, Any], faults: int) -> bool:
    if answer.status in _PASSING:
        return True
    if answer.status == 409 and problem.get("code") == _STILL_RUNNING:
        return True
    return answer.status == 500 and faults < _MOST_FAULTS


def _retry_after(answer: HttpAnswer) -> float:
    try:
        return min(float(answer.headers.get("retry-after", "0")), 30.0)
    except ValueError:
        return 0.0
