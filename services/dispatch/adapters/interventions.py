"""What operators do to the running of a zone, in PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import text

from services.dispatch.adapters.keeping import Keeper
from services.dispatch.adapters.loan_rows import loan_of
from services.dispatch.adapters.rows import courier_of, offer_of
from services.dispatch.application.ports import Whereabouts
from services.dispatch.domain.courier import Courier
from services.dispatch.domain.loan import Loan
from services.dispatch.domain.offer import Offer
from services.dispatch.domain.override import Override, OverrideKind
from services.dispatch.domain.pause import Pause

_REVOKE = text("""
    UPDATE zone_plan SET token = token + 1, holder = NULL, leased_until = NULL WHERE zone_id = :zone_id
""")
_PAUSE = text("SELECT * FROM zone_pause WHERE zone_id = :zone_id AND resumed_at IS NULL")
_KEEP_PAUSE = text("""
    INSERT INTO zone_pause (zone_id, paused_at, paused_by, reason, resumed_at, resumed_by)
    VALUES (:zone_id, :paused_at, :paused_by, :reason, :resumed_at, :resumed_by)
    ON CONFLICT (zone_id, paused_at)
        DO UPDATE SET resumed_at = excluded.resumed_at, resumed_by = excluded.resumed_by
""")
_OPEN_OFFERS = text(
    "SELECT * FROM offer WHERE zone_id = :zone_id AND status = 'open' ORDER BY offer_id FOR UPDATE"
)
_WHEREABOUTS = text("""
    SELECT order_id AS key, zone_id, courier_id, offer_id,
        progress->'second_try' IS NOT NULL AND progress->'second_try'->>'returning_since' IS NULL
            AND progress->'second_try'->>'starts_at' IS NULL AND ended_at IS NULL AS tries_again
    FROM delivery WHERE order_id = :order_id
""")
_COURIERS = text("SELECT * FROM courier WHERE courier_id = ANY(:ids) ORDER BY courier_id FOR UPDATE")
_LOAN = text("SELECT * FROM loan WHERE loan_id = :loan_id")
_OVERRIDE = text("SELECT * FROM override WHERE override_id = :override_id")
_KEEP_OVERRIDE = text("""
    INSERT INTO override
        (override_id, kind, order_id, zone_id, from_courier_id, to_courier_id, actor_id, at, reason,
        store_order_ids)
    VALUES (:override_id, :kind, :order_id, :zone_id, :from_courier_id, :to_courier_id, :actor_id, :at,
        :reason, :store_order_ids)
""")


def override_of_row(row: Mapping[Any, Any]) -> Override:
    values = {name: row[name] for name in Override.__dataclass_fields__}
    read = {"kind": OverrideKind(row["kind"]), "store_order_ids": tuple(row["store_order_ids"])}
    return Override(**values | read)


def pause_of_row(row: Mapping[Any, Any]) -> Pause:
    return Pause(**{name: row[name] for name in Pause.__dataclass_fields__})


class Interventions(Keeper):
    """Pauses of zones, overrides of deliveries and loans of couriers, in one transaction."""

    def loan(self, loan_id: str) -> Loan | None:
        row = self.connection.execute(_LOAN, {"loan_id": loan_id}).mappings().one_or_none()
        return None if row is None else loan_of(row)

    def revoke_lease(self, zone_id: str) -> None:
        self.connection.execute(_REVOKE, {"zone_id": zone_id})

    def pause_of(self, zone_id: str) -> Pause | None:
        row = self.connection.execute(_PAUSE, {"zone_id": zone_id}).mappings().one_or_none()
        return None if row is None else pause_of_row(row)

    def keep_pause(self, pause: Pause) -> None:
        self.connection.execute(_KEEP_PAUSE, asdict(pause))

    def open_offers_in(self, zone_id: str) -> list[Offer]:
        rows = self.connection.execute(_OPEN_OFFERS, {"zone_id": zone_id}).mappings()
        return [offer_of(row) for row in rows]

    def whereabouts(self, order_id: str) -> Whereabouts | None:
        row = self.connection.execute(_WHEREABOUTS, {"order_id": order_id}).mappings().one_or_none()
        return None if row is None else Whereabouts(**row)

    def couriers(self, courier_ids: Sequence[str]) -> dict[str, Courier]:
        rows = self.connection.execute(_COURIERS, {"ids": list(courier_ids)}).mappings()
        return {row["courier_id"]: courier_of(row) for row in rows}

    def override(self, override_id: str) -> Override | None:
        values = {"override_id": override_id}
        row = self.connection.execute(_OVERRIDE, values).mappings().one_or_none()
        return None if row is None else override_of_row(row)

    def keep_override(self, override: Override) -> None:
        told = {"kind": override.kind.value, "store_order_ids": list(override.store_order_ids)}
        self.connection.execute(_KEEP_OVERRIDE, asdict(override) | told)
