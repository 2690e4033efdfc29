"""What nameko hands to ordering beside what every service is handed."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import eventlet
from eventlet.event import Event as Signal
from nameko.extensions import DependencyProvider

from services.ordering.adapters import standard_webhooks
from services.ordering.adapters.sandbox_notifier import AT_ONCE, SandboxNotifier
from services.ordering.adapters.sandbox_provider import Notification, SandboxProvider
from services.ordering.application.ports import PaymentProvider
from services.ordering.settings import Settings, settings_from_environment
from shared.kernel.clock import clock_from_environment
from shared.messaging.dependencies import database_url
from shared.persistence import Database

log = logging.getLogger(__name__)

# Wall seconds between polls: short after work, longer the longer there was none.
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0


class SettingsProvider(DependencyProvider):
    """Ordering's settings, read and checked once when the service starts."""

    def setup(self) -> None:
        self.settings = settings_from_environment(clock_from_environment())

    def get_dependency(self, worker_ctx: Any) -> Settings:  # noqa: ARG002
        return self.settings


@dataclass(frozen=True, kw_only=True)
class PaymentProviders:
    """The payment providers by the method that names them, and the key that signs their notifications."""

    by_method: Mapping[str, PaymentProvider]
    webhook_key: bytes


class PaymentsProvider(DependencyProvider):
    """The sandbox provider with its books, and the loop that tells its notifications."""

    def setup(self) -> None:
        settings = settings_from_environment(clock_from_environment())
        key = standard_webhooks.key_of(settings.webhook_secret)
        self.database = Database(database_url("ordering"), "ordering-sandbox", pool_size=4)
        sandbox = SandboxProvider(self.database, clock_from_environment(), self._wake, self._tell)
        self.notifier = SandboxNotifier(sandbox, settings.webhook_url, key, eventlet.GreenPool(AT_ONCE))
        self.providers = PaymentProviders(by_method={"sandbox": sandbox}, webhook_key=key)
        self._woken = False
        self._signal = Signal()
        self._stopping = False

    def start(self) -> None:
        self.container.spawn_managed_thread(self._tell_for_ever, identifier="sandbox notifications")

    def stop(self) -> None:
        self._stopping = True
        self._wake()

    def kill(self) -> None:
        self._stopping = True

    def get_dependency(self, worker_ctx: Any) -> PaymentProviders:  # noqa: ARG002
        return self.providers

    def _tell(self, notification: Notification) -> None:
        self.notifier.tell(notification)

    def _wake(self) -> None:
        self._woken = True
        if not self._signal.ready():
            self._signal.send()

    def _tell_for_ever(self) -> None:
        pause = _SHORTEST_PAUSE
        while not self._stopping:
            if self._woken:
                pause = _SHORTEST_PAUSE
            self._woken, self._signal = False, Signal()
            try:
                told = self.notifier.tell_due()
            except Exception:
                log.exception("sandbox notifications could not be read")
                told = 0
            pause = _SHORTEST_PAUSE if told else min(2 * pause, _LONGEST_PAUSE)
            if not self._woken:
                with eventlet.Timeout(pause, False):
                    self._signal.wait()
        self.notifier.close()
        self.database.close()
