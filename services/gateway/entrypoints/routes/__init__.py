"""Every route of the API, by topic."""

from __future__ import annotations

from services.gateway.entrypoints.routes import (
    accounts,
    after_sale,
    courier,
    customer,
    dispatching,
    distribution,
    events,
    ledger,
    merchant,
    operator,
    pages,
    payments,
    proofs,
    provider,
    rates,
    rebooking,
    reviews,
    rota,
    settlement,
    shopping,
    storefront,
    substitutions,
)
from services.gateway.entrypoints.routing import Route

ALL: tuple[Route, ...] = (
    *accounts.routes,
    *storefront.routes,
    *customer.routes,
    *after_sale.routes,
    *reviews.routes,
    *shopping.routes,
    *payments.routes,
    *rebooking.routes,
    *merchant.routes,
    *distribution.routes,
    *substitutions.routes,
    *courier.routes,
    *operator.routes,
    *rates.routes,
    *ledger.routes,
    *dispatching.routes,
    *rota.routes,
    *proofs.routes,
    *settlement.routes,
    *events.routes,
    *provider.routes,
    *pages.routes,
)
