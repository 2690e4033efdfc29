"""Ready questions to a folder of exported events, as SQL for DuckDB."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from linli.events.layout import Folder
from linli.failures import Failure

LOCAL = "Asia/Shanghai"


@dataclass(frozen=True, kw_only=True)
class Query:
    """A question, and the SQL that answers it over a table ``events``.

    ``period`` stands in the SQL for the days that are asked about.
    """

    name: str
    question: str
    explanation: str
    sql: str
    has_picture: bool = True


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came out: the names of the columns, and the rows."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which days, and in which time zone an hour begins."""

    first: date | None = None
    last: date | None = None
    zone: str = LOCAL

    @property
    def period(self) -> str:
        """The days as a condition; the folders of other days are not opened."""
        # A day of the zone may reach into its neighbours in UTC, by which the folders are named.
        bounds = []
        if self.first is not None:
            bounds.append(f"date >= DATE '{self.first}' - 1 AND time::DATE >= DATE '{self.first}'")
        if self.last is not None:
            bounds.append(f"date <= DATE '{self.last}' + 1 AND time::DATE <= DATE '{self.last}'")
        return " AND ".join(bounds) or "true"


def statement(query: Query, asked: Asked) -> str:
    """The SQL, ready to run."""
    return query.sql.replace("{period}", asked.period).strip()


def preparation(folder: Folder, asked: Asked) -> str:
    """What has to be run before: it makes the table ``events`` and says when an hour begins."""
    place = "".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(folder.path))
    files = f"{place}/date=*/*.parquet".replace("'", "''")
    zone = asked.zone.replace("'", "''")
    return (
        f"SET TimeZone = '{zone}';\n"
        f"CREATE OR REPLACE VIEW events AS SELECT * FROM read_parquet('{files}', hive_partitioning = true);\n"
        f"{_MACROS}"
    )


@contextmanager
def opened(folder: Folder, asked: Asked) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that has the table ``events``; raises :class:`Failure` when there are none."""
    if next(folder.named(), None) is None:
        raise Failure(f"{folder.path} holds no events: `linli events export {folder.path}` brings them.")
    with duckdb.connect() as connection:
        try:
            connection.execute(preparation(folder, asked))
        except duckdb.Error as error:
            raise Failure(f"DuckDB refused {folder.path}: {error}") from error
        yield connection


def ask(connection: duckdb.DuckDBPyConnection, query: Query, asked: Asked) -> Answer:
    """The answer to ``query``."""
    try:
        found = connection.execute(statement(query, asked))
        columns = tuple(column[0] for column in found.description or ())
        return Answer(columns=columns, rows=found.fetchall())
    except duckdb.Error as error:
        raise Failure(f"DuckDB could not answer {query.name}: {error}") from error


_MACROS = """\
CREATE OR REPLACE MACRO major(amount, currency) AS
    amount / CASE WHEN currency IN ('JPY', 'KRW', 'VND') THEN 1 WHEN currency IN ('KWD', 'BHD') THEN 1000
                  ELSE 100 END;
"""

_GROSS_SALES = """
WITH line AS (
    SELECT date_trunc('hour', time)::TIMESTAMP AS hour, order_id,
           unnest(data->'$.store_orders[*].lines[*]') AS line
    FROM events WHERE type = 'OrderPaid' AND {period}
), sale AS (
    SELECT hour, order_id, line->>'$.category' AS category, line->>'$.goods.currency' AS currency,
           (line->>'$.quantity')::BIGINT AS units, (line->>'$.goods.amount')::BIGINT AS amount
    FROM line
)
SELECT hour, category, currency, count(DISTINCT order_id) AS orders, sum(units)::BIGINT AS units,
       major(sum(amount), currency) AS gross
FROM sale GROUP BY hour, category, currency ORDER BY hour, gross DESC, category
"""

_FUNNEL = """
WITH cohort AS (
    SELECT DISTINCT order_id FROM events WHERE type IN ('StockReserved', 'OrderPlaced') AND {period}
), reached AS (
    SELECT order_id,
           min(time) FILTER (type = 'StockReserved') AS held,
           min(time) FILTER (type = 'OrderPlaced') AS placed,
           min(time) FILTER (type = 'OrderPaid') AS paid,
           min(time) FILTER (type = 'PickupCompleted') AS collected,
           min(time) FILTER (type = 'OrderDelivered') AS delivered,
           min(time) FILTER (type = 'OrderCompleted') AS completed
    FROM events SEMI JOIN cohort USING (order_id)
    WHERE type IN ('StockReserved', 'OrderPlaced', 'OrderPaid', 'PickupCompleted', 'OrderDelivered',
                   'OrderCompleted')
    GROUP BY order_id
), step AS (
    SELECT 1 AS nr, 'stock held' AS step, count(held) AS orders, NULL AS minutes FROM reached UNION ALL
    SELECT 2, 'placed', count(placed), NULL FROM reached UNION ALL
    SELECT 3, 'paid', count(paid), median(date_diff('second', placed, paid) / 60) FROM reached UNION ALL
    SELECT 4, 'collected', count(collected), median(date_diff('second', placed, collected) / 60) FROM reached
    UNION ALL
    SELECT 5, 'delivered', count(delivered), median(date_diff('second', placed, delivered) / 60) FROM reached
    UNION ALL
    SELECT 6, 'completed', count(completed), median(date_diff('second', placed, completed) / 60) FROM reached
)
SELECT step, orders,
       round(100 * orders / nullif(first_value(orders) OVER (ORDER BY nr), 0), 1) AS percent_of_all,
       round(100 * orders / nullif(lag(orders) OVER (ORDER BY nr), 0), 1) AS percent_of_previous,
       round(minutes, 1) AS median_minutes_since_placed
