"""A zone as it is, copied as often as one likes: the same moment, under other ids."""

from __future__ import annotations

from sqlalchemy import text

from shared.persistence import Database

# Ids of a made-up zone begin with the zone's, wherever they stand in a row.
_ROWS = {
    "zone": "SELECT * FROM zone WHERE zone_id = :zone_id",
    "zone_plan": "SELECT * FROM zone_plan WHERE zone_id = :zone_id",
    "courier": "SELECT * FROM courier WHERE zone_id = :zone_id",
    "sighting": "SELECT sighting.* FROM sighting JOIN courier USING (courier_id) WHERE zone_id = :zone_id",
    "offer": "SELECT * FROM offer WHERE zone_id = :zone_id AND status = 'open'",
    "delivery": "SELECT * FROM delivery WHERE zone_id = :zone_id AND ended_at IS NULL",
}
# Ids that do not begin with the zone's, so that they are not the same in each copy.
_OFFER = "'offer_id', r.zone_id || ':' || r.offer_id"
_INSTEAD = {
    "offer": f" || jsonb_build_object({_OFFER})",
    "delivery": f" || jsonb_build_object('delivery_id', r.order_id, {_OFFER})",
}
_SECOND_TRIPS = text("SELECT order_id FROM delivery WHERE zone_id = :zone_id AND split_from IS NOT NULL")


def copy_zone(database: Database, zone_id: str, times: int, name: str) -> None:
    """Copy the zone so many times, due at once; nothing else is due afterwards."""
    with database.transaction() as tx:
        tx.connection.execute(text("UPDATE zone_plan SET due_at = NULL"))
        tx.connection.execute(text("DELETE FROM zone_change"))
        second_trips = list(tx.connection.scalars(_SECOND_TRIPS, {"zone_id": zone_id}))
        trips = f"({'|'.join(second_trips) or 'there is none'})"
        for table, rows in _ROWS.items():
            copy = text(rf"""
                INSERT INTO {table}
                SELECT (jsonb_populate_record(NULL::{table}, replace(
                    regexp_replace((to_jsonb(r){_INSTEAD.get(table, "")})::text, :trips, :trip, 'g'),
                    :zone_id, :zone_id || '-' || :name || '-' || n
                )::jsonb)).*
                FROM generate_series(1, :times) AS n, ({rows}) AS r
            """)
            ids = {"zone_id": zone_id, "name": name, "times": times, "trips": trips}
            tx.connection.execute(copy, ids | {"trip": rf"{zone_id}:\1"})
        tx.connection.execute(
            text("UPDATE zone_plan SET due_at = planned_at WHERE zone_id LIKE :copies"),
            {"copies": f"{zone_id}-{name}-%"},
        )
    with database.read() as connection:
        connection.execute(text("ANALYZE"))
