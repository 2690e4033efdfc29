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


class AfterSaleCaseChanged(TypedDict):
    """A case goes on and waits for somebody else; the order is not completed meanwhile."""

    case_id: str
    order_id: str
    store_order_id: str
    shop_id: str
    customer_id: str
    changed_at: str
    status: str
    decided_by: str
    due_at: str | None


class AfterSaleCaseClosed(TypedDict):
    """A case is over; a RefundIssued paid back what it was about where `refund_id` says so."""

    case_id: str
    order_id: str
    store_order_id: str
    shop_id: str
    customer_id: str
    closed_at: str
    status: str
    decided_by: str
    refund_id: str | None
    borne_by: str | None


class CaseLine(TypedDict):
    line_id: str
    listing_id: str
    quantity: int


class AfterSaleCaseOpened(TypedDict):
    """A customer says that something is wrong with goods that arrived; the shop is to answer."""

    case_id: str
    order_id: str
    store_order_id: str
    shop_id: str
    customer_id: str
    opened_at: str
    due_at: str | None
    reason: str
    lines: list[CaseLine]


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
    level: NotRequired[int]
    accrued_at: str


class CommissionReleased(TypedDict):
    """The after-sale window closed: the commission may be paid out."""

    accrual_id: str
    order_id: str
    store_order_id: str
    promotion_link_id: str
    promoter_shop_id: str
    amount: Money
    level: NotRequired[int]
    released_at: str


class CommissionReversed(TypedDict):
    """A refund took `amount` of a commission back; `remaining` is what is left of it."""

    accrual_id: str
    order_id: str
    store_order_id: str
    promotion_link_id: str
    promoter_shop_id: str
    amount: Money
    level: NotRequired[int]
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


class DeliverySplit(TypedDict):
    """A second courier brings some shops' parts of the order, on a trip of its own."""

    delivery_id: str
    order_id: str
    trip_id: str
    zone_id: str
    store_order_ids: list[str]
    reason: str
    split_at: str
    eta: str | None
    trip_eta: str | None


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


class LineWeighed(TypedDict):
    """What the units of a line that are left weigh together; what is lighter costs less
    (RefundIssued)."""

    order_id: str
    store_order_id: str
    shop_id: str
    line_id: str
    listing_id: str
    weighed_at: str
    grams: int
    estimated_grams: int


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


class OfferAccepted(TypedDict):
    """A shop promotes the goods of an offer, at this rate, and at a price of its own if there is one."""

    promotion_link_id: str
    promoter_shop_id: str
    offer_id: str
    listing_id: str
    rate_bp: int
    price: NotRequired[Money]
    accepted_at: str


class OfferPublished(TypedDict):
    """A version of an offer came into force; an ended one has an `ends_at` that has passed."""

    offer_id: str
    version: int
    listing_id: str
    rate_min_bp: int
    rate_max_bp: int
    recruiter_bp: int
    exclusive: bool
    starts_at: str | None
    ends_at: str | None
    published_at: str


class OfferWithdrawn(TypedDict):
    """A shop promotes the goods no more."""

    promotion_link_id: str
    promoter_shop_id: str
    offer_id: str
    listing_id: str
    withdrawn_at: str


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
    collected: NotRequired[Money]


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
    """The provider has the money, or the customer pays at the door: the order goes to its shops."""

    order_id: str
    customer_id: str
    zone_id: str
    goods: Money
    discount: Money
    delivery_fee: Money
    total: Money
    tip: NotRequired[Money]
    store_orders: list[OrderPaidStorePart]
    payment_id: str
    paid_at: str
    method: NotRequired[str]


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
    tip: NotRequired[Money]
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


class OwedPayee(TypedDict):
    kind: str
    id: str


class PayoutConfirmed(TypedDict):
    """`amount` arrived at the payee's bank account; `fee` was taken off their balance besides."""

    payout_id: str
    payee: OwedPayee
    amount: Money
    fee: Money
    confirmed_at: str


class PayoutFailed(TypedDict):
    """The bank refused a payout: nothing was paid, and it is tried again."""

    payout_id: str
    payee: OwedPayee
    amount: Money
    fee: Money
    failed_at: str


class PayoutReturned(TypedDict):
    """The bank brought the money of a confirmed payout back: amount and fee are payable again."""

    payout_id: str
    payee: OwedPayee
    amount: Money
    fee: Money
    returned_at: str


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


class RefundHandedBack(TypedDict):
    """What was collected at the door and refunded later is in the customer's hands again."""

    order_id: str
    customer_id: str
    refund_id: str
    amount: Money
    handed_back_at: str
    courier_id: str | None


class RefundedLine(TypedDict):
    line_id: str
    listing_id: str
    quantity: int
    amount: Money
    discounts: list[Discount]
    promotion_link_id: str | None
    substitution_id: NotRequired[str]


class RefundIssued(TypedDict):
    """Money goes back: for parts of one store order, or (without one) for the delivery fee or the tip."""

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
    borne_by: NotRequired[str]
    tip: NotRequired[Money]


class ReturnStarted(TypedDict):
    """What nobody took goes back to its shops; DeliveryFailed follows when the last one was visited."""

    delivery_id: str
    order_id: str
    courier_id: str
    reason: str
    started_at: str
    store_order_ids: list[str]


class ReviewHidden(TypedDict):
    """An operator took a review out of sight; it counts no more."""

    rating_id: str
    kind: str
    order_id: str
    store_order_id: str | None
    shop_id: str | None
    courier_id: str | None
    reason: str
    hidden_at: str


class ReviewPublished(TypedDict):
    """A customer said how a shop's part or a delivery was; a later version replaces the earlier."""

    rating_id: str
    kind: str
    order_id: str
    store_order_id: str | None
    shop_id: str | None
    courier_id: str | None
    customer_id: str
    stars: int
    version: int
    published_at: str


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


class ShoppingListDue(TypedDict):
    """A recurring list reminds its customer; nothing is ordered unless they do."""

    list_id: str
    customer_id: str
    due_at: str


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


class StatementIssued(TypedDict):
    """A payee's cycle closed: `opening + earned - paid_out = closing`; a negative closing is owed to the
    platform and filled by what is earned later."""

    statement_id: str
    payee: OwedPayee
    number: int
    cycle: str
    starts_at: str
    ends_at: str
    opening: Money
    earned: Money
    paid_out: Money
    closing: Money
    issued_at: str


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


class StoreOrderReminded(TypedDict):
    """A shop has not taken its part on and half of its time is over; after `accept_by` it is rejected."""

    order_id: str
    store_order_id: str
    shop_id: str
    reminded_at: str
    accept_by: str


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


class SubstitutionAnswered(TypedDict):
    """What became of a proposal, by the customer or by the clock; a RefundIssued gives what is due
    back."""

    order_id: str
    store_order_id: str
    shop_id: str
    substitution_id: str
    customer_id: str
    line_id: str
    listing_id: str
    substitute_listing_id: str | None
    quantity: int
    decided_at: str
    decided_by: str
    status: str


class SubstitutionProposed(TypedDict):
    """A shop offers something else for units that are missing; without an answer a rule decides then."""

    order_id: str
    store_order_id: str
    shop_id: str
    substitution_id: str
    customer_id: str
    line_id: str
    listing_id: str
    substitute_listing_id: str | None
    quantity: int
    proposed_at: str
    decide_by: str
    unit_price: Money


class TripCompleted(TypedDict):
    """One trip of a split order was handed over, with these parts, while the other one goes on."""

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
    store_order_ids: list[str]
