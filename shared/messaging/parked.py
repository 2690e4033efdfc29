"""Events that a service gave up on, shown to operators."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from shared.kernel.clock import to_wire
from shared.kernel.errors import Forbidden, InvalidInput
from shared.messaging.rpc import answer
from shared.persistence import Database

_MOST = 200
_PARKED = text("""
SELECT id, subscription, event_id, attempts, left(reason, 500) AS reason, body, parked_at
FROM parked WHERE id > :after ORDER BY id LIMIT :limit
""")


class ShowsDeadLetters:
    """What a service class inherits to answer ``dead_letters``."""

    database: Database

    @answer
    def dead_letters(
        self, actor: Mapping[str, str], limit: int = 50, cursor: str | None = None
    ) -> dict[str, Any]:
        """The parked messages of this service, oldest first; what they say stays here."""
        if actor.get("role") != "operator":
            raise Forbidden("Only operators see dead letters.")
        if cursor is not None and not cursor.isdecimal():
            message = "This cursor does not belong to this list."
            raise InvalidInput(message, errors=[{"field": "cursor", "message": message}])
        limit = max(1, min(limit, _MOST))
        with self.database.read() as connection:
            rows = connection.execute(_PARKED, {"after": int(cursor or 0), "limit": limit + 1}).all()
        items = [
            {
                "id": row.id,
                "subscription": row.subscription,
                "event_id": row.event_id,
                **_named(row.body),
                "attempts": row.attempts,
                "reason": row.reason,
                "parked_at": to_wire(row.parked_at),
            }
            for row in rows[:limit]
        ]
        return {"items": items, "next_cursor": str(items[-1]["id"]) if len(rows) > limit else None}


def _named(body: str) -> dict[str, Any]:
    """The type and subject of an event, where the message is one."""
    try:
        event = json.loads(body)
    except ValueError:
        event = None
    if not isinstance(event, dict):
        return {"type": None, "subject": None}
    return {"type": event.get("type"), "subject": event.get("subject")}
