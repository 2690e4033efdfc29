"""The archive of a platform as a source: `GET /v1/events`, page by page, waiting at the end."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from linli_events.errors import (
    EventsError,
    NoSuchStream,
    NotPermitted,
    NotReachable,
    WrongAddress,
    refuse_a_gap,
)
from linli_events.event import Event
from linli_events.source import Item

_PAGE = 500
_WAIT_SECONDS = 20
_PAUSE_SECONDS = 0.1
_ANSWER_SECONDS = 30.0

Token = str | Callable[[], str] | None


@dataclass(frozen=True, kw_only=True)
class Page:
    """What the platform answers to one question."""

    items: list[tuple[int, bytes]]
    next_offset: int
    first_offset: int | None
    last_offset: int | None


class HttpSource:
    """The archive of the platform at ``url``."""

    repeats = False
    dense = False

    def __init__(self, url: str, token: Token) -> None:
        parts = urlsplit(url)
        try:
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise WrongAddress(f"This is no address of a platform: {error}.") from error
        if not host:
            raise WrongAddress("This is no address of a platform: it names no host.")
        if token is None and not (parts.username and parts.password):
            raise WrongAddress(
                "The platform wants to know who asks: give a token, or put e-mail address and password into "
                "the address: http://ana%40example.org:password@host:8000."
            )
        self._secure = parts.scheme == "https"
        self._host, self._port, self._path = host, port, parts.path.rstrip("/")
        self._login = (unquote(parts.username or ""), unquote(parts.password or ""))
        self._token = token
        self._signed_in: str | None = None

    def bounds(self) -> tuple[int, int] | None:
        page = self._once({"offset": 0, "limit": 1})
        if page.first_offset is None or page.last_offset is None or page.last_offset < page.first_offset:
            return None
        return page.first_offset, page.last_offset

    def event_at(self, offset: int) -> Event[Any] | None:
        page = self._once({"offset": offset, "limit": 1})
        return Event.from_json(*page.items[0]) if page.items else None

    def feed(self, offset: int, *, types: Collection[str], subjects: Collection[str]) -> HttpFeed:
        filters = {"types": ",".join(sorted(types)), "subjects": ",".join(sorted(subjects))}
        return HttpFeed(self, offset, {name: value for name, value in filters.items() if value})

    def connection(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self._secure else http.client.HTTPConnection
        return kind(self._host, self._port, timeout=_ANSWER_SECONDS + _WAIT_SECONDS)

    def page(self, connection: http.client.HTTPConnection, query: Mapping[str, object]) -> Page:
        """Ask for a page; an access token that has run out is replaced once."""
        status, answer = self._ask(connection, "GET", f"/v1/events?{urlencode(query)}", token=self._access())
        if status == 401 and (self._token is None or callable(self._token)):
            self._signed_in = None
            status, answer = self._ask(
                connection, "GET", f"/v1/events?{urlencode(query)}", token=self._access()
            )
        if status != 200:
            raise self._refusal(status, answer)
        try:
            return Page(
                items=[(int(item["offset"]), _bytes(item["event"])) for item in answer["items"]],
                next_offset=int(answer["next_offset"]),
                first_offset=answer["first_offset"],
                last_offset=answer["last_offset"],
            )
        except (KeyError, TypeError, ValueError) as error:
            raise NoSuchStream(f"What {self._where} answers is no page of events: {error!r}.") from error

    @property
    def _where(self) -> str:
        return f"{self._host}:{self._port}" if self._port else self._host

    def _once(self, query: Mapping[str, object]) -> Page:
        with contextlib.closing(self.connection()) as connection:
            return self.page(connection, query)

    def _access(self) -> str:
        if isinstance(self._token, str):
            return self._token
        if callable(self._token):
            return self._token()
        if self._signed_in is None:
            login = {"email": self._login[0], "password": self._login[1]}
            with contextlib.closing(self.connection()) as connection:
                status, answer = self._ask(connection, "POST", "/v1/tokens", body=login)
            if status in {400, 401, 403, 422}:
                who = self._login[0]
                raise NotPermitted(
                    f"The platform at {self._where} does not let {who!r} in: wrong name or password."
                )
            if status not in {200, 201} or not isinstance(answer, dict) or "access_token" not in answer:
                raise self._refusal(status, answer)
            self._signed_in = str(answer["access_token"])
        return self._signed_in

    def _ask(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        path: str,
        *,
        token: str | None = None,
        body: object = None,
    ) -> tuple[int, Any]:
        headers = {"Accept": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        text = None
        if body is not None:
            text = json.dumps(body)
            headers["Content-Type"] = "application/json"
        try:
            connection.request(method, self._path + path, body=text, headers=headers)
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            reason = str(error) or type(error).__name__
            raise NotReachable(f"The platform at {self._where} is not reachable: {reason}.") from error
        try:
            return response.status, json.loads(content)
        except ValueError:
            return response.status, None

    def _refusal(self, status: int, answer: Any) -> EventsError:
        detail = ""
        if isinstance(answer, dict):
            detail = str(answer.get("detail") or answer.get("title") or "")
        said = f": {detail}" if detail else "."
        if status == 401:
            return NotPermitted(f"The platform at {self._where} does not accept the token{said}")
        if status == 403:
            return NotPermitted(f"This account may not read events at {self._where}{said}")
        if status in {400, 422}:
            return WrongAddress(f"The platform at {self._where} does not understand the question{said}")
        if 400 <= status < 500 and status not in {408, 429}:
            return NoSuchStream(f"There is no archive of events at {self._where}{said}")
        return NotReachable(f"The platform at {self._where} answers {status}{said}")


class HttpFeed:
    """Pages from an offset on; asked for one after the other, so a slow handler only asks later."""

    def __init__(self, source: HttpSource, offset: int, filters: Mapping[str, str]) -> None:
        self._source = source
        self._offset = offset
        self._filters = filters
        self._connection = source.connection()
        self._closed = threading.Event()

    def __iter__(self) -> Iterator[Item]:
        wait = 0
        while not self._closed.is_set():
            asked = self._offset
            query = {"offset": asked, "limit": _PAGE, "wait_seconds": wait, **self._filters}
            try:
                page = self._source.page(self._connection, query)
            except EventsError:
                if self._closed.is_set():
                    return
                raise
            refuse_a_gap(asked, page.first_offset or 0)
            yield from page.items
            if page.next_offset > asked:
                # Nothing that is asked for lies between the last item and the next page.
                self._offset = page.next_offset
                yield page.next_offset - 1, None
            elif wait:
                # A platform that does not wait is not asked without end.
                self._closed.wait(_PAUSE_SECONDS)
            at_the_end = page.last_offset is None or page.next_offset > page.last_offset
            wait = _WAIT_SECONDS if at_the_end else 0

    def close(self) -> None:
        self._closed.set()
        socket = self._connection.sock
        if socket is not None:
            with contextlib.suppress(OSError):
                socket.shutdown(2)
        self._connection.close()


def _bytes(event: object) -> bytes:
    if not isinstance(event, dict):
        raise TypeError("an event is an object")
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
