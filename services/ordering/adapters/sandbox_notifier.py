"""Telling the outcome of sandbox payments: signed HTTP, at once where possible, again until it is heard."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import urllib3

from services.ordering.adapters.sandbox_provider import Notification, SandboxProvider
from services.ordering.adapters.standard_webhooks import sign

log = logging.getLogger(__name__)

AT_ONCE = 32
_TIMEOUT = urllib3.Timeout(connect=2.0, read=10.0)

Post = Callable[[Notification], None]


def _one_by_one(post: Post, notification: Notification) -> None:
    post(notification)


class SandboxNotifier:
    """Posts due notifications to ``url``. ``spawn`` may run a post in the background."""

    def __init__(
        self,
        provider: SandboxProvider,
        url: str,
        key: bytes,
        spawn: Callable[[Post, Notification], object] = _one_by_one,
    ) -> None:
        self._provider = provider
        self._url = url
        self._key = key
        self._spawn = spawn
        self._http = urllib3.PoolManager(maxsize=AT_ONCE, retries=False, timeout=_TIMEOUT)
        self._heard: list[str] = []

    @property
    def has_news(self) -> bool:
        """True when something was heard that the provider's books do not know yet."""
        return bool(self._heard)

    def tell_due(self) -> int:
        """Post what is due; answers how many posts were begun. What is not heard is posted again later."""
        heard, self._heard = self._heard, []
        try:
            due = self._provider.exchange(heard, AT_ONCE)
        except Exception:
            self._heard += heard
            raise
        for notification in due:
            self._spawn(self._post, notification)
        return len(due)

    def close(self) -> None:
        self._http.clear()

    def _post(self, notification: Notification) -> None:
        headers = sign(self._key, notification.notification_id, int(time.time()), notification.body)
        try:
            response = self._http.request(
                "POST",
                self._url,
                body=notification.body.encode(),
                headers={"content-type": "application/json"} | headers,
            )
            outcome = f"answered {response.status}"
            heard = 200 <= response.status < 300
        except urllib3.exceptions.HTTPError as error:
            outcome, heard = repr(error), False
        if heard:
            self._heard.append(notification.notification_id)
            return
        log.info(
            "notification %s, attempt %d: %s", notification.notification_id, notification.attempt, outcome
        )
        self._provider.tell_again(notification)
