"""Every refusal of the storefront, as one tree.

Refusal
├── NotFound    ShopNotFound, ListingNotFound
├── Forbidden   NotYourShop, OperatorsOnly, MerchantsOnly
├── Conflict    ShopExists, ShopNotApproved, ShopChanged, ListingExists, ListingChanged,
│               ReservationReleased, ReservationDiffers
└── Refused     ShopClosed, ShopFull, OutOfDeliveryRange, MixedCurrencies, OutOfStock, PriceChanged
"""

from __future__ import annotations

from shared.kernel.errors import Conflict, Forbidden, NotFound, Refused


class ShopNotFound(NotFound):
    code, title = "shop-not-found", "There is no such shop"


class ListingNotFound(NotFound):
    code, title = "listing-not-found", "There is no such listing"


class NotYourShop(Forbidden):
    code, title = "not-your-shop", "Only the shop's own merchant may do this"


class OperatorsOnly(Forbidden):
    code, title = "operators-only", "Only the platform's operators may do this"


class MerchantsOnly(Forbidden):
    code, title = "merchants-only", "Only merchants open shops"


class ShopExists(Conflict):
    code, title = "shop-exists", "The shop's id is taken"


class ShopNotApproved(Conflict):
    code, title = "shop-not-approved", "The shop waits for approval"


class ShopChanged(Conflict):
    code, title = "shop-changed", "The shop was changed in the meantime"


class ListingExists(Conflict):
    code, title = "listing-exists", "The listing's id is taken"


class ListingChanged(Conflict):
    code, title = "listing-changed", "The listing was changed in the meantime"


class ReservationReleased(Conflict):
    code, title = "reservation-released", "The order's units were already given back"


class ReservationDiffers(Conflict):
    code, title = "reservation-differs", "The order already holds other units"


class ShopClosed(Refused):
    code, title = "shop-closed", "The shop is closed"


class ShopFull(Refused):
    code, title = "shop-full", "The shop prepares no more at that time"


class OutOfDeliveryRange(Refused):
    code, title = "out-of-delivery-range", "The shop does not deliver there"


class MixedCurrencies(Refused):
    code, title = "mixed-currencies", "A basket is paid in one currency"


class OutOfStock(Refused):
    code, title = "out-of-stock", "There is not enough in stock"


class PriceChanged(Refused):
    code, title = "price-changed", "A price has changed"