FROM step ORDER BY nr
"""

_LATE = """
WITH promise AS (
    SELECT delivery_id, arg_max(zone_id, time) AS zone_id,
           arg_max((data->>'$.promised_at')::TIMESTAMPTZ, time) AS promised_at
    FROM events WHERE type = 'DeliveryPlanned' GROUP BY delivery_id
), outcome AS (
    SELECT delivery_id, type = 'DeliveryCompleted' AS arrived, zone_id,
           (data->>'$.completed_at')::TIMESTAMPTZ AS completed_at
    FROM events WHERE type IN ('DeliveryCompleted', 'DeliveryFailed') AND {period}
), delivery AS (
    SELECT coalesce(outcome.zone_id, promise.zone_id, 'unknown') AS zone, arrived, promised_at,
           date_diff('second', promised_at, completed_at) / 60 AS minutes_late
    FROM outcome LEFT JOIN promise USING (delivery_id)
)
SELECT zone,
       count(*) FILTER (arrived) AS delivered,
       count(*) FILTER (arrived AND minutes_late > 0) AS late,
       round(100 * late / nullif(delivered, 0), 1) AS percent_late,
       round(median(minutes_late) FILTER (arrived AND minutes_late > 0), 1) AS median_minutes_late,
       round(max(minutes_late) FILTER (arrived AND minutes_late > 0), 1) AS most_minutes_late,
       count(*) FILTER (NOT arrived) AS failed,
       count(*) FILTER (arrived AND promised_at IS NULL) AS without_promise
FROM delivery GROUP BY zone ORDER BY percent_late DESC NULLS LAST, delivered DESC, zone
"""

_COMMISSION = """
WITH entry AS (
    SELECT data->>'$.promoter_shop_id' AS promoter, data->>'$.amount.currency' AS currency, type,
           data->>'$.accrual_id' AS accrual_id, (data->>'$.amount.amount')::BIGINT AS amount
    FROM events
    WHERE type IN ('CommissionAccrued', 'CommissionReleased', 'CommissionReversed') AND {period}
), shop AS (
    SELECT shop_id, arg_max(data->>'$.category', time) AS category
    FROM events WHERE type = 'ShopOpened' GROUP BY shop_id
)
SELECT promoter, any_value(category) AS category, currency,
       count(DISTINCT accrual_id) FILTER (type = 'CommissionAccrued') AS sales,
       major(coalesce(sum(amount) FILTER (type = 'CommissionAccrued'), 0), currency) AS accrued,
       major(coalesce(sum(amount) FILTER (type = 'CommissionReversed'), 0), currency) AS reversed,
       major(coalesce(sum(amount) FILTER (type = 'CommissionReleased'), 0), currency) AS released,
       round(accrued - reversed - released, 3) AS frozen
FROM entry LEFT JOIN shop ON shop_id = promoter
GROUP BY promoter, currency ORDER BY accrued DESC, promoter
"""

_COMPLETENESS = """
WITH subject AS (
    SELECT source, subject, count(*) AS events, max(sequence) AS last
    FROM events GROUP BY source, subject
)
SELECT source, sum(events)::BIGINT AS events, count(*) AS subjects,
       sum(last - events)::BIGINT AS missing,
       count(*) FILTER (last <> events) AS subjects_with_gaps
FROM subject GROUP BY source ORDER BY source
"""

QUERIES = (
    Query(
        name="gross-sales",
        question="What was sold, by hour and category?",
        explanation="Goods of paid orders, before discounts, without delivery; refunds are not taken off.",
        sql=_GROSS_SALES,
    ),
    Query(
        name="funnel",
        question="How many orders got how far?",
        explanation="Orders whose stock was held in the period. A quote is no event: it binds nobody.",
        sql=_FUNNEL,
    ),
    Query(
        name="late-deliveries",
        question="Where do deliveries come later than promised?",
        explanation="By zone; late is after the promised time of the last plan.",
        sql=_LATE,
    ),
    Query(
        name="commission",
        question="What do promoters earn?",
        explanation="By promoting shop; frozen is accrued, and neither released nor reversed.",
        sql=_COMMISSION,
    ),
    Query(
        name="completeness",
        question="Is every event there?",
        explanation="All days. A subject's events are counted from 1 without gaps: a gap is a missing event.",
        sql=_COMPLETENESS,
        has_picture=False,
    ),
)


def query(name: str) -> Query:
    """The one of that name; raises :class:`Failure` when there is none."""
    for each in QUERIES:
        if each.name == name:
            return each
    names = ", ".join(each.name for each in QUERIES)
    raise Failure(f"There is no query {name!r}. There are: {names}.", exit_code=2)
