"""Charging shops for tools and advertisements: what is due by now, less what is posted, period by period.

As everywhere in the books the amount of a period is a goal; so a contract that ends early, or whose end was
noted wrongly, is put right by the difference, which names what it takes back.
"""

from __future__ import annotations

from datetime import date

from services.commission.application.charge_ports import Charged, ContractBook, Contracts
from services.commission.application.journal import post
from services.commission.application.ports import Catalogue, Journal
from services.commission.application.rights import may_see_shop
from services.commission.domain.commands import Actor, BookContract, EndContract
from services.commission.domain.errors import (
    ContractExists,
    ContractNotFound,
    ContractRefused,
    NoRatePlan,
    ShopNotFound,
)
from services.commission.domain.formula import corrected
from services.commission.domain.ledger import ADVERTISING, SUBSCRIPTION, Kind, Move, shop_payable
from services.commission.domain.rates import RatePlan
from services.commission.domain.shop_contract import (
    Charge,
    ContractKind,
    ShopContract,
    begin_of,
    charge_of,
    day_of,
)
from shared.kernel.clock import Clock

_REVENUE = {
    ContractKind.SUBSCRIPTION: (SUBSCRIPTION, Kind.SUBSCRIPTION),
    ContractKind.ADVERTISING: (ADVERTISING, Kind.ADVERTISING),
}


def book(command: BookContract, *, contracts: Contracts, catalogue: Catalogue, clock: Clock) -> ContractBook:
    """Book a subscription or a placement at the price of the plan in force, or at one an operator names.

    Asking again with the same id returns what was booked.
    """
    _check_shop(command.actor, command.shop_id, catalogue)
    now = clock.now()
    known = contracts.held(command.contract_id)
    if known is None:
        if command.starts_on < day_of(now):
            raise ContractRefused("It starts today or later.")
        if command.ends_on is not None and command.ends_on < command.starts_on:
            raise ContractRefused("It ends on the day it starts, or later.")
        found = catalogue.plan_at(command.currency, now)
        if found is None:
            raise NoRatePlan(f"No rate plan for {command.currency} is in force.")
        version, plan = found
        fee, per_order = _price(command, plan)
        wanted = ShopContract(
            contract_id=command.contract_id,
            kind=command.kind,
            shop_id=command.shop_id,
            product=command.product,
            currency=command.currency,
            fee=fee,
            per_order=per_order,
            rate_plan=version,
            starts_on=command.starts_on,
            ends_on=command.ends_on,
            booked_by=command.actor.account_id,
            booked_at=now,
        )
        contracts.add(wanted)
        known = contracts.held(command.contract_id)
    if known is None or _terms(known.contract) != _asked(command):
        raise ContractExists("This id already names another subscription or placement.")
    return known


def _price(command: BookContract, plan: RatePlan) -> tuple[int, int]:
    if command.fee is not None or command.per_order is not None:
        if not command.actor.is_operator:
            raise ContractRefused("Prices are those of the rate plan; only operators agree on others.")
        if command.fee is not None:
            return command.fee, command.per_order or 0
    if command.kind is ContractKind.SUBSCRIPTION:
        monthly = plan.subscription_fees.get(command.product)
        if monthly is not None:
            return monthly, 0
    else:
        placement = plan.placement_fees.get(command.product)
        if placement is not None:
            per_order = placement.per_order if command.per_order is None else command.per_order
            return placement.per_day, per_order
    raise ContractRefused(f"The rate plan in force has no price for {command.product}.")


def _asked(command: BookContract) -> tuple[object, ...]:
    return command.kind, command.shop_id, command.product, command.starts_on, command.ends_on


def _terms(contract: ShopContract) -> tuple[object, ...]:
    return contract.kind, contract.shop_id, contract.product, contract.starts_on, contract.ends_on


def contracts_of(
    actor: Actor, shop_id: str, after: str | None, limit: int, *, contracts: Contracts, catalogue: Catalogue
) -> list[ContractBook]:
    """The contracts of a shop that the caller may see, one more than asked for."""
    _check_shop(actor, shop_id, catalogue)
    return contracts.of_shop(shop_id, after, limit + 1)


