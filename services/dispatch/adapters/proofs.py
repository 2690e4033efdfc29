"""The key that codes are made with, and pictures, in PostgreSQL."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, text

from services.dispatch.domain.picture import MediaType, Photo, Picture
from services.dispatch.domain.proof import code_of

_KEY = text("SELECT key FROM proof_key")
_KEEP = text("""
    INSERT INTO photo (order_id, media_type, width, height, taken_at, content)
    VALUES (:order_id, :media_type, :width, :height, :taken_at, :content)
    ON CONFLICT (order_id) DO UPDATE SET media_type = excluded.media_type, width = excluded.width,
        height = excluded.height, taken_at = excluded.taken_at, content = excluded.content
""")
_OF = text("SELECT * FROM photo WHERE order_id = :order_id")
_FORGET_OF = text(
    "DELETE FROM photo USING delivery WHERE photo.order_id = delivery.order_id"
    " AND delivery.customer_id = :customer_id"
)
_TOO_OLD = text("DELETE FROM photo WHERE taken_at < :before")


class Codes:
    """What a process knows of the key: it is made with the database and stays as it is."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key

    def of(self, connection: Connection, stop_id: str) -> str:
        """The code of a stop."""
        if self._key is None:
            self._key = bytes(connection.execute(_KEY).scalar_one())
        return code_of(self._key, stop_id)


class SqlPhotos:
    """:class:`services.dispatch.application.proving.Photos`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep(self, order_id: str, photo: Photo) -> None:
        picture = photo.picture
        self._connection.execute(
            _KEEP,
            {
                "order_id": order_id,
                "media_type": picture.media_type.value,
                "width": picture.width,
                "height": picture.height,
                "taken_at": photo.taken_at,
                "content": picture.content,
            },
        )

    def of(self, order_id: str) -> Photo | None:
        row = self._connection.execute(_OF, {"order_id": order_id}).mappings().one_or_none()
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
        return int(self._connection.execute(_FORGET_OF, {"customer_id": customer_id}).rowcount)

    def forget_before(self, before: datetime) -> None:
        """Forget what was taken in ``before``."""
        self._connection.execute(_TOO_OLD, {"before": before})
