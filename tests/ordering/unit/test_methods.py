"""Which ways to pay there are is configured; what cannot work stops the start with a sentence."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from environs import EnvValidationError

from services.ordering.entrypoints import dependencies
from services.ordering.settings import settings_from_environment
from shared.kernel.clock import SystemClock
from tests.ordering import wechat


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "private.pem").write_text(wechat.private_pem(wechat.MERCHANT_KEY))
    (tmp_path / "public.pem").write_text(wechat.public_pem(wechat.PLATFORM_KEY))
    (tmp_path / "api-v3-key").write_text(wechat.API_V3_KEY)
    for name, value in {
        "LINLI_PAYMENT_WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "LINLI_PAYMENT_WEBHOOK_URL": "http://127.0.0.1:8000/v1/payment-notifications/sandbox",
        "LINLI_WECHAT_MERCHANT_ID": wechat.MERCHANT,
        "LINLI_WECHAT_APP_ID": wechat.APP,
        "LINLI_WECHAT_CERTIFICATE_SERIAL": wechat.SERIAL,
        "LINLI_WECHAT_NOTIFY_URL": "https://shop.example/v1/payment-notifications/wechat",
        "LINLI_WECHAT_PRIVATE_KEY_FILE": str(tmp_path / "private.pem"),
        "LINLI_WECHAT_API_V3_KEY_FILE": str(tmp_path / "api-v3-key"),
        "LINLI_WECHAT_PUBLIC_KEY_FILE": str(tmp_path / "public.pem"),
        "LINLI_WECHAT_PUBLIC_KEY_ID": wechat.PUBLIC_KEY_ID,
    }.items():
        monkeypatch.setenv(name, value)


def test_the_sandbox_and_cash_are_offered_unless_configured_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = settings_from_environment(SystemClock())
    assert (settings.methods, settings.rules.cash_maximum) == (("sandbox", "cash"), 20_000)
    monkeypatch.setenv("LINLI_PAYMENT_METHODS", "wechat,cash,wechat")
    monkeypatch.setenv("LINLI_ORDERING_CASH_MAXIMUM", "5000")
    settings = settings_from_environment(SystemClock())
    assert (settings.methods, settings.rules.cash_maximum) == (("wechat", "cash"), 5000)


@pytest.mark.parametrize("methods", ["sandbox,paypal", ""])
def test_a_method_that_is_not_known_is_named(monkeypatch: pytest.MonkeyPatch, methods: str) -> None:
    monkeypatch.setenv("LINLI_PAYMENT_METHODS", methods)
    with pytest.raises(EnvValidationError, match="PAYMENT_METHODS"):
        settings_from_environment(SystemClock())


def test_wechat_pay_is_made_of_its_settings() -> None:
    assert dependencies._wechat().refund_takes.days == 3


def test_a_library_that_is_missing_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wechatpayv3", None)
    monkeypatch.delitem(sys.modules, "services.ordering.adapters.wechat_pay", raising=False)
    with pytest.raises(RuntimeError, match="make setup-wechat"):
        dependencies._wechat()
