"""What the use cases need from outside; bound to one open transaction."""

from __future__ import annotations

from typing import Protocol

from services.crm.domain.facts import Fact
from services.crm.domain.profile import Moment, ShopSummary, Tally
from services.crm.domain.queries import AfterMoment, AfterTally


class Ledger(Protocol):
    """Where facts are written, each once, and the tallies with them."""

    def record(self, fact: Fact) -> None:
        """Write ``fact`` before the transaction commits; if it was written before, nothing changes."""


class Profiles(Protocol):
    """The read side. Customers who bought nothing are not in it."""

    def owner_of(self, shop_id: str) -> str | None: ...

    def tallies(self, shop_id: str, customer_id: str) -> list[Tally]:
        """One per currency, the one with most orders first."""

    def endings(self, shop_id: str, customer_id: str) -> tuple[int, int]:
        """How many of the customer's orders with the shop were delivered, and cancelled."""

    def timeline(
        self, shop_id: str, customer_id: str, limit: int, after: AfterMoment | None
    ) -> list[Moment]: ...

    def customers(self, shop_id: str, prefix: str, limit: int, after: AfterTally | None) -> list[Tally]: ...

    def summary(self, shop_id: str) -> ShopSummary: ...
