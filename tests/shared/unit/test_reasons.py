"""A reason that people wrote leaves a service as a code, or not at all."""

from __future__ import annotations

import pytest

from shared.kernel.reasons import reason_code

KNOWN = ("sold-out", "changed-my-mind", "delivery-failed", "delivery")


@pytest.mark.parametrize(
    ("stated", "code"),
    [
        ("sold-out", "sold-out"),
        ("Sold out", "sold-out"),
        ("sold_out on the shelf, call 13800138000", "sold-out"),
        ("delivery-failed: customer-absent", "delivery-failed"),
        ("soldout", "other"),
        ("王小明不在家", "other"),
        ("ask wang@example.com", "other"),
        ("", "other"),
    ],
)
def test_only_the_code_is_told(stated: str, code: str) -> None:
    assert reason_code(stated, KNOWN) == code
