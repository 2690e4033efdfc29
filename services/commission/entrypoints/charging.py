"""Subscriptions and placements of shops on the wire, and the timer that charges for them."""

from __future__ import annotations

import logging
from typing import Any

from services.commission.adapters.catalogue_sql import SqlCatalogue
from services.commission.adapters.contracts_sql import SqlContracts
from services.commission.adapters.journal_sql import SqlJournal
from services.commission.application import charging
from services.commission.application.charge_ports import ContractBook
from services.commission.contracts import charge_requests
from services.commission.contracts.message import money
from services.commission.domain.commands import BookContract
from shared.kernel.clock import Clock, to_wire
from shared.messaging.rpc import answer
from shared.messaging.timer import every
from shared.persistence import Database

log = logging.getLogger(__name__)
# One turn of the timer charges this many contracts, each in a transaction of its own.
_AT_ONCE = 200


class ChargesShops:
    """Part of commission: what shops owe for tools and advertisements."""

    database: Database
    clock: Clock

    @answer
    def book_subscription(self, **request: Any) -> dict[str, Any]:
        return self._book(charge_requests.subscription(request))

    @answer
    def book_placement(self, **request: Any) -> dict[str, Any]:
        return self._book(charge_requests.placement(request))

    def _book(self, command: BookContract) -> dict[str, Any]:
        with self.database.transaction() as tx:
            found = charging.book(
                command,
                contracts=SqlContracts(tx.connection),
                catalogue=SqlCatalogue(tx.connection),
                clock=self.clock,
            )
        return contract(found)

    @answer
    def end_contract(self, **request: Any) -> dict[str, Any]:
        command = charge_requests.end(request)
        with self.database.transaction() as tx:
            found = charging.end(
                command,
                contracts=SqlContracts(tx.connection),
                journal=SqlJournal(tx.connection),
                catalogue=SqlCatalogue(tx.connection),
                clock=self.clock,
            )
        return contract(found)

    @answer
    def contracts(self, **request: Any) -> dict[str, Any]:
        """A shop's subscriptions and placements, with what was charged for each."""
        actor, shop_id, after, limit = charge_requests.of_shop(request)
        with self.database.read() as connection:
            found = charging.contracts_of(
                actor,
                shop_id,
                after,
                limit,
                contracts=SqlContracts(connection),
                catalogue=SqlCatalogue(connection),
            )
        shown = found[:limit]
        return {
            "items": [contract(each) for each in shown],
            "next_cursor": shown[-1].contract.contract_id if len(found) > limit else None,
        }

    @every(seconds=30.0)
    def charge_shops(self) -> None:
        """Charge what is due by now; a contract that fails is tried again at the next turn."""
        with self.database.read() as connection:
            due = SqlContracts(connection).due(self.clock.now(), _AT_ONCE)
        for contract_id in due:
            try:
                self._charge(contract_id)
            except Exception:
                # The others are not to wait for it.
                log.exception("charging for contract %s failed", contract_id)

    def _charge(self, contract_id: str) -> None:
        with self.database.transaction() as tx:
            charging.charge(
                contract_id,
                contracts=SqlContracts(tx.connection),
                journal=SqlJournal(tx.connection),
                clock=self.clock,
            )


def contract(found: ContractBook) -> dict[str, Any]:
    terms = found.contract
    charged = sum(each.charge.amount for each in found.charges.values())
    return {
        "contract_id": terms.contract_id,
        "kind": terms.kind.value,
        "shop_id": terms.shop_id,
        "product": terms.product,
        "fee": money(terms.fee, terms.currency),
        "per_order": money(terms.per_order, terms.currency),
        "rate_plan": terms.rate_plan,
        "starts_on": terms.starts_on.isoformat(),
        "ends_on": None if terms.ends_on is None else terms.ends_on.isoformat(),
        "ended_before": None if found.ends_before is None else found.ends_before.isoformat(),
        "booked_at": to_wire(terms.booked_at),
        "charged": money(charged, terms.currency),
        "charges": [
            {
                "period": period.isoformat(),
                "amount": money(each.charge.amount, terms.currency),
                "formula": each.charge.formula,
            }
            for period, each in found.charges.items()
        ],
    }
