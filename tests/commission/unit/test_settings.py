"""Settings are read once, and what is wrong with them is said in one message."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from environs import EnvValidationError

from services.commission.domain.payee import Cycle, Maturity
from services.commission.domain.payout import PayoutTerms
from services.commission.settings import settings_from_environment
from shared.kernel.clock import AcceleratedClock, SystemClock


def test_unless_set_otherwise_shops_are_settled_daily_after_the_after_sale_window() -> None:
    found = settings_from_environment(SystemClock())
    assert (found.rules.cycle, found.rules.maturity) == (Cycle.DAILY, Maturity.AFTER_SALE)
    assert found.rules.grace == timedelta(minutes=10)
    assert found.payouts == PayoutTerms()


def test_stragglers_take_wall_time_however_fast_the_clock_runs() -> None:
    fast = AcceleratedClock(datetime(2026, 1, 5, tzinfo=UTC), 0.0, 60.0)
    assert settings_from_environment(fast).rules.stragglers == timedelta(hours=2)
    assert settings_from_environment(SystemClock()).rules.stragglers == timedelta(minutes=2)


def test_everything_wrong_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINLI_COMMISSION_SETTLEMENT_CYCLE", "yearly")
    monkeypatch.setenv("LINLI_COMMISSION_PAYOUT_FEE", "-1")
    with pytest.raises(EnvValidationError) as refusal:
        settings_from_environment(SystemClock())
    assert "SETTLEMENT_CYCLE" in str(refusal.value)
    assert "PAYOUT_FEE" in str(refusal.value)
