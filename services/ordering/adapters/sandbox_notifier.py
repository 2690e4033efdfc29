"""Telling the outcome of sandbox payments: signed HTTP, at once where possible, again until it is heard."""

from __future__ import annotations

import http.client
import logging
import time
from collections.abc import Callable
from typing import Protocol
from urllib.parse import urlsplit

from services.ordering.adapters.sandbox_provider import Notification, SandboxProvider
from services.ordering.adapters.standard_webhooks import sign

log = logging.getLogger(__name__)

AT_ONCE = 32
_TIMEOUT_SECONDS = 10.0

Post = Callable[[Notification], None]


class Workers(Protocol):
    """What runs a post beside its caller; a :class:`eventlet.GreenPool` does."""

    def free(self) -> int: ...

    def spawn_n(self, post: Post, notification: Notification, /) -> object: ...


class OneByOne:
    """Runs each post in the foreground."""

    def free(self) -> int:
        return 1

    def spawn_n(self, post: Post, notification: Notification, /) -> None:
        post(notification)


class SandboxNotifier:
    """Posts notifications to ``url``: those that are due in the provider's books, and those it is handed."""

    def __init__(
        self, provider: SandboxProvider, url: str, key: bytes, workers: Workers | None = None
    ) -> None:
        self._provider = provider
        self._key = key
        self._workers = workers or OneByOne()
        self._http = _KeptConnections(url)
        self._heard: list[str] = []

    def tell_due(self) -> int:
        """Post what is due; answers how many posts were begun. What is not heard is posted again later."""
        heard, self._heard = self._heard, []
        try:
            due = self._provider.exchange(heard, AT_ONCE)
        except Exception:
            self._heard += heard
            raise
        for notification in due:
            self._workers.spawn_n(self._post, notification)
        return len(due)

    def tell(self, notification: Notification) -> None:
        """Post one that the books hold as claimed; where too many are under way, it is told a bit later."""
        if self._workers.free() > 0:
            self._workers.spawn_n(self._post, notification)
        else:
            self._provider.tell_again(notification)

    def close(self) -> None:
        self._http.close()

    def _post(self, notification: Notification) -> None:
        headers = sign(self._key, notification.notification_id, int(time.time()), notification.body)
        headers["content-type"] = "application/json"
        try:
            status = self._http.post(notification.body.encode(), headers)
            outcome = f"answered {status}"
            heard = 200 <= status < 300
        except (OSError, http.client.HTTPException) as error:
            outcome, heard = repr(error), False
        if heard:
            self._heard.append(notification.notification_id)
            return
        log.info(
            "notification %s, attempt %d: %s", notification.notification_id, notification.attempt, outcome
        )
        self._provider.tell_again(notification)


class _KeptConnections:
    """Connections to the place that ``url`` names, kept open between posts."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._path = parts.path + (f"?{parts.query}" if parts.query else "")
        self._connection = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        self._place = parts.netloc
        self._idle: list[http.client.HTTPConnection] = []

    def post(self, body: bytes, headers: dict[str, str]) -> int:
        """The status it was answered with; raises OSError or HTTPException where there was no answer."""
        if self._idle:
            try:
                return self._post(self._idle.pop(), body, headers)
            except ConnectionError:
                # It was closed at the other end while nobody used it; what is posted may be posted twice.
                pass
        return self._post(self._connection(self._place, timeout=_TIMEOUT_SECONDS), body, headers)

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def _post(self, connection: http.client.HTTPConnection, body: bytes, headers: dict[str, str]) -> int:
        try:
            connection.request("POST", self._path, body, headers)
            response = connection.getresponse()
            response.read()
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        return response.status
