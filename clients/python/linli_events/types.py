"""What each type of event says: the keys of its ``data`` and what lies behind them.

Written by `make docs` from the published schemas. Moments are texts as RFC 3339 has them; amounts are whole
minor units. Later versions may have more keys and more words than are named here: skip what you do not know.
"""

from typing import NotRequired, TypedDict


class AccountRegistered(TypedDict):
    """Somebody may sign in from now on, in one role."""

    account_id: str
    role: str
    registered_at: str


class CampaignEnded(TypedDict):
    """A campaign takes nothing off any more."""

    campaign_id: str
    shop_id: str | None
    ended_at: str


class CampaignLaunched(TypedDict):
    """A campaign began to take something off; without a shop it is the platform's."""

    campaign_id: str
    shop_id: str | None
    kind: str
    funder: str
    starts_at: str
    ends_at: str


class Money(TypedDict):
    amount: int
    currency: str


class CommissionAccrued(TypedDict):
    """A promoter earned a commission: the part of the order was delivered. It is frozen until
    released."""

    accrual_id: str
    order_id: str
    store_order_id: str
    promotion_link_id: str
    promoter_shop_id: str
    amount: Money
    accrued_at: str


class CommissionReleased(TypedDict):
    """The after-sale window closed: the commission may be paid out."""

    accrual_id: str
    order_id: str
    store_order_id: str
    promotion_link_id: str
    promoter_shop_id: str
    amount: Money
    released_at: str


class CommissionReversed(TypedDict):
    """A refund took `amount` of a commission back; `remaining` is what is left of it."""

    accrual_id: str
    order_id: str
    store_order_id: str
    promotion_link_id: str
    promoter_shop_id: str
    amount: Money
    refund_id: str
    remaining: Money
    reversed_at: str


class CouponRedeemed(TypedDict):
    """A campaign took `amount` off an order that is placed."""

    campaign_id: str
    order_id: str
    customer_id: str
    amount: Money


class CouponReturned(TypedDict):
    """The order came to nothing: what the campaign took off may be used again."""

    campaign_id: str
    order_id: str
    customer_id: str
    amount: Money


class CourierAssigned(TypedDict):
    """A courier took the offer to bring this order; with a reason, somebody gave it to the courier."""

    delivery_id: str
    order_id: str
    zone_id: str
    courier_id: str
    assigned_at: str
    plan_version: int
    eta: str
    reason: NotRequired[str]


class CourierLent(TypedDict):
    """The courier is the other zone's from now on, until `ends_at` or a recall."""

    loan_id: str
    courier_id: str
    from_zone_id: str
    to_zone_id: str
    lent_at: str
    ends_at: str


class CourierLoanOffered(TypedDict):
    """A courier will be lent to a neighbouring zone once there is nothing left to do in the old one."""

    loan_id: str
    courier_id: str
    from_zone_id: str
    to_zone_id: str
    offered_at: str
    ends_at: str


class CourierOffShift(TypedDict):
    """A courier went home."""

    courier_id: str
    zone_id: str
    shift_id: str
    ended_at: str


class CourierOnShift(TypedDict):
    """A courier began to work in a zone, riding `vehicle`."""

    courier_id: str
    zone_id: str
    shift_id: str
    started_at: str
    ends_at: str
    vehicle: NotRequired[str]


class CourierRecalled(TypedDict):
    """The courier was called back, and takes nothing new in the other zone."""

    loan_id: str
    courier_id: str
    from_zone_id: str
    to_zone_id: str
    recalled_at: str


class CourierReturned(TypedDict):
    """The loan is over: the courier is the old zone's again, or goes home, or never left."""

    loan_id: str
    courier_id: str
    from_zone_id: str
    to_zone_id: str
    returned_at: str


class CourierUnassigned(TypedDict):
    """The courier will not bring this order after all; the reason is stated."""

    delivery_id: str
    order_id: str
    courier_id: str
    reason: str


class DeliveryCompleted(TypedDict):
    """The order was handed over. `distance_m` is what the courier rode to its stops."""

    delivery_id: str
    order_id: str
    zone_id: str
    courier_id: str
    completed_at: str
    pickups: int
    distance_m: int
    handover: NotRequired[str]
    proved_by: NotRequired[str]
    proved_at: NotRequired[str]
    proved_distance_m: NotRequired[int]
    unproved_reason: NotRequired[str]


