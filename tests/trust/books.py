"""What every service and the provider have written down, as plain values that the oracle can compare.

A snapshot of the databases when all is quiet; nothing here judges.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.trust.booked_orders import AfterSale, BookedOrder, Refund
from tests.trust.history import Change


@dataclass(frozen=True, kw_only=True)
class Charge:
    charge_id: str
    payment_id: str
    order_id: str
    amount: int
    captured: bool = True


@dataclass(frozen=True, kw_only=True)
class Returned:
    """Money on its way back, in ordering's books (sent or not) or in the provider's (always sent)."""

    refund_id: str
    charge_id: str
    amount: int
    sent: bool = True
    by_hand: bool = False
    """Collected money, which a person gives back."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """The sum of a transaction on one account, for one store order and reason."""

    transaction_id: str
    order_id: str | None
    store_order_id: str | None
    account: str
    kind: str
    currency: str
    amount: int
    link_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The rates of one version of a rate plan, in basis points."""

    take_rate_bp: int
    take_rate_base: str
    distribution_bp: int
    distribution_min_bp: int
    distribution_max_bp: int
    by_category: Mapping[str, int] = field(default_factory=dict)
    by_shop: Mapping[str, int] = field(default_factory=dict)
    trip: tuple[int, int, int] | None = None
    """What a trip pays: for the drop, each further pickup, and a kilometre; nothing where hours matter."""


@dataclass(frozen=True, kw_only=True)
class Link:
    """A promotion link, and who owns the shop that earns by it."""

    link_id: str
    shop_id: str
    owner_id: str
    listing_id: str
    rate_bp: int | None = None


@dataclass(frozen=True, kw_only=True)
class Accrual:
    """What commission says that a link earned on a store order."""

    order_id: str
    store_order_id: str
    link_id: str
    status: str
    amount: int
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A statement beside the entries that it lists: their number, and the sum that they moved."""

    statement_id: str
    opening: int
    earned: int
    paid_out: int
    closing: int
    lines: int
    listed: int
    moved: int


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """Of an order that was split, either trip: the second has an ``order_id`` of its own, its key."""

    order_id: str
    status: str
    courier_id: str | None
    slot_id: str | None = None
    slot_taken: bool = False
    kept_by_payment: bool = False
    """Its hold was given back before it was paid: it has its place in the slot all the same."""
    delivery_id: str | None = None
    split_from: str | None = None
    """The order that a second trip brings a part of."""


@dataclass(frozen=True, kw_only=True)
class ByHand:
    """What an operator did with a delivery."""

    order_id: str
    kind: str
    from_courier_id: str | None
    to_courier_id: str | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class Campaign:
    campaign_id: str
    budget: int
    spent: int
    uses: int
    total_limit: int | None = None
    per_customer_limit: int | None = None
    off: int | None = None
    """What it takes off, to the unit; nothing where it may take less."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A campaign's reduction of one order, and how much of it counts against its budget."""

    order_id: str
    campaign_id: str
    customer_id: str | None
    amount: int
    counted: int
    uses: int


@dataclass(frozen=True, kw_only=True)
class Level:
    stock: int
    reserved: int = 0
    short: int = 0


@dataclass(frozen=True, kw_only=True)
class Published:
    """An event of an outbox."""

    source: str
    type: str
    subject: str
    sequence: int
    sent: bool = True


@dataclass(frozen=True, kw_only=True)
class Parked:
    subscription: str
    event_id: str | None
    reason: str = ""
    body: str = ""


@dataclass(frozen=True, kw_only=True)
class Told:
    """A message of the stream, in the order of its first appearance."""

    source: str
    type: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(kw_only=True)
class Books:
    orders: dict[str, BookedOrder] = field(default_factory=dict)
    charges: list[Charge] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)
    returns: list[Returned] = field(default_factory=list)
    provider_charges: list[Charge] = field(default_factory=list)
    """Those that were made by now; whose order it was for the provider does not know."""
    provider_returns: list[Returned] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    deliveries: dict[str, Delivery] = field(default_factory=dict)
    by_hand: list[ByHand] = field(default_factory=list)
    recorded_plans: dict[str, int] = field(default_factory=dict)
    """Per zone, the newest plan on record."""
    couriers_away: list[str] = field(default_factory=list)
    """Who is on a break, or lent."""
    history: list[Change] = field(default_factory=list)
    """What dispatch's rows went through, in order."""
    levels: dict[str, Level] = field(default_factory=dict)
    units_sold: dict[str, int] = field(default_factory=dict)
    """Per listing, the units that storefront counts as sold and not returned."""
    open_reservations: list[str] = field(default_factory=list)
    campaigns: dict[str, Campaign] = field(default_factory=dict)
    taken: list[Taken] = field(default_factory=list)
    outbox: dict[str, Published] = field(default_factory=dict)
    inbox: dict[str, set[str]] = field(default_factory=dict)
    """Per subscription, the events that took effect."""
    subscriptions: dict[str, tuple[str, frozenset[str]]] = field(default_factory=dict)
    """Per subscription, its source and the types that it wants."""
    waiting: list[tuple[str, str]] = field(default_factory=list)
    """Subscription and event of what waits for another attempt."""
    parked: list[Parked] = field(default_factory=list)
    tallies: dict[tuple[str, str], tuple[int, int]] = field(default_factory=dict)
    """Per shop and customer, what crm knows was paid and refunded."""
    stream: dict[str, Told] | None = None
    """By id; nothing where there is no stream."""
    depths: dict[str, int] = field(default_factory=dict)
    """Messages in the queues that must be empty."""
    wrong_in_ledger: list[str] = field(default_factory=list)
    """What commission's own audit found, order by order."""
    cases: list[AfterSale] = field(default_factory=list)
    plans: dict[int, Plan] = field(default_factory=dict)
    """Rate plans by version."""
    plan_of: dict[str, int] = field(default_factory=dict)
    """By order, the version that holds for it."""
    links: dict[str, Link] = field(default_factory=dict)
    attributed: dict[str, tuple[str | None, str | None]] = field(default_factory=dict)
    """By line of sourced goods, the link whose sale it is, and why (`link`, `click`, `bound`)."""
    accruals: list[Accrual] = field(default_factory=list)
    statements: list[Statement] = field(default_factory=list)
    unstated: list[str] = field(default_factory=list)
    """Movements of a payee, of a time that is settled, in none of its statements."""
    sealed: int = 0
    """Transactions whose seals were verified."""
    wrong_in_chain: list[str] = field(default_factory=list)
