"""Whom the platform pays, seen and changed by those who may."""

from __future__ import annotations

from datetime import UTC, datetime

from services.commission.application import paying_out
from services.commission.application.ports import Catalogue
from services.commission.application.rights import check_party, operators_only, readers_of_all_books_only
from services.commission.application.settling import Books
from services.commission.application.settling_ports import Rules
from services.commission.domain.commands import Actor, Party
from services.commission.domain.cycle import last_closing
from services.commission.domain.errors import AccountNotFound, StatementNotFound
from services.commission.domain.payee import Cycle, Payee, PayeeKind, PayeeTerms
from services.commission.domain.payout import Payout
from services.commission.domain.settling_commands import AskPayouts, AskStatements, ChangePayee, PayeeAction
from services.commission.domain.statement import Document, Statement
from shared.kernel.clock import Clock

_EVER = datetime(2000, 1, 1, tzinfo=UTC)


def check_payee(actor: Actor, payee: Payee, catalogue: Catalogue) -> None:
    """Raises :class:`AccountNotFound` unless ``actor`` may see the money of ``payee``."""
    party = Party.COURIER if payee.kind is PayeeKind.COURIER else Party.SHOP
    check_party(actor, party, payee.payee_id, catalogue)


def statements(ask: AskStatements, books: Books, *, catalogue: Catalogue) -> list[Statement]:
    """The newest first, one more than asked for."""
    if ask.payee is None:
        readers_of_all_books_only(ask.actor)
    else:
        check_payee(ask.actor, ask.payee, catalogue)
    return books.settlements.statements(ask.payee, ask.since, ask.after, ask.limit + 1)


def document(actor: Actor, statement_id: str, books: Books, *, catalogue: Catalogue) -> Document:
    found = books.settlements.document(statement_id)
    if found is None:
        raise StatementNotFound
    try:
        check_payee(actor, found.statement.payee, catalogue)
    except AccountNotFound:
        raise StatementNotFound from None
    return found


def payouts(ask: AskPayouts, books: Books, *, catalogue: Catalogue) -> list[Payout]:
    """The newest first, one more than asked for."""
    if ask.payee is None:
        readers_of_all_books_only(ask.actor)
    else:
        check_payee(ask.actor, ask.payee, catalogue)
    return books.payouts.listed(ask.payee, ask.status, ask.after, ask.limit + 1)


def change(command: ChangePayee, books: Books, *, rules: Rules, clock: Clock) -> PayeeTerms:
    """Hold or release payouts, say where they go, or how often is settled; kept with its reason."""
    operators_only(command.actor)
    terms = known(command.payee, books, rules=rules, clock=clock)
    match command.action:
        case PayeeAction.HOLD:
            return paying_out.hold(command.actor, terms, command.reason, books, clock)
        case PayeeAction.RELEASE:
            return paying_out.release(command.actor, terms, command.reason, books, clock)
        case PayeeAction.BANK_ACCOUNT:
            account = command.value or ""
            return paying_out.change_account(command.actor, terms, account, command.reason, books, clock)
        case PayeeAction.CYCLE:
            cycle = None if command.value is None else Cycle(command.value)
            return paying_out.change_cycle(command.actor, terms, cycle, command.reason, books, clock)


def known(payee: Payee, books: Books, *, rules: Rules, clock: Clock) -> PayeeTerms:
    """What holds for a payee, who is known from now on."""
    terms = books.settlements.terms(payee)
    if terms is None:
        now = clock.now()
        first = books.settlements.oldest_unsettled(payee, _EVER, now) or now
        begun = PayeeTerms(
            payee=payee,
            settled_until=last_closing(Cycle.DAILY, first),
            looked_from=first - rules.stragglers,
        )
        books.settlements.meet([begun])
        terms = books.settlements.terms(payee) or begun
    return terms
