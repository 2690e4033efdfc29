"""The books of a day that is over: checked as `linli ledger` would, and settled with everybody."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from linli.day.invariants import Case, Finding
from linli.day.quiet import Databases
from services.commission.domain.cycle import next_closing
from services.commission.domain.payee import Cycle
from shared.kernel.clock import Clock

if TYPE_CHECKING:
    from sqlalchemy import Connection

# Days are settled at midnight of the platform's place, and a little later.
_GRACE_SECONDS = 600
# An order is completed an hour after it was received, so that commissions are released on the same day.
SETTINGS = {
    "LINLI_COMMISSION_SHOP_MATURITY": "delivery",
    "LINLI_COMMISSION_SETTLEMENT_GRACE_SECONDS": str(_GRACE_SECONDS),
    "LINLI_ORDERING_AFTER_SALE_WINDOW_SECONDS": "3600",
}
_UNSETTLED = (
    "SELECT count(*) FROM ledger_entry AS e WHERE starts_with(e.account, 'payable:') AND e.posted_at < %s"
    " AND NOT EXISTS (SELECT FROM statement_line AS l WHERE l.entry_id = e.entry_id)"
)


def next_midnight(at: datetime) -> datetime:
    """The first midnight of the platform's place after ``at``."""
    return next_closing(Cycle.DAILY, at)


def wait_until_settled(databases: Databases, clock: Clock, patience: float) -> int:
    """Wait until the day has ended and every statement of it is issued; how many entries are in none yet.

    The wait takes what is left of the business day, and at most ``patience`` seconds besides.
    """
    closing = next_midnight(clock.now())
    ahead = closing + timedelta(seconds=_GRACE_SECONDS) - clock.now()
    until = time.monotonic() + clock.wall_seconds(ahead) + patience
    while True:
        left = int(databases.value("commission", _UNSETTLED, closing))
        if (clock.now() >= closing and left == 0) or time.monotonic() > until:
            return left
        time.sleep(1.0)


def ledger_check_is_clean(case: Case) -> Finding:
    """What `linli ledger check` and `linli ledger verify` say."""
    with _books(case.databases) as connection:
        from services.commission.adapters.chain_sql import SqlChain
        from services.commission.adapters.ledger_sql import SqlLedger
        from services.commission.application.audit import audit
        from services.commission.application.verification import verify

        found = audit(SqlLedger(connection))
        chain = verify(SqlChain(connection), [], lambda _sealed: None)
    wrong = [f"{each.order_id}: {each.problem}" for each in (*found.mismatches, *found.unsettled)]
    return Finding(
        name="linli ledger check is clean, and the chain verifies",
        holds=found.is_sound and chain.holds,
        evidence=f"{found.orders} orders derived anew, {found.open} under way"
        + ("" if chain.holds else f"; {chain}")
        + (f"; {'; '.join(wrong[:3])}" if wrong else ""),
    )


def statements_add_up_line_by_line(case: Case) -> Finding:
    wrong = case.databases.rows(
        "commission",
        "SELECT s.statement_id FROM statement AS s LEFT JOIN (SELECT l.statement_id, count(*) AS lines,"
        " -sum(e.amount) AS amount FROM statement_line AS l JOIN ledger_entry AS e USING (entry_id)"
        " GROUP BY 1) AS t USING (statement_id) WHERE s.opening + s.earned - s.paid_out <> s.closing"
        " OR t.amount IS DISTINCT FROM s.earned - s.paid_out OR t.lines IS DISTINCT FROM s.line_count",
    )
    count, lines = case.databases.rows(
        "commission",
        "SELECT (SELECT count(*) FROM statement), (SELECT count(*) FROM statement_line)",
    )[0]
    return Finding(
        name="every issued statement adds up, line by line",
        holds=count > 0 and not wrong,
        evidence=f"{count} statements of {lines} lines; {len(wrong)} wrong",
    )


def statements_are_the_ledgers_movements(case: Case) -> Finding:
    """The sum of all statements is what the ledger moved on payable accounts, each entry in one of them."""
    stated = case.databases.value(
        "commission",
        "SELECT COALESCE(sum(earned - paid_out), 0) FROM statement",
    )
    moved, missing = case.databases.rows(
        "commission",
        "SELECT COALESCE(-sum(e.amount), 0), count(*) FILTER (WHERE l.entry_id IS NULL)"
        " FROM ledger_entry AS e LEFT JOIN statement_line AS l USING (entry_id)"
        " WHERE starts_with(e.account, 'payable:')"
        " AND e.posted_at < (SELECT COALESCE(max(until), '-infinity') FROM statement)",
    )[0]
    return Finding(
        name="all statements together are the ledger's payable movements",
        holds=stated == moved and missing == 0,
        evidence=f"{stated / 100:,.2f} stated, {moved / 100:,.2f} moved, {missing} entries in no statement",
    )


CHECKS = (ledger_check_is_clean, statements_add_up_line_by_line, statements_are_the_ledgers_movements)


@contextmanager
def _books(databases: Databases) -> Iterator[Connection]:
    warnings.filterwarnings("ignore", message="(?s).*Eventlet is deprecated")
    from shared.persistence import Database

    database = Database(databases.urls["commission"], "commission", pool_size=1)
    try:
        with database.snapshot() as connection:
            yield connection
    finally:
        database.close()
