"""Settings are checked together and say what is wrong."""

from __future__ import annotations

from datetime import timedelta

import pytest
from environs import EnvValidationError

from services.ordering.settings import settings_from_environment
from shared.kernel.clock import AcceleratedClock, SystemClock
from tests.ordering.builders import NOON


def test_settings_have_defaults_that_fit_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINLI_PAYMENT_WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    monkeypatch.setenv("LINLI_PAYMENT_WEBHOOK_URL", "http://127.0.0.1:8000/v1/payment-notifications/sandbox")
    rules = settings_from_environment(SystemClock()).rules
    assert rules.payment_window == timedelta(minutes=15)
    assert rules.hold_grace > rules.quote_validity


def test_everything_that_is_wrong_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINLI_PAYMENT_WEBHOOK_SECRET", "secret")
    monkeypatch.setenv("LINLI_PAYMENT_WEBHOOK_URL", "not a url")
    monkeypatch.setenv("LINLI_ORDERING_QUOTE_VALIDITY_SECONDS", "0")
    with pytest.raises(EnvValidationError) as caught:
        settings_from_environment(SystemClock())
    message = str(caught.value)
    for name in ("PAYMENT_WEBHOOK_SECRET", "PAYMENT_WEBHOOK_URL", "QUOTE_VALIDITY_SECONDS"):
        assert name in message


def test_deadlines_leave_time_for_messages_on_a_fast_clock(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LINLI_PAYMENT_WEBHOOK_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    monkeypatch.setenv("LINLI_PAYMENT_WEBHOOK_URL", "http://127.0.0.1:8000/v1/payment-notifications/sandbox")
    clock = AcceleratedClock(NOON, 0.0, 1000.0)
    rules = settings_from_environment(clock).rules
    for span in (rules.quote_validity, rules.payment_window):
        assert clock.wall_seconds(span) == 15
    assert clock.wall_seconds(rules.hold_grace) == 30
