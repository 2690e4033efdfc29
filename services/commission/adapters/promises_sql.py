"""What shifts, contracts and payouts call for, beside what is posted for them: for an audit."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, text

from services.commission.adapters.contracts_sql import SqlContracts
from services.commission.adapters.shifts_sql import SqlShifts
from services.commission.application.charging import goal_of_period
from services.commission.application.guarantees import CURRENCY, goal_of_shift
from services.commission.application.ports import Promise
from services.commission.domain.ledger import ADVERTISING, COURIER_GUARANTEE, SUBSCRIPTION
from services.commission.domain.shop_contract import ContractKind

# The natural key of a posting names what it is for, and counts.
_POSTED = text(
    "SELECT substring(t.natural_key FROM '^journal\\:[a-z]+\\:(.*)\\:[0-9]+$') AS what,"
    " sum(e.amount) AS amount FROM ledger_entry AS e JOIN ledger_transaction AS t USING (transaction_id)"
    " WHERE e.order_id IS NULL AND e.account = ANY(:accounts)"
    " AND split_part(t.natural_key, '\\:', 2) = ANY(:kinds) GROUP BY what"
)
# A payout is booked when the bank confirms it, and booked back when the bank returns it.
_PAYOUTS = text("""
WITH posted AS (
    SELECT split_part(t.natural_key, '\\:', 3) AS payout_id, sum(e.amount) AS amount
    FROM ledger_transaction AS t JOIN ledger_entry AS e USING (transaction_id)
    WHERE t.order_id IS NULL AND starts_with(t.natural_key, 'journal\\:payout\\:')
      AND starts_with(e.account, 'payable\\:')
    GROUP BY 1)
SELECT payout_id, COALESCE(p.amount + p.fee, 0) AS wanted, COALESCE(posted.amount, 0) AS posted
FROM (SELECT payout_id, amount, fee FROM payout WHERE status = 'confirmed') AS p
FULL JOIN posted USING (payout_id)
""")


def promises(connection: Connection) -> Iterator[Promise]:
    """Every one of them; what is posted for something unheard of is called for by nothing."""
    posted = _posted(connection, ["guarantee"], [COURIER_GUARANTEE])
    for book in SqlShifts(connection).over(CURRENCY):
        wanted, there = goal_of_shift(book).amount, posted.pop(book.shift.shift_id, 0)
        if wanted or there:
            yield Promise(what=f"the guarantee of shift {book.shift.shift_id}", wanted=wanted, posted=there)
    for shift_id, amount in posted.items():
        yield Promise(what=f"the guarantee of shift {shift_id}", wanted=0, posted=amount)
    posted = _posted(connection, [*ContractKind], [SUBSCRIPTION, ADVERTISING])
    contracts = SqlContracts(connection)
    for known in contracts.charged():
        for period in known.charges:
            key = f"{known.contract.contract_id}:{period.isoformat()}"
            goal = goal_of_period(known, period, contracts)
            yield Promise(what=f"the charge {key}", wanted=goal.amount, posted=-posted.pop(key, 0))
    for key, amount in posted.items():
        yield Promise(what=f"the charge {key}", wanted=0, posted=-amount)
    for row in connection.execute(_PAYOUTS):
        yield Promise(what=f"payout {row.payout_id}", wanted=int(row.wanted), posted=int(row.posted))


def _posted(connection: Connection, kinds: list[str], accounts: list[str]) -> dict[str, int]:
    rows = connection.execute(_POSTED, {"kinds": kinds, "accounts": accounts})
    return {row.what: int(row.amount) for row in rows}
