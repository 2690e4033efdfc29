"""WeChat Pay's bill of a day, and the settings that a merchant gives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from environs import EnvValidationError

from services.ordering.adapters.wechat_bill import rows_of
from services.ordering.adapters.wechat_pay import WeChatPayProvider, trade_no, wechat_pay
from services.ordering.adapters.wechat_settings import wechat_from_environment
from shared.kernel.errors import InvalidInput
from tests.ordering import builders as b
from tests.ordering import wechat


@pytest.fixture
def served() -> Iterator[tuple[WeChatPayProvider, wechat.Books]]:
    with wechat.serving() as (address, books):
        yield wechat_pay(wechat.settings(address)), books


# -- the bill ----------------------------------------------------------------------------------------

BILL = (Path(__file__).parents[1] / "wechat_bill.csv").read_text(encoding="utf-8")


def test_a_bill_gives_charges_refunds_and_fees() -> None:
    rows = [(row.kind, row.provider_id, row.reference_id, row.amount, row.at) for row in rows_of(BILL)]
    first = datetime(2026, 1, 5, 2, 34, 50, tzinfo=UTC)
    later = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)
    assert rows == [
        ("charge", "4200000000202601050000000001", b.PAYMENT, 8500, first),
        ("fee", "4200000000202601050000000001", b.PAYMENT, 51, first),
        ("refund", "50200207182026010500000000001", b.REFUND, 1800, later),
        ("fee", "50200207182026010500000000001", b.REFUND, -11, later),
        ("charge", "4200000000202601050000000002", "payment, with a comma", 1, later),
    ]
    assert {row.currency for row in rows_of(BILL)} == {"CNY"}


@pytest.mark.parametrize(
    "spoilt", ["", "交易时间,商户号\n", BILL.split("总交易单数")[0], BILL.replace(",`0.6%", "", 1)]
)
def test_what_is_no_whole_bill_is_refused(spoilt: str) -> None:
    with pytest.raises(InvalidInput):
        list(rows_of(spoilt))


def test_a_day_of_utc_is_read_out_of_two_bills(served: tuple[WeChatPayProvider, wechat.Books]) -> None:
    provider, books = served
    books.bills = {"2026-01-05": BILL}
    assert len(provider.statement(date(2026, 1, 5))) == 5
    assert provider.statement(date(2026, 1, 4)) == []
    assert {path.partition("&")[0] for _, path, _ in books.asked if "tradebill" in path} == {
        f"/v3/bill/tradebill?bill_date=2026-01-0{day}" for day in (4, 5, 6)
    }


# -- settings ----------------------------------------------------------------------------------------


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, content in {
        "private.pem": wechat.private_pem(wechat.MERCHANT_KEY),
        "public.pem": wechat.public_pem(wechat.PLATFORM_KEY),
        "api-v3-key": wechat.API_V3_KEY + "\n",
    }.items():
        (tmp_path / name).write_text(content)
    for name, value in {
        "MERCHANT_ID": wechat.MERCHANT,
        "APP_ID": wechat.APP,
        "CERTIFICATE_SERIAL": wechat.SERIAL,
        "NOTIFY_URL": "https://shop.example/v1/payment-notifications/wechat",
        "PRIVATE_KEY_FILE": str(tmp_path / "private.pem"),
        "API_V3_KEY_FILE": str(tmp_path / "api-v3-key"),
        "PUBLIC_KEY_FILE": str(tmp_path / "public.pem"),
        "PUBLIC_KEY_ID": wechat.PUBLIC_KEY_ID,
    }.items():
        monkeypatch.setenv(f"LINLI_WECHAT_{name}", value)
    return tmp_path


def test_settings_come_from_the_environment_and_from_files(environment: Path) -> None:
    found = wechat_from_environment()
    assert (found.merchant_id, found.api_v3_key) == (wechat.MERCHANT, wechat.API_V3_KEY)
    for secret in (found.private_key, found.api_v3_key):
        assert secret not in repr(found)
    body = wechat.notification(
        "TRANSACTION.SUCCESS", wechat.transaction(b.PAYMENT, trade_no(b.PAYMENT), 8500)
    )
    assert len(wechat_pay(found).notices(wechat.signed(body), body)) == 1


def test_what_is_wrong_with_the_settings_is_said_at_once(
    environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (environment / "api-v3-key").write_text("short")
    (environment / "private.pem").write_text("no key")
    monkeypatch.setenv("LINLI_WECHAT_MERCHANT_ID", "me")
    monkeypatch.setenv("LINLI_WECHAT_PUBLIC_KEY_FILE", str(environment / "nowhere"))
    with pytest.raises(EnvValidationError) as caught:
        wechat_from_environment()
    for name in ("API_V3_KEY_FILE", "PRIVATE_KEY_FILE", "MERCHANT_ID", "PUBLIC_KEY_FILE"):
        assert f"LINLI_WECHAT_{name}" in json.dumps(caught.value.error_messages)


def test_a_public_key_comes_with_its_id(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LINLI_WECHAT_PUBLIC_KEY_ID")
    with pytest.raises(ValueError, match="together"):
        wechat_from_environment()
    monkeypatch.delenv("LINLI_WECHAT_PUBLIC_KEY_FILE")
    with pytest.raises(ValueError, match="CERTIFICATES_DIR"):
        wechat_from_environment()
