"""A supplying shop and the shops that promote its goods, on fakes in memory or on PostgreSQL."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from services.commission.entrypoints.service import CommissionService
from shared.messaging.envelope import Event
from shared.messaging.inbox import consume
from shared.testing.clock import StoppedClock
from tests.commission.builders import (
    CUSTOMER,
    NOON,
    Line,
    Order,
    Part,
    a_listing_published,
    a_shop_opened,
    merchant,
    operator,
    yuan,
)

FIRST_PLAN = {
    "plan_id": "first",
    "effective_from": "2000-01-01T00:00:00Z",
    "take_rate_bp": 500,
    "distribution_bp": 1000,
    "distribution_max_bp": 2000,
    "courier_pay": {"per_drop": yuan(300), "per_extra_pickup": yuan(100), "per_km": yuan(80)},
}


class Street:
    """A supplying shop of rare fruit, and fruit shops and a bakery around it."""

    def __init__(self, database: Any) -> None:
        self.clock = StoppedClock(NOON)
        self.service: Any = CommissionService()
        self.service.database, self.service.clock = database, self.clock
        self._database = database
        self._hears(
            a_shop_opened("supplier"),
            a_shop_opened("florist"),
            a_shop_opened("kiosk"),
            a_shop_opened("corner"),
            a_shop_opened("bakery", category="bakery"),
            a_listing_published("rare-fruit", "supplier"),
            a_listing_published("apple", "supplier", sourced=False),
        )

    def _hears(self, *events: Event) -> None:
        for event in events:
            handler = getattr(CommissionService, f"on_{event.source}").handle
            failed = []

            def take_in(tx: Any, event: Event, handler: Any = handler, failed: Any = failed) -> None:
                try:
                    handler(self.service, tx, event)
                except Exception as error:
                    failed.append(error)
                    raise

            consume(self._database, f"commission.from.{event.source}", take_in, [event])
            assert not failed

    def offer(self, offer_id: str = "offer", **terms: Any) -> Any:
        asked = {"listing_id": "rare-fruit", "rate_min_bp": 500, "rate_max_bp": 1500} | terms
        return self.service.publish_offer(actor=operator(), offer_id=offer_id, **asked)

    def accept(self, shop: str, **changes: Any) -> Any:
        asked = {"shop_id": shop, "link_id": f"link-{shop}", "listing_id": "rare-fruit"} | changes
        return self.service.create_promotion_link(actor=merchant(shop), **asked)

    def click(self, shop: str, customer: str | None = CUSTOMER, visitor: str = "visitor") -> None:
        actor = None if customer is None else {"account_id": customer, "role": "customer"}
        (link,) = (each for each in self.shown(shop))
        self.service.follow_promotion_link(actor=actor, code=link["code"], visitor=visitor)

    def shown(self, shop: str) -> list[Any]:
        return self.service.virtual_storefront(shop_id=shop)["items"]  # type: ignore[no-any-return]

    def buys(
        self, customer: str = CUSTOMER, *, link: str | None = None, quantity: int = 1, deliver: bool = True
    ) -> Order:
        """So many rare fruits for 10.00 each, paid now, and delivered at once."""
        line = Line(
            goods=1000 * quantity, quantity=quantity, listing_id="rare-fruit", sourced=True, link_id=link
        )
        order = Order(
            parts=[Part(shop_id="supplier", lines=[line])], customer_id=customer, paid_at=self.clock.now()
        )
        self._hears(order.paid(), *([order.delivered()] if deliver else []))
        self.clock.advance(timedelta(minutes=1))
        return order

    def hears_of(self, *events: Event) -> None:
        self._hears(*events)

    def earned(self, shop: str) -> list[tuple[str, int, str | None, str | None]]:
        """Status, amount, reason and by what it was attributed, of everything the shop earned."""
        found = self.service.accruals(actor=merchant(shop), shop_id=shop)["items"]
        return sorted(
            (each["status"], each["amount"]["amount"], each["reason"], each["attributed_by"])
            for each in found
        )

    def is_sound(self) -> bool:
        return bool(self.service.check(actor=operator())["sound"])