class DeliveryFailed(TypedDict):
    """The order will not be delivered; whoever took the money gives it back."""

    delivery_id: str
    order_id: str
    courier_id: str | None
    reason: str
    failed_at: str


class DeliveryPlanned(TypedDict):
    """A plan has a courier in mind for the delivery. Nobody has been asked yet, and it may change."""

    delivery_id: str
    order_id: str
    zone_id: str
    courier_id: str
    plan_version: int
    eta: str
    promised_at: str
    eta_from: NotRequired[str]
    eta_to: NotRequired[str]


class DropOffFailed(TypedDict):
    """Nobody took the order at the door; until `choose_by` a second try may be chosen."""

    delivery_id: str
    order_id: str
    courier_id: str
    reason: str
    failed_at: str
    choose_by: str


class GoodsReturned(TypedDict):
    """A shop has its part of the order again."""

    delivery_id: str
    order_id: str
    store_order_id: str
    shop_id: str
    courier_id: str
    returned_at: str


class ListingChanged(TypedDict):
    """The listing as it is after a change; a withdrawn one is not on sale."""

    listing_id: str
    shop_id: str
    category: str
    price: Money
    sourced: bool
    status: str


class ListingPublished(TypedDict):
    """A shop began to sell something; `sourced` goods are supplied by the platform."""

    listing_id: str
    shop_id: str
    category: str
    price: Money
    sourced: bool


class ListingSoldOut(TypedDict):
    """The last unit on hand was sold."""

    listing_id: str
    shop_id: str


class OrderCancelled(TypedDict):
    """Nothing of the order will be delivered; what was paid goes back by RefundIssued."""

    order_id: str
    customer_id: str
    cancelled_at: str
    reason: str
    was_paid: bool


class OrderCompleted(TypedDict):
    """The after-sale window of a delivered order has closed."""

    order_id: str
    customer_id: str
    completed_at: str


class OrderDelivered(TypedDict):
    """Every part that was still in the order has reached the customer."""

    order_id: str
    customer_id: str
    delivered_at: str
    delivery_id: str
    courier_id: str
    store_order_ids: list[str]


class OrderExpired(TypedDict):
    """Nobody paid in time; everything held for the order is free."""

    order_id: str
    customer_id: str
    expired_at: str


class ByFunder(TypedDict):
    shop: Money
    platform: Money


class Discount(TypedDict):
    campaign_id: str
    funder: str
    amount: Money


class OrderPaidLine(TypedDict):
    line_id: str
    listing_id: str
    category: str | None
    sourced: bool
    quantity: int
    unit_price: Money
    goods: Money
    discount: Money
    discounts: list[Discount]
    paid: Money
    promotion_link_id: str | None


class OrderPaidStorePart(TypedDict):
    store_order_id: str
    shop_id: str
    merchant_id: str
    goods: Money
    discount: Money
    discount_by_funder: ByFunder
    paid: Money
    lines: list[OrderPaidLine]


class OrderPaid(TypedDict):
    """The provider has the money: the order goes to its shops."""

    order_id: str
    customer_id: str
    zone_id: str
    goods: Money
    discount: Money
    delivery_fee: Money
    total: Money
    store_orders: list[OrderPaidStorePart]
    payment_id: str
    paid_at: str


class OrderPlacedLine(TypedDict):
    line_id: str
    listing_id: str
    category: str | None
    sourced: bool
    quantity: int
    unit_price: Money
    goods: Money
    discount: Money
    discounts: list[Discount]
    paid: Money
    promotion_link_id: str | None


class OrderPlacedStorePart(TypedDict):
    store_order_id: str
    shop_id: str
    merchant_id: str
    goods: Money
    discount: Money
    discount_by_funder: ByFunder
    paid: Money
    lines: list[OrderPlacedLine]


class Area(TypedDict):
    lat: float
    lon: float


class OrderPlaced(TypedDict):
    """An order was priced and everything it needs is held, until it is paid or expires."""

    order_id: str
    customer_id: str
    zone_id: str
    goods: Money
    discount: Money
    delivery_fee: Money
    total: Money
    store_orders: list[OrderPlacedStorePart]
    placed_at: str
    expires_at: str
    slot_id: str | None
    drop_off_area: Area


class OrderRebooked(TypedDict):
    """An order was moved to another slot, or to "as soon as possible" (no slot), before its first
    pickup."""

    order_id: str
    customer_id: str
    rebooking_id: str
    number: int
    rebooked_at: str
    by: str
    from_slot_id: str | None
    slot_id: str | None
    starts_at: str | None
    ends_at: str | None
    promised_at: str | None
    shop_ids: list[str]


