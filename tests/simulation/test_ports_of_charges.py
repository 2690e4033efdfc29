"""Charging shops, in memory and on PostgreSQL: one suite for both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.commission.adapters.catalogue_sql import SqlCatalogue
from services.commission.adapters.contracts_sql import SqlContracts
from services.commission.adapters.journal_sql import SqlJournal
from services.commission.adapters.ledger_sql import SqlLedger
from services.commission.application import charging
from services.commission.application.charge_ports import ContractBook, Contracts
from services.commission.application.ports import Catalogue, Journal, Ledger
from services.commission.domain.commands import Actor, BookContract, EndContract
from services.commission.domain.errors import (
    ContractExists,
    ContractNotFound,
    ContractRefused,
    ShopNotFound,
)
from services.commission.domain.promotion import Shop
from services.commission.domain.rates import PlacementFee
from services.commission.domain.shop_contract import ContractKind, begin_of
from shared.testing.clock import StoppedClock
from tests.commission.builders import a_plan
from tests.simulation.database import MemoryConnection, MemoryDatabase
from tests.simulation.ports.commission import MemoryCatalogue, MemoryJournal, MemoryLedger
from tests.simulation.ports.rates import MemoryContracts
from tests.simulation.scheduler import Faults, Scheduler

OPERATOR = Actor(account_id="operator-1", role="operator")
OWNER = Actor(account_id="owner-of-bakery", role="merchant")
PAYABLE = "payable:shop:bakery"


@dataclass(frozen=True, kw_only=True)
class Ports:
    contracts: Contracts
    journal: Journal
    catalogue: Catalogue
    ledger: Ledger


@dataclass(frozen=True, kw_only=True)
class Office:
    open: Callable[[], AbstractContextManager[Ports]]
    clock: StoppedClock

    def books(self, kind: ContractKind = ContractKind.SUBSCRIPTION, **changes: Any) -> ContractBook:
        is_tool = kind is ContractKind.SUBSCRIPTION
        asked: dict[str, Any] = {
            "actor": OWNER,
            "contract_id": "contract-1",
            "kind": kind,
            "shop_id": "bakery",
            "product": "shelf planner" if is_tool else "front page",
            "currency": "CNY",
            "starts_on": date(2026, 1, 19),
            "ends_on": None if is_tool else date(2026, 1, 21),
        }
        with self.open() as ports:
            return charging.book(
                BookContract(**(asked | changes)),
                contracts=ports.contracts,
                catalogue=ports.catalogue,
                clock=self.clock,
            )

    def ends(self, ends_before: date, actor: Actor = OPERATOR) -> ContractBook:
        command = EndContract(actor=actor, contract_id="contract-1", ends_before=ends_before, reason="closed")
        with self.open() as ports:
            return charging.end(
                command,
                contracts=ports.contracts,
                journal=ports.journal,
                catalogue=ports.catalogue,
                clock=self.clock,
            )

    def charges(self, day: date, hour: float = 12) -> int:
        """Let it be ``day``, and charge what is due; returns how many postings that made."""
        self.clock.advance(begin_of(day) + timedelta(hours=hour) - self.clock.now())
        posted = 0
        with self.open() as ports:
            due = ports.contracts.due(self.clock.now(), 100)
        for contract_id in due:
            with self.open() as ports:
                posted += charging.charge(
                    contract_id, contracts=ports.contracts, journal=ports.journal, clock=self.clock
                )
        return posted

    def balances(self) -> dict[str, int]:
        with self.open() as ports:
            return {account: amount for account, _, amount in ports.ledger.balances() if amount}

    def charged(self) -> dict[date, int]:
        with self.open() as ports:
            found = ports.contracts.held("contract-1")
        assert found is not None
        return {period: each.charge.amount for period, each in found.charges.items()}


@pytest.fixture(params=["memory", "postgresql"])
def office(request: pytest.FixtureRequest) -> Office:
    clock = StoppedClock(begin_of(date(2026, 1, 18)).astimezone(UTC))
    if request.param == "memory":
        connection = MemoryConnection(MemoryDatabase("commission", Scheduler(0, Faults())), None)

        @contextmanager
        def memory() -> Iterator[Ports]:
            yield Ports(
                contracts=MemoryContracts(connection),
                journal=MemoryJournal(connection),
                catalogue=MemoryCatalogue(connection),
                ledger=MemoryLedger(connection),  # type: ignore[arg-type]
            )

        found = Office(open=memory, clock=clock)
    else:
        real = request.getfixturevalue("service_database")("commission")

        @contextmanager
        def postgresql() -> Iterator[Ports]:
            with real.transaction() as tx:
                yield Ports(
                    contracts=SqlContracts(tx.connection),
                    journal=SqlJournal(tx.connection),
                    catalogue=SqlCatalogue(tx.connection),
                    ledger=SqlLedger(tx.connection),
                )

        found = Office(open=postgresql, clock=clock)
    since = datetime(2001, 1, 1, tzinfo=UTC)
    plan = a_plan(
        plan_id="priced",
        effective_from=since,
        subscription_fees={"shelf planner": 19800},
        placement_fees={"front page": PlacementFee(per_day=500, per_order=30)},
    )
    with found.open() as ports:
        ports.catalogue.keep_shop(Shop(shop_id="bakery", owner_id="owner-of-bakery", category="bakery"))
        ports.catalogue.add_plan(plan, since)
    return found


def test_a_subscription_is_charged_by_the_month_and_once(office: Office) -> None:
    office.books()
    assert office.charges(date(2026, 1, 18)) == 0
    assert office.charges(date(2026, 1, 19)) == 1
    assert office.charges(date(2026, 1, 31)) == 0
    assert office.charges(date(2026, 2, 1)) == 1
    assert office.charges(date(2026, 2, 1)) == 0
    # 13 of 31 days of January, all of February.
    assert office.charged() == {date(2026, 1, 1): 8303, date(2026, 2, 1): 19800}
    assert office.balances() == {PAYABLE: 28103, "revenue:subscription": -28103}


def test_what_a_pause_of_the_timer_missed_is_charged_later(office: Office) -> None:
    office.books()
    assert office.charges(date(2026, 4, 2)) == 4
    assert [period.month for period in office.charged()] == [1, 2, 3, 4]


def test_a_placement_is_charged_when_its_day_is_over_and_not_beyond_the_last(office: Office) -> None:
    office.books(ContractKind.ADVERTISING)
    assert office.charges(date(2026, 1, 19)) == 0
    assert office.charges(date(2026, 1, 20)) == 1
    assert office.charges(date(2026, 1, 30)) == 2
    assert office.balances() == {PAYABLE: 1500, "revenue:advertising": -1500}
    assert office.charges(date(2026, 3, 1)) == 0


def test_ending_a_subscription_gives_the_rest_of_the_month_back(office: Office) -> None:
    office.books()
    office.charges(date(2026, 2, 1))
    office.ends(date(2026, 2, 15))
    assert office.charged() == {date(2026, 1, 1): 8303, date(2026, 2, 1): 9900}
    assert office.balances() == {PAYABLE: 18203, "revenue:subscription": -18203}
    assert office.charges(date(2026, 3, 2)) == 0


def test_a_wrong_end_is_put_right_by_a_later_note(office: Office) -> None:
    office.books()
    office.charges(date(2026, 2, 1))
    office.ends(date(2026, 1, 20))
    assert office.charged() == {date(2026, 1, 1): 639, date(2026, 2, 1): 0}
    office.ends(date(2026, 3, 2))
    assert office.charged() == {date(2026, 1, 1): 8303, date(2026, 2, 1): 19800}
    assert office.charges(date(2026, 4, 2)) == 1
    assert office.charged()[date(2026, 3, 1)] == 639


def test_a_shop_books_and_ends_its_own_at_the_price_of_the_plan(office: Office) -> None:
    assert office.books().contract.fee == 19800
    assert office.books() == office.books()
    office.charges(date(2026, 1, 19))
    with pytest.raises(ContractRefused, match="tomorrow"):
        office.ends(date(2026, 1, 19), actor=OWNER)
    office.ends(date(2026, 1, 20), actor=OWNER)
    assert office.charged() == {date(2026, 1, 1): 639}


def test_an_operator_agrees_on_another_price(office: Office) -> None:
    found = office.books(actor=OPERATOR, product="consulting", fee=100)
    with office.open() as ports:
        in_force = ports.catalogue.plan_at("CNY", office.clock.now())
    assert in_force is not None
    assert (found.contract.fee, found.contract.rate_plan) == (100, in_force[0])


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"product": "unheard of"}, ContractRefused),
        ({"fee": 1}, ContractRefused),
        ({"starts_on": date(2026, 1, 17)}, ContractRefused),
        ({"ends_on": date(2026, 1, 18)}, ContractRefused),
        ({"actor": Actor(account_id="somebody", role="merchant")}, ShopNotFound),
        ({"shop_id": "unknown", "actor": OPERATOR}, ShopNotFound),
    ],
)
def test_not_everything_can_be_booked(
    office: Office, changes: dict[str, Any], refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        office.books(**changes)


def test_an_id_names_one_contract(office: Office) -> None:
    office.books()
    with pytest.raises(ContractExists):
        office.books(starts_on=date(2026, 1, 20))
    with pytest.raises(ContractNotFound):
        office.ends(date(2026, 2, 1), actor=Actor(account_id="somebody", role="merchant"))


def test_a_shop_sees_its_own(office: Office) -> None:
    office.books()
    with office.open() as ports:
        found = charging.contracts_of(
            OWNER, "bakery", None, 10, contracts=ports.contracts, catalogue=ports.catalogue
        )
        assert [each.contract.contract_id for each in found] == ["contract-1"]
        with pytest.raises(ShopNotFound):
            charging.contracts_of(
                Actor(account_id="somebody", role="merchant"),
                "bakery",
                None,
                10,
                contracts=ports.contracts,
                catalogue=ports.catalogue,
            )
