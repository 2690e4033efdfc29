"""What counts against a campaign, as a function of the facts about an order."""

from __future__ import annotations

from datetime import datetime

import pytest

from services.campaigns.domain.redemption import OrderRedemption, Standing, Taken, corrections
from tests.campaigns.builders import NOON, yuan


def _order(
    taken: Taken, paid: datetime | None = None, closed: datetime | None = None, lapsed: datetime | None = None
) -> OrderRedemption:
    return OrderRedemption(
        order_id="order",
        customer_id="customer",
        paid_at=paid,
        closed_at=closed,
        lapsed_at=lapsed,
        taken=(taken,),
    )


_HELD = Taken(campaign_id="campaign", amount=yuan(1000), counted=1000, uses=1)


@pytest.mark.parametrize(
    ("paid", "closed", "lapsed", "standing"),
    [
        (None, None, None, Standing.HELD),
        (NOON, None, None, Standing.CONFIRMED),
        (None, NOON, None, Standing.RELEASED),
        (None, None, NOON, Standing.RELEASED),
        (NOON, NOON, None, Standing.RELEASED),
        (NOON, None, NOON, Standing.CONFIRMED),
        (None, NOON, NOON, Standing.RELEASED),
        (NOON, NOON, NOON, Standing.RELEASED),
    ],
)
def test_where_an_order_stands_follows_from_its_facts(
    paid: datetime | None, closed: datetime | None, lapsed: datetime | None, standing: Standing
) -> None:
    assert _order(_HELD, paid, closed, lapsed).standing is standing


def test_a_held_reduction_that_counts_needs_no_correction() -> None:
    assert corrections(_order(_HELD)) == []


def test_a_payment_is_told_once_and_moves_no_counter() -> None:
    [one] = corrections(_order(_HELD, paid=NOON))
    assert (one.counts, one.tell_redeemed, one.tell_returned) == (False, True, False)


def test_a_part_refund_gives_back_its_part_of_the_budget_and_keeps_the_use() -> None:
    part = Taken(
        campaign_id="campaign", amount=yuan(1000), returned=400, counted=1000, uses=1, told_redeemed=True
    )
    [one] = corrections(_order(part, paid=NOON))
    assert (one.add_spent, one.add_uses, one.tell_returned) == (-400, 0, False)


def test_a_full_refund_gives_back_the_rest_and_the_use() -> None:
    rest = Taken(
        campaign_id="campaign", amount=yuan(1000), returned=1000, counted=600, uses=1, told_redeemed=True
    )
    [one] = corrections(_order(rest, paid=NOON))
    assert (one.add_spent, one.add_uses, one.tell_returned) == (-600, -1, True)


def test_a_payment_after_a_lapse_counts_again() -> None:
    lapsed = Taken(campaign_id="campaign", amount=yuan(1000), counted=0, uses=0)
    [one] = corrections(_order(lapsed, paid=NOON, lapsed=NOON))
    assert (one.add_spent, one.add_uses) == (1000, 1)


def test_an_unpaid_order_that_ends_is_not_told_of() -> None:
    [one] = corrections(_order(_HELD, closed=NOON))
    assert (one.add_spent, one.add_uses, one.tell_redeemed, one.tell_returned) == (-1000, -1, False, False)
