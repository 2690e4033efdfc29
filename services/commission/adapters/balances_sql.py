"""Balances in PostgreSQL, now and at any past moment.

A balance adds up the totals of whole months, of whole days in the month that is cut, the account's own
entries of the day that is cut, and what is not sealed yet. So it grows with the months since the account's
first entry, not with its entries.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

from services.commission.adapters.seals_sql import ENTRIES_OF
from services.commission.domain.totals import AsOf, Span

_TOTALS = "SELECT account, currency, kind, debit - credit AS amount, entries FROM ledger_total AS x"
_ENTRIES = "SELECT account, currency, kind, amount, 1 AS entries FROM ledger_entry AS x"
_UNSEALED = (
    "SELECT x.account, x.currency, x.kind, x.amount, 1 AS entries FROM ledger_unsealed AS u"
    f" {ENTRIES_OF.replace('AS e', 'AS x')}"
)
_NOW = f"""
{_TOTALS} WHERE span = 'month' AND {{whose}}
UNION ALL {_UNSEALED} WHERE {{whose}}
"""
# The day that is cut is read from the entries, sealed or not.
_BEFORE = f"""
{_TOTALS} WHERE span = 'month' AND starts < :month AND {{whose}}
UNION ALL {_TOTALS} WHERE span = 'day' AND starts >= :month AND starts < :day AND {{whose}}
UNION ALL {_ENTRIES} WHERE posted_at >= :day AND posted_at < :before AND {{whose}}
UNION ALL {_UNSEALED} WHERE x.posted_at < :day AND {{whose}}
"""
# Ids of entries are given before transactions commit, so the moment of posting does not order them: totals
# know between which ids their entries are.
_UP_TO = f"""
{_TOTALS} WHERE span = 'month' AND last_entry <= :entry AND {{whose}}
UNION ALL {_TOTALS} WHERE span = 'day' AND last_entry <= :entry AND {{whose}} AND EXISTS (
    SELECT FROM ledger_total AS m WHERE m.account = x.account AND m.currency = x.currency AND m.span = 'month'
        AND m.starts = date_trunc('month', x.starts, 'UTC') AND m.kind = x.kind AND m.last_entry > :entry
)
UNION ALL SELECT d.account, d.currency, d.kind, e.amount, 1 FROM (
    {_TOTALS.replace("entries FROM", "starts FROM")}
    WHERE span = 'day' AND first_entry <= :entry AND last_entry > :entry AND {{whose}}
) AS d CROSS JOIN LATERAL (
    SELECT l.transaction_id, l.amount FROM ledger_entry AS l
    WHERE l.account = d.account AND l.currency = d.currency AND l.kind = d.kind AND l.entry_id <= :entry
        AND l.posted_at >= d.starts AND l.posted_at < d.starts + interval '1 day' OFFSET 0
) AS e WHERE NOT EXISTS (SELECT FROM ledger_unsealed AS u WHERE u.transaction_id = e.transaction_id)
UNION ALL {_UNSEALED} WHERE x.entry_id <= :entry AND {{whose}}
"""
_OF_ACCOUNTS = "x.account = ANY(:accounts) AND x.currency = :currency"
_OF_PREFIX = "starts_with(x.account, :prefix)"
_OF_ALL = "true"
_BY_KIND = (
    "SELECT account, kind, sum(amount) AS amount, sum(entries) AS entries FROM ({parts}) AS parts"
    " GROUP BY account, kind ORDER BY account, kind"
)
_BY_ACCOUNT = (
    "SELECT account, currency, sum(amount) AS amount, sum(entries) AS entries FROM ({parts}) AS parts"
    " GROUP BY account, currency ORDER BY account, currency"
)


def _texts(frame: str) -> dict[tuple[str, str], Any]:
    parts = {"now": _NOW, "before": _BEFORE, "entry": _UP_TO}
    owners = {"accounts": _OF_ACCOUNTS, "prefix": _OF_PREFIX, "all": _OF_ALL}
    return {
        (when, whose): text(frame.format(parts=part.format(whose=condition)))
        for when, part in parts.items()
        for whose, condition in owners.items()
    }


_KINDS, _ACCOUNTS = _texts(_BY_KIND), _texts(_BY_ACCOUNT)


def by_kind(
    connection: Connection, accounts: list[str], currency: str, as_of: AsOf
) -> dict[tuple[str, str], tuple[int, int]]:
    """The signed sum and the number of entries per (account, kind)."""
    when, moment = _moment(as_of)
    rows = connection.execute(
        _KINDS[when, "accounts"], {"accounts": accounts, "currency": currency, **moment}
    )
    return {(row.account, row.kind): (int(row.amount), int(row.entries)) for row in rows}


def by_account(connection: Connection, prefix: str, as_of: AsOf) -> list[tuple[str, str, int]]:
    """(account, currency, signed sum) of every account with an entry, by name."""
    when, moment = _moment(as_of)
    whose = "prefix" if prefix else "all"
    given = {"prefix": prefix} if prefix else {}
    rows = connection.execute(_ACCOUNTS[when, whose], given | moment)
    return [(row.account, row.currency, int(row.amount)) for row in rows if row.entries]


def _moment(as_of: AsOf) -> tuple[str, dict[str, Any]]:
    if as_of.entry is not None:
        return "entry", {"entry": as_of.entry}
    if as_of.before is None:
        return "now", {}
    month, day = (span.start_of(as_of.before) for span in (Span.MONTH, Span.DAY))
    return "before", {"before": as_of.before, "month": month, "day": day}
