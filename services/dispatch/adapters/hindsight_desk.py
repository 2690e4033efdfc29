"""Finished days in PostgreSQL: read at one moment without locking anything, kept by one statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, text

from services.dispatch.adapters.loan_rows import loan_of
from services.dispatch.adapters.rows import delivery_of, zone_of
from services.dispatch.adapters.shift_rows import worked_of
from services.dispatch.domain.business_day import BusinessDay
from services.dispatch.domain.finished_day import LivedDay, SolvedDay
from services.dispatch.domain.lifecycle import RIDING, UNASSIGNED
from services.dispatch.domain.planning.hindsight import Hindsight, Ridden

_UNDER_WAY = ", ".join(f"'{status}'" for status in sorted(RIDING | UNASSIGNED))
# When a delivery was asked for: that is its day.
_ASKED_FOR = """
    coalesce(CAST(d.held->'slot'->>'from' AS timestamptz),
        CAST(d.progress->'rebooking'->>'at' AS timestamptz), d.placed_at)
"""


def _of_the_day(zone_id: str, begins: str, ends: str) -> str:
    """What was asked for on a day ends within the next one: nobody waits or rides for longer."""
    return f"""
        d.zone_id = {zone_id} AND d.ended_at >= {begins} AND d.ended_at < {ends} + interval '1 day'
        AND d.status IN ('delivered', 'failed') AND {_ASKED_FOR} >= {begins} AND {_ASKED_FOR} < {ends}
    """


_FINISHED = text(f"""
    SELECT z.zone_id, day.number FROM zone AS z
    CROSS JOIN LATERAL jsonb_to_recordset(CAST(:days AS jsonb))
        AS day (number integer, day date, begins timestamptz, ends timestamptz)
    WHERE NOT EXISTS (SELECT 1 FROM zone_hindsight AS h WHERE h.zone_id = z.zone_id AND h.day = day.day)
        AND EXISTS (SELECT 1 FROM delivery AS d WHERE {_of_the_day("z.zone_id", "day.begins", "day.ends")})
        AND NOT EXISTS (SELECT 1 FROM delivery AS d
            WHERE d.zone_id = z.zone_id AND d.status IN ({_UNDER_WAY}) AND {_ASKED_FOR} < day.ends)
    ORDER BY day.number, z.zone_id LIMIT :most
""")
_DAY = text(f"""
    SELECT d.* FROM delivery AS d
    WHERE {_of_the_day(":zone_id", "CAST(:begins AS timestamptz)", "CAST(:ends AS timestamptz)")}
    ORDER BY d.order_id
""")
_IS_KEPT = text("SELECT EXISTS (SELECT 1 FROM zone_hindsight WHERE zone_id = :zone_id AND day = :day)")
_ZONE = text("SELECT * FROM zone WHERE zone_id = :zone_id")
# Loans out of the zone and into it, as far as they touch the day.
_LOANS = text("""
    SELECT * FROM loan WHERE (from_zone_id = :zone_id OR to_zone_id = :zone_id)
        AND lent_at < :ends AND (returned_at IS NULL OR returned_at > :begins)
    ORDER BY loan_id
""")
_WORKED = text("""
    SELECT s.*, coalesce((z.settings->>'capacity')::integer, 12) AS usual_capacity
    FROM shift AS s JOIN zone AS z USING (zone_id)
    WHERE s.started_at < :ends AND coalesce(s.ended_at, s.ends_at) > :begins
        AND (s.zone_id = :zone_id OR s.courier_id = ANY(:lent))
    ORDER BY s.shift_id
""")
_KEEP = text("""
    INSERT INTO zone_hindsight (zone_id, day, solved_at, baskets, compared, lived_click_to_door,
        resolved_click_to_door, lived_kilometres, resolved_kilometres, lived_undelivered,
        resolved_undelivered, rounds, seconds)
    VALUES (:zone_id, :day, :solved_at, :baskets, :compared, :lived_click_to_door,
        :resolved_click_to_door, :lived_kilometres, :resolved_kilometres, :lived_undelivered,
        :resolved_undelivered, :rounds, :seconds)
    ON CONFLICT (zone_id, day) DO NOTHING
