"""Which campaigns may be launched at all."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.campaigns.contracts import cursors, requests
from services.campaigns.domain.campaign import Funder, Kind
from services.campaigns.domain.errors import CampaignNotValid
from shared.kernel.errors import InvalidInput
from shared.kernel.money import Money
from tests.campaigns.builders import NOON, a_campaign, launch_request, redeem_request, wire, yuan


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"off": 0}, "rule.off"),
        ({"threshold": -1}, "rule.threshold"),
        ({"off": 6000}, "rule.threshold"),
        ({"budget": yuan(999)}, "budget"),
        ({"ends_at": NOON}, "ends_at"),
        ({"starts_at": NOON + timedelta(days=2)}, "ends_at"),
        ({"kind": Kind.COUPON}, "code"),
        ({"code": "FREE"}, "code"),
        ({"shop_id": None}, "shop_id"),
    ],
)
def test_terms_that_make_no_sense_are_refused_by_field(changes: dict, field: str) -> None:
    with pytest.raises(CampaignNotValid) as refusal:
        a_campaign(**changes).check_terms(NOON)
    assert field in {error["field"] for error in refusal.value.errors}


def test_mixed_currencies_are_refused() -> None:
    with pytest.raises(CampaignNotValid):
        a_campaign(budget=Money(100_000, "USD")).check_terms(NOON)


def test_the_platform_may_pay_for_every_shop() -> None:
    a_campaign(shop_id=None, funder=Funder.PLATFORM).check_terms(NOON)


def test_a_code_is_kept_in_capitals_without_spaces() -> None:
    assert requests.launch(launch_request(code=" spring ")).campaign.code == "SPRING"


@pytest.mark.parametrize(
    "broken",
    [
        {"kind": "lottery"},
        {"budget": 100},
        {"budget": wire(10**16)},
        {"starts_at": "yesterday"},
        {"starts_at": "2026-01-05T12:00:00"},
        {"total_limit": 0},
        {"total_limit": "many"},
        {"surprise": 1},
        {"actor": {"account_id": "x"}},
    ],
)
def test_a_request_that_cannot_be_read_is_refused(broken: dict) -> None:
    with pytest.raises(InvalidInput) as refusal:
        requests.launch(launch_request(**broken))
    assert refusal.value.errors


def test_amounts_of_one_campaign_are_redeemed_as_one() -> None:
    request = redeem_request("order")
    request["discounts"] = [
        {"campaign_id": "a", "amount": wire(300)},
        {"campaign_id": "a", "amount": wire(200)},
        {"campaign_id": "b", "amount": wire(0)},
    ]
    assert requests.redeem(request).amounts == {"a": yuan(500)}


@pytest.mark.parametrize("cursor", ["", "###", "AAA"])
def test_a_cursor_that_was_not_given_out_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidInput):
        cursors.decode(cursor)


def test_a_cursor_comes_back_as_it_went() -> None:
    assert cursors.decode(cursors.encode("campaign-1")) == "campaign-1"
