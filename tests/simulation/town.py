"""Where it all happens: a zone, shops with few goods, couriers, a coupon that runs out, a promoter."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from shared.kernel.clock import to_wire
from tests.simulation.platform import Platform

if TYPE_CHECKING:
    from tests.simulation.actors import People

Wire = dict[str, Any]

OPERATOR = {"account_id": "operator", "role": "operator"}
CURRENCY = "CNY"
_LAT, _LON = 30.25, 120.15


def money(amount: int) -> Wire:
    return {"amount": amount, "currency": CURRENCY}


class Town:
    """What people find when they come."""

    zone_id = "zone"
    slot_id = "slot"
    later_slot_id = "slot-later"

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._chance = platform.world.chance
        # The merchant of each shop, the shop of each listing, what was on the shelf at first.
        self.shops: dict[str, str] = {}
        self.listings: dict[str, str] = {}
        self.stock: dict[str, int] = {}
        self.couriers: list[str] = []
        self.link_code: str | None = None
        self.links: dict[str, str] = {}

    def settle(self) -> None:
        """Set up everything in peace; runs as a task."""
        self._zone()
        self._rates()
        for number in range(self._chance.randint(2, 3)):
            self._shop(number)
        for number in range(self._chance.randint(1, 2)):
            self._courier(number)
        self._campaigns()
        self._platform.world.pause(5.0)
        self._promote()
        self._platform.world.pause(5.0)

    # -- what people choose --------------------------------------------------------------------------

    def place(self, chance: Random) -> Wire:
        return {"lat": _LAT + chance.random() * 0.02, "lon": _LON + chance.random() * 0.02}

    def door(self, chance: Random) -> Wire:
        return self.place(chance) | {"address": "Lakeside 7", "contact": "Mrs Lin"}

    def basket(self, chance: Random, *, wanted_by_all: bool) -> list[Wire]:
        chosen = chance.sample(sorted(self.listings), chance.randint(1, min(4, len(self.listings))))
        if wanted_by_all:
            hot = min(self.listings)
            chosen = [hot, *(other for other in chosen if other != hot)]
        return [self._line(chance, number, listing_id) for number, listing_id in enumerate(chosen)]

    def _line(self, chance: Random, number: int, listing_id: str) -> Wire:
        line = {"line_id": f"l{number}", "listing_id": listing_id, "quantity": chance.randint(1, 3)}
        if listing_id in self.links and chance.random() < 0.7:
            line["promotion_code"] = self.links[listing_id]
        return line

    def codes(self, chance: Random) -> list[str]:
        return ["COUPON"] if chance.random() < 0.5 else []

    # -- setting up ----------------------------------------------------------------------------------

    def _ask(self, service: str, method: str, actor: Wire = OPERATOR, **request: Any) -> Any:
        return self._platform.wire.call(service, method, actor=actor, **request)

    def _zone(self) -> None:
        self._ask(
            "dispatch",
            "open_zone",
            zone_id=self.zone_id,
            name="Lake",
            area={"south": 30.0, "west": 120.0, "north": 30.5, "east": 120.5},
            settings={
                "maximum_minutes": 40,
                "give_up_minutes": 20,
                "offer_seconds": 60,
                "slot_share": 1.0,
                "slot_cutoff_minutes": 5,
                "second_try_minutes": 6,
            },
        )
        starts = self._platform.world.now() + timedelta(minutes=20)
        slot = {
            "slot_id": self.slot_id,
            "starts_at": to_wire(starts),
            "ends_at": to_wire(starts + timedelta(minutes=15)),
            "cutoff_at": to_wire(starts - timedelta(minutes=5)),
            "capacity": 1,
        }
        later = {
            "slot_id": self.later_slot_id,
            "starts_at": to_wire(starts + timedelta(minutes=15)),
            "ends_at": to_wire(starts + timedelta(minutes=30)),
            "capacity": 2,
        }
        self._ask("dispatch", "open_slots", zone_id=self.zone_id, slots=[slot, later])

    def _rates(self) -> None:
        self._ask(
            "commission",
            "set_rate_plan",
            plan_id="plan",
            currency=CURRENCY,
            take_rate_bp=self._chance.choice((0, 500, 1234)),
            take_rate_base=self._chance.choice(("before_discounts", "after_shop_discount", "customer_paid")),
            take_rate_on_delivery_fee=self._chance.random() < 0.5,
            distribution_bp=700,
            distribution_max_bp=2000,
            courier_pay={
                "per_drop": money(400),
                "per_extra_pickup": money(100),
                "per_km": money(77),
                # An hour's worth for some minutes of work, so that some shifts pay less.
                "guaranteed_per_hour": money(6000),
                "peaks": [
                    {
                        "name": "always",
                        "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
                        "starts": "00:00",
                        "ends": "24:00",
                        "factor_bp": 12500,
                    }
                ],
            },
        )

    def _shop(self, number: int) -> None:
        shop_id, merchant_id = f"shop-{number}", f"merchant-{number}"
        merchant = {"account_id": merchant_id, "role": "merchant"}
        self.shops[shop_id] = merchant_id
        self._ask(
            "storefront",
            "open_shop",
            actor=merchant,
            shop_id=shop_id,
            name=f"Shop {number}",
            category="food",
            position=self.place(self._chance),
            preparation_minutes=3,
            preparation_capacity=self._chance.choice(
                (None, {"per_hour": 3, "counts": "orders"}, {"per_hour": 8, "counts": "items"})
            ),
        )
        self._ask("storefront", "approve_shop", shop_id=shop_id)
        for letter in "ab"[: self._chance.randint(1, 2)]:
            listing_id = f"{shop_id}-{letter}"
            self.listings[listing_id] = shop_id
            self.stock[listing_id] = self._chance.choice((1, 4, 12, 40))
            self._ask(
                "storefront",
                "publish_listing",
                listing_id=listing_id,
                shop_id=shop_id,
                name=listing_id,
                price=money(self._chance.randint(99, 2999)),
                stock=self.stock[listing_id],
                sourced=letter == "a",
            )

    def _courier(self, number: int) -> None:
        courier_id = self._platform.wire.call("gateway", "open_account", email=f"courier-{number}@linli.test")
        self._ask("dispatch", "approve_courier", courier_id=courier_id)
        self._ask("dispatch", "start_shift", **self._shift(courier_id, f"first-{courier_id}"))
        self.couriers.append(courier_id)

    def go_on_shift(self, people: People, courier_id: str, shift_id: str) -> None:
        request = self._shift(courier_id, shift_id)
        people.ask(request.pop("actor"), "dispatch", "start_shift", **request)

    def _shift(self, courier_id: str, shift_id: str) -> Wire:
        return {
            "actor": {"account_id": courier_id, "role": "courier"},
            "shift_id": shift_id,
            "zone_id": self.zone_id,
            "ends_at": to_wire(self._platform.world.now() + timedelta(hours=6)),
            "position": self.place(self._chance),
        }

    def _campaigns(self) -> None:
        now = self._platform.world.now()
        lasts = {"starts_at": to_wire(now - timedelta(hours=1)), "ends_at": to_wire(now + timedelta(hours=9))}
        off = self._chance.choice((100, 333, 1000))
        self._ask(
            "campaigns",
            "launch",
            campaign_id="coupon",
            kind="coupon",
            funder="platform",
            name="Welcome",
            rule={"threshold": money(0), "off": money(off)},
            budget=money(off * self._chance.randint(1, 3)),
            per_customer_limit=self._chance.choice((None, 1)),
            code="COUPON",
            **lasts,
        )
        if self._chance.random() < 0.5:
            shop_id = self._chance.choice(sorted(self.shops))
            self._ask(
                "campaigns",
                "launch",
                campaign_id="reduction",
                shop_id=shop_id,
                kind="full_reduction",
                funder="shop",
                name="Half moon",
                rule={"threshold": money(800), "off": money(177)},
                budget=money(177 * 4),
                **lasts,
            )

    def _promote(self) -> None:
        """The last shop promotes what the platform sources and another shop sells."""
        promoter = sorted(self.shops)[-1]
        for listing_id, shop_id in self.listings.items():
            if shop_id != promoter and listing_id.endswith("-a"):
                link = self._ask(
                    "commission",
                    "create_promotion_link",
                    actor={"account_id": self.shops[promoter], "role": "merchant"},
                    link_id=f"link-{listing_id}",
                    shop_id=promoter,
                    listing_id=listing_id,
                )
                self.links[listing_id] = link["code"]
                return
