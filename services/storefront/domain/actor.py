"""Who asks, as the gateway established it."""

from __future__ import annotations

from dataclasses import dataclass

MERCHANT = "merchant"
OPERATOR = "operator"


@dataclass(frozen=True, kw_only=True)
class Actor:
    account_id: str
    role: str

    @property
    def is_operator(self) -> bool:
        return self.role == OPERATOR
