"""Reconciling: the books beside the file of whoever moved the money, and what was found kept for good."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from services.commission.application.rights import operators_only, readers_of_all_books_only
from services.commission.application.settling_ports import Reconciliation, Reconciliations
from services.commission.domain.commands import Actor
from services.commission.domain.errors import ReconciliationExists, ReconciliationNotFound
from services.commission.domain.reconciliation import compare, period_of, read_rows
from services.commission.domain.settling_commands import Reconcile
from shared.kernel.clock import Clock

_INSTANT = timedelta(microseconds=1)


def reconcile(command: Reconcile, *, reconciliations: Reconciliations, clock: Clock) -> Reconciliation:
    """Compare, and keep what was found. Asked again with the same id and file it is the same answer.

    What the file speaks of is matched whenever it happened; missing in the file is what the books date into
    the period, from its beginning up to, and without, its end. Without a period it is what the file spans.
    """
    operators_only(command.actor)
    digest = hashlib.sha256(command.content.encode()).hexdigest()
    there = reconciliations.find(command.reconciliation_id)
    if there is None:
        rows = read_rows(command.content, command.source)
        since, until = _period(command, period_of(rows), clock.now())
        subject_ids = {row.subject_id for row in rows}
        books = reconciliations.expected(command.source, since, until, subject_ids, command.method)
        there = reconciliations.add(
            Reconciliation(
                reconciliation_id=command.reconciliation_id,
                source=command.source,
                method=command.method,
                file=command.file,
                digest=digest,
                since=since,
                until=until,
                made_by=command.actor.account_id,
                made_at=clock.now(),
                comparison=compare(books, rows),
            )
        )
    if (there.digest, there.source) != (digest, command.source):
        raise ReconciliationExists("This id already names the reconciliation of another file.")
    return there


def _period(
    command: Reconcile, spanned: tuple[datetime, datetime] | None, now: datetime
) -> tuple[datetime, datetime]:
    first, last = spanned or (now, now - _INSTANT)
    since = command.since or first
    return since, max(command.until or last + _INSTANT, since)


def reconciliation(
    actor: Actor, reconciliation_id: str, *, reconciliations: Reconciliations
) -> Reconciliation:
    readers_of_all_books_only(actor)
    found = reconciliations.find(reconciliation_id)
    if found is None:
        raise ReconciliationNotFound
    return found


def listed(
    actor: Actor, after: tuple[datetime, str] | None, limit: int, *, reconciliations: Reconciliations
) -> list[Reconciliation]:
    readers_of_all_books_only(actor)
    return reconciliations.listed(after, limit)
