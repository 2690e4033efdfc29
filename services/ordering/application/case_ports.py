"""What after-sale cases need of the world outside."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from services.ordering.domain.case import Case
from services.ordering.domain.photo import Photo
from shared.kernel.picture import Picture


class Cases(Protocol):
    """A case is changed only while its order is locked."""

    def add(self, case: Case) -> None:
        """Keep a new case and publish its events."""

    def find(self, case_id: str) -> Case | None:
        """The case as it is now."""

    def of_order(self, order_id: str) -> Sequence[Case]:
        """All cases of the order, also closed ones, the oldest first."""

    def save(self, case: Case) -> None:
        """Write what has changed and publish its events."""

    def due(self, now: datetime, limit: int) -> Sequence[str]:
        """Cases whose deadline has passed, the longest overdue first."""


class Photos(Protocol):
    """Pictures of cases and reviews, by what they belong to."""

    def keep(
        self, owner_id: str, photo_id: str, customer_id: str, picture: Picture, taken_at: datetime
    ) -> None:
        """Keep it; what is kept under this id already stays."""

    def of(self, owner_id: str, photo_id: str) -> Photo | None: ...

    def forget_of(self, customer_id: str) -> int:
        """Forget all of a customer's; answers how many there were."""

    def forget_before(self, before: datetime) -> None:
        """Forget what was taken in ``before``."""
