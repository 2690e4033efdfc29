"""Money that goes back to a customer, and how the fault for a failed delivery decides about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.ordering.domain.lines import LinePart
from shared.kernel.ids import derived_id

SHOP, PLATFORM, COURIER = "shop", "platform", "courier"


@dataclass(frozen=True, kw_only=True)
class Refund:
    """One refund: of parts of one store order, or (without one) of the delivery fee or the tip.

    ``command_id`` names what asked for it; one command may cause several refunds. ``amount`` is
    ``goods`` + ``delivery_fee`` + ``tip``, in the order's minor units. ``restock`` says that the goods are
    on the shelf again, ``borne_by`` at whose cost: the shop's, unless somebody else is at fault.
    """

    refund_id: str
    command_id: str
    order_id: str
    store_order_id: str | None
    shop_id: str | None
    issued_at: datetime
    reason: str
    goods: int
    delivery_fee: int
    restock: bool
    lines: tuple[LinePart, ...]
    borne_by: str = SHOP
    tip: int = 0

    @property
    def amount(self) -> int:
        return self.goods + self.delivery_fee + self.tip


def refund_of_goods(
    *,
    refund_id: str,
    command_id: str,
    order_id: str,
    store_order_id: str,
    shop_id: str,
    issued_at: datetime,
    reason: str,
    restock: bool,
    lines: tuple[LinePart, ...],
) -> Refund:
    """The refund of ``lines`` of one store order."""
    return Refund(
        refund_id=refund_id,
        command_id=command_id,
        order_id=order_id,
        store_order_id=store_order_id,
        shop_id=shop_id,
        issued_at=issued_at,
        reason=reason,
        goods=sum(part.amount for part in lines),
        delivery_fee=0,
        restock=restock,
        lines=lines,
    )


def refund_of_delivery_fee(
    *, command_id: str, order_id: str, issued_at: datetime, reason: str, amount: int
) -> Refund:
    """The refund of an order's delivery fee: at most one an order, so its id follows from the order's."""
    return Refund(
        refund_id=derived_id("refund", "delivery-fee", order_id),
        command_id=command_id,
        order_id=order_id,
        store_order_id=None,
        shop_id=None,
        issued_at=issued_at,
        reason=reason,
        goods=0,
        delivery_fee=amount,
        restock=False,
        lines=(),
    )


def refund_of_tip(*, order_id: str, issued_at: datetime, reason: str, amount: int) -> Refund:
    """The refund of an order's tip: at most one an order, so its ids follow from the order's."""
    refund_id = derived_id("refund", "tip", order_id)
    return Refund(
        refund_id=refund_id,
        command_id=refund_id,
        order_id=order_id,
        store_order_id=None,
        shop_id=None,
        issued_at=issued_at,
        reason=reason,
        goods=0,
        delivery_fee=0,
        restock=False,
        lines=(),
        tip=amount,
    )


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Who a failed delivery is laid to, whether the fee comes back, and whether the goods return."""

    of: str
    return_delivery_fee: bool
    restock: bool


_CUSTOMER = Fault(of="customer", return_delivery_fee=False, restock=True)
_COURIER = Fault(of="courier", return_delivery_fee=True, restock=False)
_PLATFORM = Fault(of="platform", return_delivery_fee=True, restock=True)

# The decision rests on the stated reason alone, never on which pickups are known by now, so that it is
# the same in whatever order the courier's messages arrive.
FAULTS: dict[str, Fault] = {
    "customer-absent": _CUSTOMER,
    "customer-refused": _CUSTOMER,
    "wrong-address": _CUSTOMER,
    "unreachable": _CUSTOMER,
    "accident": _COURIER,
    "damaged": _COURIER,
    "lost": _COURIER,
    "no-courier": _PLATFORM,
    "shop-closed": _PLATFORM,
    "not-ready": _PLATFORM,
}


def fault_of(reason: str) -> Fault:
    """Whose fault ``reason`` is; what nobody foresaw is the platform's own."""
    return FAULTS.get(reason.strip().lower().replace("_", "-").replace(" ", "-"), _PLATFORM)
