"""Requests and cursors: what is read, and what is refused."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.crm.contracts import cursors, requests
from services.crm.domain.profile import Happening, Moment
from shared.kernel.errors import InvalidInput
from tests.crm.builders import FRUIT, LAN, MERCHANT, NOON


def _foreign(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "###",
        _foreign("x", "y", "z"),
        _foreign("2026-01-01T00:00:00Z", 1, 2),
        _foreign("2026-01-01T00:00:00Z"),
        _foreign("0001-01-01T00:00:00+23:00", "a", "b"),
        _foreign("2026-01-01T00:00:00Z", "\ud800", "CNY"),
    ],
)
def test_a_cursor_that_was_not_given_out_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        requests.customers({"actor": MERCHANT, "shop_id": FRUIT, "cursor": cursor})
    assert refusal.value.errors[0]["field"] == "cursor"


@pytest.mark.parametrize(
    "broken",
    [
        {"limit": 0},
        {"limit": 201},
        {"limit": "all"},
        {"q": "\x00"},
        {"shop_id": ""},
        {"surprise": 1},
        {"actor": None},
    ],
)
def test_a_request_that_cannot_be_read_is_refused(broken: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as refusal:
        requests.customers({"actor": MERCHANT, "shop_id": FRUIT} | broken)
    assert refusal.value.errors


@given(kind=st.sampled_from(list(Happening)), microseconds=st.integers(0, 999_999))
def test_a_cursor_names_the_moment_it_was_made_of(kind: Happening, microseconds: int) -> None:
    at = NOON.replace(microsecond=microseconds)
    last = Moment(kind=kind, at=at, order_id="o", store_order_id="s", refund_id=None, amount=None)
    asked = requests.profile(
        {"actor": MERCHANT, "shop_id": FRUIT, "customer_id": LAN, "cursor": cursors.of_moment(last)}
    )
    assert asked.after is not None
    assert (asked.after.at, asked.after.key) == (at, last.key)
