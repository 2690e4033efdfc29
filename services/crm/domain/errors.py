"""Every refusal of crm.

Refusal (shared.kernel.errors)
└── NotFound
    ├── ShopNotFound
    └── CustomerNotFound
"""

from __future__ import annotations

from shared.kernel.errors import NotFound


class ShopNotFound(NotFound):
    code, title = "shop-not-found", "There is no such shop here"


class CustomerNotFound(NotFound):
    code, title = "customer-not-found", "This shop has no such customer"
