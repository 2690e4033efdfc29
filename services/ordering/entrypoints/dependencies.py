"""What nameko hands to ordering beside what every service is handed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import eventlet
from eventlet.event import Event as Signal
from nameko.extensions import DependencyProvider

from services.ordering.adapters import standard_webhooks
from services.ordering.adapters.sandbox_notifier import AT_ONCE, SandboxNotifier
from services.ordering.adapters.sandbox_provider import Notification, SandboxProvider
from services.ordering.adapters.wechat_settings import wechat_from_environment
from services.ordering.application.ports import PaymentProvider
from services.ordering.domain.payment import CASH
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
    """The payment providers by the method that names them, and whether one may pay at the door."""

    by_method: Mapping[str, PaymentProvider]
    cash: bool = True


def _wechat() -> PaymentProvider:
    """WeChat Pay, whose library not every deployment has. Raises RuntimeError where it is missing."""
    settings = wechat_from_environment()
    try:
        from services.ordering.adapters.wechat_pay import wechat_pay
    except ModuleNotFoundError as error:
        if error.name != "wechatpayv3":
            raise
        raise RuntimeError(
            "LINLI_PAYMENT_METHODS names wechat, and its library is not installed: run `make setup-wechat`."
        ) from error
    return wechat_pay(settings)


class PaymentsProvider(DependencyProvider):
    """The payment providers that settings name; with the sandbox's books, the loop that tells from them."""

    def setup(self) -> None:
        settings = settings_from_environment(clock_from_environment())
        key = standard_webhooks.key_of(settings.webhook_secret)
        self.database = Database(database_url("ordering"), "ordering-sandbox", pool_size=4)
        sandbox = SandboxProvider(self.database, clock_from_environment(), self._wake, self._tell, key=key)
        self.notifier = SandboxNotifier(sandbox, settings.webhook_url, key, eventlet.GreenPool(AT_ONCE))
        made: dict[str, Callable[[], PaymentProvider]] = {
            "sandbox": lambda: sandbox,
            "wechat": _wechat,
        }
        self.providers = PaymentProviders(
            by_method={name: make() for name, make in made.items() if name in settings.methods},
            cash=CASH in settings.methods,
        )
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
