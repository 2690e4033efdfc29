"""The zones as a process remembers them: an operator opens one now and then, and it stays as it is."""

from __future__ import annotations

import time
from collections.abc import Sequence

from sqlalchemy import Connection, text

from services.dispatch.adapters.rows import zone_of
from services.dispatch.domain.places import Position
from services.dispatch.domain.zone import Zone

# So much later, at the latest, a zone that was opened within another one gets its orders.
REMEMBERED_SECONDS = 5.0

_ZONES = text("SELECT * FROM zone")


class KnownZones:
    """What a process knows of the zones, and since when; the smallest comes first."""

    def __init__(self) -> None:
        self.zones: Sequence[Zone] = ()
        self.read_at = float("-inf")


class SqlZoneMap:
    """:class:`services.dispatch.application.ports.ZoneMap`, read anew when what is known is too old."""

    def __init__(self, connection: Connection, known: KnownZones) -> None:
        self._connection = connection
        self._known = known

    def at(self, place: Position) -> Zone | None:
        if time.monotonic() - self._known.read_at > REMEMBERED_SECONDS:
            rows = self._connection.execute(_ZONES).mappings()
            self._known.zones = sorted(map(zone_of, rows), key=lambda zone: zone.rank)
            self._known.read_at = time.monotonic()
        return next((zone for zone in self._known.zones if zone.covers(place)), None)
