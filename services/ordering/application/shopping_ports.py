"""What shopping lists and reordering need of the world outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from services.ordering.domain.buying_again import OnSale
from services.ordering.domain.shopping_list import ShoppingList


class ShoppingLists(Protocol):
    def lock(self, list_id: str) -> ShoppingList | None:
        """The list, which nobody else changes until the transaction ends."""

    def find(self, list_id: str) -> ShoppingList | None: ...

    def of_customer(self, customer_id: str) -> Sequence[ShoppingList]:
        """All lists of a customer, the oldest first."""

    def save(self, wanted: ShoppingList) -> None:
        """Keep it, new or changed, and publish its events."""

    def delete(self, list_id: str) -> None: ...

    def due(self, now: datetime, limit: int) -> Sequence[str]:
        """Lists whose time to remind has come, the longest overdue first."""


class Shelf(Protocol):
    def on_sale(self, listing_ids: Sequence[str]) -> Mapping[str, OnSale]:
        """Those of the listings that are sold now. Raises Unavailable when the storefront does not say."""
