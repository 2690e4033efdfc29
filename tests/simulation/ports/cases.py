"""Ordering's after-sale cases, pictures, reviews and shopping lists, in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from services.ordering.contracts import case_messages, review_messages, shopping_messages
from services.ordering.contracts.message import Message
from services.ordering.domain.case import Case
from services.ordering.domain.photo import Photo
from services.ordering.domain.review import Review, ReviewKind
from services.ordering.domain.shopping_list import ShoppingList
from shared.kernel.picture import Picture
from tests.simulation.database import MemoryConnection


class MemoryCases:
    """:class:`services.ordering.application.case_ports.Cases`."""

    def __init__(self, connection: MemoryConnection, publish: Callable[[Message], None] | None) -> None:
        self._connection = connection
        self._publish = publish

    def add(self, case: Case) -> None:
        if case.case_id in self._connection.rows("after_sale_case"):
            raise ValueError(f"case {case.case_id} is there already")
        self.save(case)

    def find(self, case_id: str) -> Case | None:
        kept = self._connection.rows("after_sale_case").get(case_id)
        return None if kept is None else replace(kept, recorded=[])

    def of_order(self, order_id: str) -> Sequence[Case]:
        rows = self._connection.rows("after_sale_case").values()
        found = [replace(case, recorded=[]) for case in rows if case.order_id == order_id]
        return sorted(found, key=lambda case: (case.opened_at, case.case_id))

    def save(self, case: Case) -> None:
        self._connection.put("after_sale_case", case.case_id, replace(case, recorded=[]))
        _tell(case.recorded, case_messages.to_message, self._publish)

    def due(self, now: datetime, limit: int) -> Sequence[str]:
        rows = self._connection.rows("after_sale_case").values()
        due = [(case.due_at, case.case_id) for case in rows if case.due_at and case.due_at <= now]
        return [case_id for _, case_id in sorted(due)[:limit]]


class MemoryPhotos:
    """:class:`services.ordering.application.case_ports.Photos`."""

    def __init__(self, connection: MemoryConnection) -> None:
        self._connection = connection

    def keep(
        self, owner_id: str, photo_id: str, customer_id: str, picture: Picture, taken_at: datetime
    ) -> None:
        if self._kept(owner_id, photo_id) is None:
            kept = (owner_id, photo_id, customer_id, Photo(picture=picture, taken_at=taken_at))
            self._connection.put("after_sale_photo", f"{owner_id}/{photo_id}", kept)

    def of(self, owner_id: str, photo_id: str) -> Photo | None:
        return self._kept(owner_id, photo_id)

    def forget_of(self, customer_id: str) -> int:
        rows = self._connection.rows("after_sale_photo")
        gone = [key for key, (_, _, of, _) in rows.items() if of == customer_id]
        for key in gone:
            self._connection.drop("after_sale_photo", key)
        return len(gone)

    def forget_before(self, before: datetime) -> None:
        rows = self._connection.rows("after_sale_photo")
        for key in [key for key, (_, _, _, photo) in rows.items() if photo.taken_at < before]:
            self._connection.drop("after_sale_photo", key)

    def _kept(self, owner_id: str, photo_id: str) -> Photo | None:
        row = self._connection.rows("after_sale_photo").get(f"{owner_id}/{photo_id}")
        return None if row is None else row[3]


class MemoryReviews:
    """:class:`services.ordering.application.review_ports.Reviews`."""

    def __init__(self, connection: MemoryConnection, publish: Callable[[Message], None] | None) -> None:
        self._connection = connection
        self._publish = publish

    def lock(self, review_id: str) -> Review | None:
        return self.find(review_id)

    def find(self, review_id: str) -> Review | None:
        kept = self._connection.rows("review").get(review_id)
        return None if kept is None else replace(kept, recorded=[])

    def of_order(self, order_id: str) -> Sequence[Review]:
        rows = self._connection.rows("review").values()
        found = [replace(review, recorded=[]) for review in rows if review.order_id == order_id]
        return sorted(found, key=lambda review: (review.kind is not ReviewKind.SHOP, review.review_id))

    def save(self, review: Review) -> None:
        self._connection.put("review", review.review_id, replace(review, recorded=[]))
        _tell(review.recorded, review_messages.to_message, self._publish)


class MemoryShoppingLists:
    """:class:`services.ordering.application.shopping_ports.ShoppingLists`."""

    def __init__(self, connection: MemoryConnection, publish: Callable[[Message], None] | None) -> None:
        self._connection = connection
        self._publish = publish

    def lock(self, list_id: str) -> ShoppingList | None:
        return self.find(list_id)

    def find(self, list_id: str) -> ShoppingList | None:
        kept = self._connection.rows("shopping_list").get(list_id)
        return None if kept is None else replace(kept, recorded=[])

    def of_customer(self, customer_id: str) -> Sequence[ShoppingList]:
        rows = self._connection.rows("shopping_list").values()
        found = [replace(each, recorded=[]) for each in rows if each.customer_id == customer_id]
        return sorted(found, key=lambda each: (each.created_at, each.list_id))

    def save(self, wanted: ShoppingList) -> None:
        self._connection.put("shopping_list", wanted.list_id, replace(wanted, recorded=[]))
        _tell(wanted.recorded, shopping_messages.to_message, self._publish)

    def delete(self, list_id: str) -> None:
        self._connection.drop("shopping_list", list_id)

    def due(self, now: datetime, limit: int) -> Sequence[str]:
        rows = self._connection.rows("shopping_list").values()
        due = [(each.next_at, each.list_id) for each in rows if each.next_at and each.next_at <= now]
        return [list_id for _, list_id in sorted(due)[:limit]]


def _tell(
    recorded: list[Any], to_message: Callable[[Any], Message], publish: Callable[[Message], None] | None
) -> None:
    if recorded and publish is None:
        raise RuntimeError("events are published in a transaction only")
    for event in recorded:
        if publish is not None:
            publish(to_message(event))
    recorded.clear()