class PickupCompleted(TypedDict):
    """One shop's part of the order is on board. `proved_by` says how sure that is, where it was
    checked."""

    delivery_id: str
    order_id: str
    store_order_id: str
    shop_id: str
    courier_id: str
    picked_up_at: str
    proved_by: NotRequired[str]
    proved_at: NotRequired[str]
    proved_distance_m: NotRequired[int]


class PickupFailed(TypedDict):
    """One shop's part could not be collected and is left out; the rest is brought without it."""

    delivery_id: str
    order_id: str
    store_order_id: str
    shop_id: str
    courier_id: str
    reason: str
    failed_at: str


class RefundedLine(TypedDict):
    line_id: str
    listing_id: str
    quantity: int
    amount: Money
    discounts: list[Discount]
    promotion_link_id: str | None


class RefundIssued(TypedDict):
    """Money goes back: for parts of one store order, or (without one) for the delivery fee."""

    order_id: str
    customer_id: str
    refund_id: str
    store_order_id: str | None
    shop_id: str | None
    issued_at: str
    reason: str
    amount: Money
    goods: Money
    delivery_fee: Money
    restock: bool
    lines: list[RefundedLine]


class ReturnStarted(TypedDict):
    """What nobody took goes back to its shops; DeliveryFailed follows when the last one was visited."""

    delivery_id: str
    order_id: str
    courier_id: str
    reason: str
    started_at: str
    store_order_ids: list[str]


class SecondTryChosen(TypedDict):
    """The courier comes to the door once more, between `starts_at` and `ends_at`."""

    delivery_id: str
    order_id: str
    courier_id: str
    chosen_at: str
    chosen_by: str
    starts_at: str
    ends_at: str


class Payee(TypedDict):
    kind: str
    id: str | None


class Part(TypedDict):
    kind: str
    amount: Money


class SettlementPosted(TypedDict):
    """One posting of the ledger, as far as it is one payee's: `parts` add up to `amount`."""

    settlement_id: str
    transaction_id: str
    order_id: str
    store_order_id: str | None
    kind: str
    payee: Payee
    amount: Money
    parts: list[Part]
    correction: bool
    rate_plan: int
    posted_at: str


class ShopOpened(TypedDict):
    """An operator approved the shop: it may sell from now on."""

    shop_id: str
    owner_id: str
    category: str
    area: Area


class SlotCapacityChanged(TypedDict):
    """How many orders a slot takes from now on; orders that have it keep it, even if they are more."""

    slot_id: str
    zone_id: str
    version: int
    starts_at: str
    ends_at: str
    capacity: int
    source: str
    couriers: int
    courier_minutes: int
    pace: float


class StockReleasedLine(TypedDict):
    listing_id: str
    quantity: int


class StockReleased(TypedDict):
    """The units that were held for an order are free again."""

    order_id: str
    lines: list[StockReleasedLine]
    reason: str


class StockReservedLine(TypedDict):
    listing_id: str
    quantity: int


class StockReserved(TypedDict):
    """All units of one order are held."""

    order_id: str
    lines: list[StockReservedLine]


class StoreOrderAccepted(TypedDict):
    """A shop took its part on and said when it will be ready."""

    order_id: str
    store_order_id: str
    shop_id: str
    accepted_at: str
    ready_at: str


class StoreOrderReady(TypedDict):
    """A shop's part waits for the courier."""

    order_id: str
    store_order_id: str
    shop_id: str
    ready_at: str


class StoreOrderRejected(TypedDict):
    """A shop's part dropped out; a RefundIssued pays it back, the siblings go on."""

    order_id: str
    store_order_id: str
    shop_id: str
    customer_id: str
    rejected_at: str
    reason: str


class StoreOrderSplitLine(TypedDict):
    line_id: str
    listing_id: str
    category: str | None
    sourced: bool
    quantity: int
    unit_price: Money
    goods: Money
    discount: Money
    discounts: list[Discount]
    paid: Money
    promotion_link_id: str | None


class StoreOrderSplit(TypedDict):
    """One shop's part of a paid order came into being."""

    store_order_id: str
    shop_id: str
    merchant_id: str
    goods: Money
    discount: Money
    discount_by_funder: ByFunder
    paid: Money
    lines: list[StoreOrderSplitLine]
    order_id: str
    customer_id: str
    parts: int
    paid_at: str