""")
_NEWEST = text("SELECT DISTINCT ON (zone_id) * FROM zone_hindsight ORDER BY zone_id, day DESC")
_NEWEST_OF = text("SELECT * FROM zone_hindsight WHERE zone_id = :zone_id ORDER BY day DESC LIMIT 1")
# One at a time in a zone; it goes with the connection of whoever has it.
_ALONE = text("SELECT pg_try_advisory_lock(hashtext('dispatch.hindsight'), hashtext(:zone_id))")
_OTHERS = text("SELECT pg_advisory_unlock(hashtext('dispatch.hindsight'), hashtext(:zone_id))")
_MOST = 500


class SqlHindsightDesk:
    """:class:`services.dispatch.application.hindsight.HindsightDesk` over a connection in autocommit."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def finished(self, days: Sequence[BusinessDay], most: int = _MOST) -> list[tuple[str, BusinessDay]]:
        if not days:
            return []
        found = self._connection.execute(_FINISHED, {"days": _numbered(days), "most": most})
        return [(zone_id, days[number]) for zone_id, number in found]

    def is_mine_alone(self, zone_id: str) -> bool:
        return bool(self._connection.scalar(_ALONE, {"zone_id": zone_id}))

    def let_others(self, zone_id: str) -> None:
        self._connection.execute(_OTHERS, {"zone_id": zone_id})

    def look(self, zone_id: str, day: BusinessDay) -> LivedDay | None:
        here = {"zone_id": zone_id, "begins": day.begins, "ends": day.ends}
        if self._connection.scalar(_IS_KEPT, {"zone_id": zone_id, "day": day.day}):
            return None
        loans = [loan_of(row) for row in self._rows(_LOANS, here)]
        worked = self._rows(_WORKED, here | {"lent": sorted({loan.courier_id for loan in loans})})
        (zone,) = self._rows(_ZONE, {"zone_id": zone_id})
        return LivedDay(
            zone=zone_of(zone),
            day=day,
            deliveries=[delivery_of(row) for row in self._rows(_DAY, here)],
            worked=[worked_of(row) for row in worked],
            loans=loans,
        )

    def keep(self, solved: SolvedDay) -> None:
        found = solved.hindsight
        values = {
            "zone_id": solved.zone_id,
            "day": solved.day,
            "solved_at": solved.solved_at,
            "seconds": solved.seconds,
            "baskets": found.baskets,
            "compared": found.compared,
            "rounds": found.rounds,
        }
        for name, ridden in (("lived", found.lived), ("resolved", found.resolved)):
            values |= {
                f"{name}_click_to_door": ridden.click_to_door,
                f"{name}_kilometres": ridden.kilometres,
                f"{name}_undelivered": ridden.undelivered,
            }
        self._connection.execute(_KEEP, values)

    def _rows(self, statement: Any, values: Mapping[str, Any]) -> Sequence[Mapping[Any, Any]]:
        return list(self._connection.execute(statement, values).mappings())


def is_day_to_solve(connection: Connection, days: Sequence[BusinessDay]) -> bool:
    """Whether a finished day is still to be solved again; cheap."""
    return bool(SqlHindsightDesk(connection).finished(days, most=1))


def newest_solved(connection: Connection) -> list[SolvedDay]:
    """The newest day of each zone that was solved again."""
    return [_solved_of(row) for row in connection.execute(_NEWEST).mappings()]


def newest_solved_of(connection: Connection, zone_id: str) -> SolvedDay | None:
    """The newest day of a zone that was solved again."""
    row = connection.execute(_NEWEST_OF, {"zone_id": zone_id}).mappings().one_or_none()
    return None if row is None else _solved_of(row)


def _solved_of(row: Mapping[Any, Any]) -> SolvedDay:
    def ridden(name: str) -> Ridden:
        return Ridden(
            click_to_door=row[f"{name}_click_to_door"],
            kilometres=row[f"{name}_kilometres"],
            undelivered=row[f"{name}_undelivered"],
        )

    return SolvedDay(
        zone_id=row["zone_id"],
        day=row["day"],
        solved_at=row["solved_at"],
        seconds=row["seconds"],
        hindsight=Hindsight(
            baskets=row["baskets"],
            compared=row["compared"],
            lived=ridden("lived"),
            resolved=ridden("resolved"),
            rounds=row["rounds"],
        ),
    )


def _numbered(days: Iterable[BusinessDay]) -> str:
    rows = [
        {"number": number, "day": one.day, "begins": one.begins, "ends": one.ends}
        for number, one in enumerate(days)
    ]
    return orjson.dumps(rows).decode()
