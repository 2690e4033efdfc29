"""What the gateway publishes is what its sample promises."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from services.gateway.contracts import published
from services.gateway.domain.accounts import Account, Role
from shared.messaging.envelope import Event

SAMPLE = Path(published.__file__).parent / "samples" / "account_registered.v1.json"


def test_account_registered_is_its_sample_and_names_nobody() -> None:
    event = Event.from_json(SAMPLE.read_bytes())
    account = Account(
        account_id=event.subject,
        role=Role.COURIER,
        name="Lan",
        email="lan@example.org",
        phone="+8657155550100",
        password_hash="secret",
        registered_at=datetime(2026, 1, 5, 6, tzinfo=UTC),
    )
    data = published.account_registered(account)
    assert data == event.data
    assert published.AccountRegistered().validate(data) == {}
    assert (event.source, event.type, event.version) == ("gateway", "AccountRegistered", 1)
