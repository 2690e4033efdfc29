"""What an order has redeemed, and how much of it counts against each campaign.

Everything here is a function of facts (held, paid, closed, lapsed, refunded), each of which only ever
becomes true; so their order and repetition make no difference to what counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.kernel.money import Money


class Standing(StrEnum):
    """Where an order's redemptions stand."""

    HELD = "held"
    CONFIRMED = "confirmed"
    RELEASED = "released"


@dataclass(frozen=True, kw_only=True)
class Taken:
    """One campaign's reduction of an order.

    ``returned`` is what refunds gave back; ``counted`` and ``uses`` are what its campaign's counters hold
    for it now; the two flags say what was told to others.
    """

    campaign_id: str
    amount: Money
    returned: int = 0
    counted: int = 0
    uses: int = 0
    told_redeemed: bool = False
    told_returned: bool = False


@dataclass(frozen=True, kw_only=True)
class OrderRedemption:
    """The facts about one order; ``customer_id`` is unknown when only its release was heard of."""

    order_id: str
    customer_id: str | None
    paid_at: datetime | None
    closed_at: datetime | None
    lapsed_at: datetime | None
    taken: tuple[Taken, ...]

    @property
    def standing(self) -> Standing:
        """Closed wins over paid: the money of an order that is paid too late goes back.

        Paid wins over lapsed: a hold that ran out here while word of the payment was late was used.
        """
        if self.closed_at is not None:
            return Standing.RELEASED
        if self.paid_at is not None:
            return Standing.CONFIRMED
        return Standing.RELEASED if self.lapsed_at is not None else Standing.HELD


@dataclass(frozen=True, kw_only=True)
class Correction:
    """What has to be added to the counters, and told, so that one redemption counts as it should."""

    campaign_id: str
    amount: Money
    add_spent: int
    add_uses: int
    tell_redeemed: bool
    tell_returned: bool

    @property
    def counts(self) -> bool:
        return bool(self.add_spent or self.add_uses)


def corrections(order: OrderRedemption) -> list[Correction]:
    """The difference between what the facts ask for and what is counted; empty when there is none.

    A coupon's use comes back only when everything that it took has been refunded; the budget gets back
    every part that was.
    """
    found = []
    for taken in sorted(order.taken, key=lambda one: one.campaign_id):
        gone = order.standing is Standing.RELEASED or taken.returned >= taken.amount.amount
        spent, uses = (0, 0) if gone else (taken.amount.amount - taken.returned, 1)
        paid = order.paid_at is not None
        correction = Correction(
            campaign_id=taken.campaign_id,
            amount=taken.amount,
            add_spent=spent - taken.counted,
            add_uses=uses - taken.uses,
            tell_redeemed=paid and not taken.told_redeemed,
            tell_returned=paid and gone and not taken.told_returned,
        )
        if correction.counts or correction.tell_redeemed or correction.tell_returned:
            found.append(correction)
    return found
