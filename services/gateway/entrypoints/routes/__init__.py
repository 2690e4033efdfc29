"""Every route of the API, by topic."""

from __future__ import annotations

from services.gateway.entrypoints.routes import (
    accounts,
    courier,
    customer,
    dispatching,
    events,
    ledger,
    merchant,
    operator,
    pages,
    proofs,
    provider,
    rota,
    storefront,
)
from services.gateway.entrypoints.routing import Route

ALL: tuple[Route, ...] = (
    *accounts.routes,
    *storefront.routes,
    *customer.routes,
    *merchant.routes,
    *courier.routes,
    *operator.routes,
    *ledger.routes,
    *dispatching.routes,
    *rota.routes,
    *proofs.routes,
    *events.routes,
    *provider.routes,
    *pages.routes,
)