def end(
    command: EndContract, *, contracts: Contracts, journal: Journal, catalogue: Catalogue, clock: Clock
) -> ContractBook:
    """Note when a contract ends, and give back what was charged for days from then on.

    A later note replaces an earlier one; none makes a contract longer than it was booked for. A shop ends its
    own from tomorrow on, operators from any day of it.
    """
    known = contracts.held(command.contract_id)
    if known is None or not _may_see(command.actor, known.contract.shop_id, catalogue):
        raise ContractNotFound("There is no such subscription or placement among yours.")
    if not command.actor.is_operator and command.ends_before <= day_of(clock.now()):
        raise ContractRefused("It ends tomorrow at the earliest; operators put right what is past.")
    contract, before = known.contract, known.ends_before
    if command.ends_before < contract.starts_on:
        raise ContractRefused("It ends when it starts, or later.")
    if contract.ends_on is not None and command.ends_before > contract.ends_on:
        raise ContractRefused("It is over by then.")
    if command.ends_before != before:
        at = clock.now()
        contracts.end(command.contract_id, command.ends_before, command.reason, command.actor.account_id, at)
        # Either end may lie in a period that is charged already; all from the earlier one on are put right.
        first = contract.period_of(min(command.ends_before, before or command.ends_before))
        charge(command.contract_id, contracts=contracts, journal=journal, clock=clock, since=first)
    found = contracts.held(command.contract_id)
    assert found is not None, "contracts are never removed"
    return found


def charge(
    contract_id: str, *, contracts: Contracts, journal: Journal, clock: Clock, since: date | None = None
) -> int:
    """Post what is due for a contract by now; from period ``since`` on also what was charged otherwise.

    However often it is asked and by however many, each period is charged once.
    """
    known = contracts.held(contract_id)
    if known is None:
        return 0
    contract, now = known.contract, clock.now()
    last = contract.last_day(known.ends_before)
    first = known.next_period if since is None else since
    if first is None:
        return 0
    due = [*contract.periods(first, now, last)]
    otherwise = (period for period in known.charges if period >= first)
    posted = sum(
        _charge_period(known, period, contracts, journal, clock) for period in sorted({*due, *otherwise})
    )
    following = contract.after(due[-1]) if due else max(first, contract.period_of(contract.starts_on))
    if last is not None and following > last:
        contracts.set_next(contract_id, None, None)
    else:
        contracts.set_next(contract_id, following, contract.due_at(following))
    return posted


def _charge_period(
    known: ContractBook, period: date, contracts: Contracts, journal: Journal, clock: Clock
) -> int:
    contract = known.contract
    goal = goal_of_period(known, period, contracts)
    nothing = Charged(charge=Charge(amount=0, formula=None), postings=0, last_transaction=None)
    there = known.charges.get(period, nothing)
    difference = goal.amount - there.charge.amount
    if not difference:
        return 0
    account, kind = _REVENUE[contract.kind]
    note = goal.formula
    if there.postings:
        note = corrected(goal.formula, goal.amount, there.charge.amount)
    posting = post(
        natural_key=f"{contract.kind}:{contract.contract_id}:{period.isoformat()}:{there.postings}",
        cause_type="ContractCharged" if difference > 0 else "ContractEnded",
        occurred_at=clock.now(),
        currency=contract.currency,
        moves=[
            Move(
                amount=difference,
                debit=shop_payable(contract.shop_id),
                credit=account,
                kind=kind,
                base=contract.fee if not there.postings else None,
                note=note,
            )
        ],
        rate_plan=contract.rate_plan,
        reverses=there.last_transaction if difference < 0 else None,
        journal=journal,
        clock=clock,
    )
    if posting is None:
        raise LookupError(f"posting {there.postings} of {contract.contract_id}, {period} is there already")
    contracts.keep_charge(contract.contract_id, period, goal, posting.transaction_id)
    return 1


def goal_of_period(known: ContractBook, period: date, contracts: Contracts) -> Charge:
    """What the period of a contract that begins at ``period`` calls for."""
    contract = known.contract
    orders = 0
    if contract.per_order:
        orders = contracts.delivered(contract.shop_id, begin_of(period), begin_of(contract.after(period)))
    return charge_of(contract, known.ends_before, period, orders)


def _check_shop(actor: Actor, shop_id: str, catalogue: Catalogue) -> None:
    if not _may_see(actor, shop_id, catalogue):
        raise ShopNotFound("There is no such shop among yours.")


def _may_see(actor: Actor, shop_id: str, catalogue: Catalogue) -> bool:
    shop = catalogue.shop(shop_id)
    return shop is not None and may_see_shop(actor, shop)
