"""Ordering's after-sale cases and their pictures, in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from services.ordering.contracts.case_messages import to_message
from services.ordering.contracts.published import Message
from services.ordering.domain.case import Case
from services.ordering.domain.photo import Photo
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
        if case.recorded and self._publish is None:
            raise RuntimeError("events are published in a transaction only")
        self._connection.put("after_sale_case", case.case_id, replace(case, recorded=[]))
        for event in case.recorded:
            if self._publish is not None:
                self._publish(to_message(event))
        case.recorded.clear()

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
