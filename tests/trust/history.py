"""What dispatch's rows went through, noted by its database itself while the proof runs.

A row says how things ended. Whether two planners ever had a zone, or two couriers were asked for one order,
shows in the order of the changes alone, and no clock of a process that may be stopped tells that order.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from linli.day.quiet import Databases
from linli.stack.databases import connect

TABLE = "trust_history"
# Who changes such a row has locked it, or something before it that others lock too: the numbers are in the
# order of the commits. Couriers are noted when they change zones.
_WATCHED = ("zone_plan", "zone_pause", "offer", "loan", "slot")
_INSTALL = f"""
CREATE TABLE {TABLE} (
    number bigserial PRIMARY KEY, tx bigint NOT NULL, began timestamptz NOT NULL, backend integer NOT NULL,
    tab text NOT NULL, before jsonb, after jsonb NOT NULL
);
CREATE FUNCTION {TABLE}_note() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    large text[] := ARRAY['plan', 'route', 'candidates', 'shift', 'loan'];
    before jsonb := CASE WHEN TG_OP = 'UPDATE' THEN to_jsonb(OLD) - large END;
BEGIN
    INSERT INTO {TABLE} (tx, began, backend, tab, before, after)
    VALUES (txid_current(), now(), pg_backend_pid(), TG_TABLE_NAME, before, to_jsonb(NEW) - large);
    RETURN NULL;
END $$;
CREATE TRIGGER {TABLE}_courier AFTER UPDATE ON courier FOR EACH ROW
    WHEN (OLD.zone_id IS DISTINCT FROM NEW.zone_id) EXECUTE FUNCTION {TABLE}_note();
""" + "".join(
    f"CREATE TRIGGER {TABLE}_{table} AFTER INSERT OR UPDATE ON {table}"
    f" FOR EACH ROW EXECUTE FUNCTION {TABLE}_note();\n"
    for table in _WATCHED
)


@dataclass(frozen=True, kw_only=True)
class Change:
    """A row as it was and as it became; ``tx`` is shared by what was kept together, ``backend`` by what came
    over one connection.
    """

    number: int
    tx: int
    began: datetime
    """When the transaction began."""
    backend: int
    table: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any]

    def changed(self, *columns: str) -> bool:
        """Whether one of these is another than before; in a new row all are."""
        return self.before is None or any(self.before.get(c) != self.after.get(c) for c in columns)

    def was(self, column: str) -> Any:
        return None if self.before is None else self.before.get(column)


def keep_history(dispatch_url: str) -> None:
    """Let dispatch's database note every change from now on; the proof's own private database, that is."""
    with closing(connect(dispatch_url)) as connection, connection.cursor() as cursor:
        cursor.execute(_INSTALL)


def read_history(databases: Databases) -> list[Change]:
    """Everything that was noted, in order; nothing where nobody did."""
    if databases.value("dispatch", "SELECT to_regclass(%s)", TABLE) is None:
        return []
    return [
        Change(number=a, tx=b, began=c, backend=d, table=e, before=f, after=g)
        for a, b, c, d, e, f, g in databases.rows(
            "dispatch", f"SELECT number, tx, began, backend, tab, before, after FROM {TABLE} ORDER BY number"
        )
    ]
