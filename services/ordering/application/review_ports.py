"""What reviews need of the world outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from services.ordering.domain.review import Review


class Reviews(Protocol):
    def lock(self, review_id: str) -> Review | None:
        """The review, which nobody else changes until the transaction ends."""

    def find(self, review_id: str) -> Review | None: ...

    def of_order(self, order_id: str) -> Sequence[Review]: ...

    def save(self, review: Review) -> None:
        """Keep it, new or changed, and publish its events."""
