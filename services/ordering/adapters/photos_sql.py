"""Pictures of cases and reviews, in PostgreSQL."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from services.ordering.domain.photo import Photo
from shared.kernel.picture import MediaType, Picture

_KEEP = """
INSERT INTO after_sale_photo (owner_id, photo_id, customer_id, media_type, width, height, taken_at, content)
VALUES (%(owner_id)s, %(photo_id)s, %(customer_id)s, %(media_type)s, %(width)s, %(height)s, %(taken_at)s,
        %(content)s)
ON CONFLICT (owner_id, photo_id) DO NOTHING
"""
_OF = "SELECT * FROM after_sale_photo WHERE owner_id = %(owner_id)s AND photo_id = %(photo_id)s"
_FORGET_OF = "DELETE FROM after_sale_photo WHERE customer_id = %(customer_id)s"
_FORGET_BEFORE = "DELETE FROM after_sale_photo WHERE taken_at < %(before)s"


class PhotosSql:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep(
        self, owner_id: str, photo_id: str, customer_id: str, picture: Picture, taken_at: datetime
    ) -> None:
        self._connection.exec_driver_sql(
            _KEEP,
            {
                "owner_id": owner_id,
                "photo_id": photo_id,
                "customer_id": customer_id,
                "media_type": picture.media_type.value,
                "width": picture.width,
                "height": picture.height,
                "taken_at": taken_at,
                "content": picture.content,
            },
        )

    def of(self, owner_id: str, photo_id: str) -> Photo | None:
        found = self._connection.exec_driver_sql(_OF, {"owner_id": owner_id, "photo_id": photo_id})
        row = found.mappings().one_or_none()
        if row is None:
            return None
        picture = Picture(
            media_type=MediaType(row["media_type"]),
            content=bytes(row["content"]),
            width=row["width"],
            height=row["height"],
        )
        return Photo(picture=picture, taken_at=row["taken_at"])

    def forget_of(self, customer_id: str) -> int:
        return self._connection.exec_driver_sql(_FORGET_OF, {"customer_id": customer_id}).rowcount

    def forget_before(self, before: datetime) -> None:
        self._connection.exec_driver_sql(_FORGET_BEFORE, {"before": before})
