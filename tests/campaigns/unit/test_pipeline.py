"""The pipeline: what each step takes from which line, and why the others take nothing."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.campaigns.domain.campaign import Campaign, CampaignAccount, Funder, Kind, Obstacle
from services.campaigns.domain.pipeline import STEPS, Evaluation, Line, evaluate
from shared.kernel.money import Money
from tests.campaigns.builders import BAKERY, FRUIT, NOON, a_campaign, a_line, an_account


def _shares(result: Evaluation) -> dict[str, dict[str, int]]:
    return {
        discount.campaign.campaign_id: {share.line_id: share.amount.amount for share in discount.line_shares}
        for discount in result.discounts
    }


def _reason(result: Evaluation, campaign_id: str) -> Obstacle | None:
    return next(o.reason for o in result.outcomes if o.campaign.campaign_id == campaign_id)


def test_a_full_reduction_is_shared_over_the_lines_of_its_shop_only() -> None:
    lines = [a_line("b", 2000), a_line("a", 4000), a_line("c", 9000, BAKERY)]
    result = evaluate(lines, [], [an_account(a_campaign())], NOON)
    assert _shares(result) == {"campaign": {"a": 667, "b": 333}}


def test_equal_remainders_go_to_the_lower_line_id() -> None:
    lines = [a_line("z", 5000), a_line("a", 5000)]
    result = evaluate(lines, [], [an_account(a_campaign(off=1001))], NOON)
    assert _shares(result) == {"campaign": {"a": 501, "z": 500}}


def test_the_steps_run_in_the_documented_order_each_on_what_is_left() -> None:
    offers = [
        an_account(
            a_campaign("4", shop_id=None, funder=Funder.PLATFORM, kind=Kind.COUPON, code="P", threshold=0)
        ),
        an_account(a_campaign("3", shop_id=None, funder=Funder.PLATFORM, threshold=8000)),
        an_account(a_campaign("2", kind=Kind.COUPON, code="S", threshold=0)),
        an_account(a_campaign("1", threshold=10_000)),
    ]
    result = evaluate([a_line("a", 10_000)], ["s", "p"], offers, NOON)
    assert [discount.campaign.campaign_id for discount in result.discounts] == ["1", "2", "3", "4"]
    assert result.refused == ()


def test_a_threshold_is_compared_with_what_earlier_steps_left() -> None:
    offers = [
        an_account(a_campaign("1", threshold=5000)),
        an_account(a_campaign("2", kind=Kind.COUPON, code="S", threshold=5000)),
    ]
    result = evaluate([a_line("a", 5500)], ["S"], offers, NOON)
    assert _reason(result, "2") is Obstacle.BELOW_THRESHOLD
    assert [(one.code, one.reason) for one in result.refused] == [("S", Obstacle.BELOW_THRESHOLD)]


def test_of_two_full_reductions_for_one_shop_the_larger_is_taken() -> None:
    offers = [an_account(a_campaign("small", off=500)), an_account(a_campaign("large", off=900))]
    result = evaluate([a_line("a", 6000)], [], offers, NOON)
    assert _shares(result) == {"large": {"a": 900}}
    assert _reason(result, "small") is Obstacle.NOT_COMBINABLE


def test_of_two_equal_full_reductions_the_lower_id_is_taken() -> None:
    offers = [an_account(a_campaign("b")), an_account(a_campaign("a"))]
    assert list(_shares(evaluate([a_line("a", 6000)], [], offers, NOON))) == ["a"]


def test_each_shop_gets_its_own_full_reduction() -> None:
    offers = [an_account(a_campaign("f")), an_account(a_campaign("b", shop_id=BAKERY))]
    result = evaluate([a_line("1", 6000), a_line("2", 6000, BAKERY)], [], offers, NOON)
    assert _shares(result) == {"b": {"2": 1000}, "f": {"1": 1000}}


def test_a_reduction_takes_no_more_than_the_lines_cost() -> None:
    coupon = a_campaign(kind=Kind.COUPON, code="S", threshold=0, off=1000)
    result = evaluate([a_line("a", 300), a_line("b", 0)], ["S"], [an_account(coupon)], NOON)
    assert _shares(result) == {"campaign": {"a": 300}}


@pytest.mark.parametrize(
    ("changes", "usage", "reason"),
    [
        ({"starts_at": NOON + timedelta(seconds=1)}, {}, Obstacle.NOT_STARTED),
        ({"ends_at": NOON}, {}, Obstacle.ENDED),
        ({"ended_at": NOON - timedelta(hours=1)}, {}, Obstacle.ENDED),
        ({}, {"spent": 99_001}, Obstacle.BUDGET),
        ({"total_limit": 3}, {"uses": 3}, Obstacle.TOTAL_LIMIT),
        ({"per_customer_limit": 1}, {"uses_by_customer": 1}, Obstacle.CUSTOMER_LIMIT),
        ({"threshold": 6001}, {}, Obstacle.BELOW_THRESHOLD),
        ({"shop_id": "elsewhere"}, {}, Obstacle.NOT_FOUND),
    ],
)
def test_every_reason_for_giving_nothing_is_said(changes: dict, usage: dict, reason: Obstacle) -> None:
    coupon = a_campaign(kind=Kind.COUPON, code="SPRING", **changes)
    result = evaluate([a_line("a", 6000)], ["spring"], [an_account(coupon, **usage)], NOON)
    assert result.discounts == ()
    assert [(one.code, one.reason) for one in result.refused] == [("spring", reason)]


def test_a_campaign_in_another_currency_gives_nothing() -> None:
    line = Line(line_id="a", shop_id=FRUIT, goods=Money(9000, "USD"))
    result = evaluate([line], [], [an_account(a_campaign())], NOON)
    assert _reason(result, "campaign") is Obstacle.OTHER_CURRENCY


def test_an_unknown_code_is_refused_once_however_often_it_is_given() -> None:
    result = evaluate([a_line("a", 6000)], ["X", "X"], [], NOON)
    assert [(one.code, one.reason) for one in result.refused] == [("X", Obstacle.NOT_FOUND)]


def test_a_last_bit_of_budget_that_pays_for_less_than_the_reduction_gives_nothing() -> None:
    result = evaluate([a_line("a", 6000)], [], [an_account(a_campaign(), spent=99_500)], NOON)
    assert _reason(result, "campaign") is Obstacle.BUDGET


_SHOPS = st.sampled_from([FRUIT, BAKERY, "noodles"])


@st.composite
def _campaigns(draw: st.DrawFn) -> CampaignAccount:
    kind = draw(st.sampled_from(list(Kind)))
    campaign_id = str(draw(st.uuids()))
    off = draw(st.integers(1, 3000))
    campaign: Campaign = a_campaign(
        campaign_id,
        kind=kind,
        funder=draw(st.sampled_from(list(Funder))),
        shop_id=draw(st.none() | _SHOPS),
        off=off,
        threshold=draw(st.integers(0, 10_000)),
        code=campaign_id.upper() if kind is Kind.COUPON else None,
    )
    return an_account(campaign, spent=draw(st.integers(98_000, 100_000)))


_LINES = st.lists(
    st.builds(lambda amount, shop: (amount, shop), st.integers(0, 5000), _SHOPS), min_size=1, max_size=8
)


@given(basket=_LINES, offers=st.lists(_campaigns(), max_size=8))
def test_money_is_conserved_and_no_line_or_campaign_is_overdrawn(
    basket: list[tuple[int, str]], offers: list[CampaignAccount]
) -> None:
    lines = [a_line(f"line-{index}", amount, shop) for index, (amount, shop) in enumerate(basket)]
    codes = [offer.campaign.code for offer in offers if offer.campaign.code]
    result = evaluate(lines, codes, offers, NOON)

    off_line: Counter[str] = Counter()
    for discount in result.discounts:
        shares = [share.amount.amount for share in discount.line_shares]
        assert sum(shares) == discount.amount.amount > 0
        assert all(share > 0 for share in shares)
        off_line.update({share.line_id: share.amount.amount for share in discount.line_shares})
        account = next(offer for offer in offers if offer.campaign is discount.campaign)
        assert discount.amount <= discount.campaign.rule.off
        assert account.usage.spent + discount.amount.amount <= discount.campaign.budget.amount
        touched = {
            line.shop_id for line in lines if line.line_id in {s.line_id for s in discount.line_shares}
        }
        assert discount.campaign.shop_id is None or touched == {discount.campaign.shop_id}
    assert all(off_line[line.line_id] <= line.goods.amount for line in lines)

    assert len(result.outcomes) == len(offers)
    order = [step for step, _, _ in STEPS]
    assert [order.index(o.step) for o in result.outcomes] == sorted(
        order.index(o.step) for o in result.outcomes
    )
    won = {discount.campaign.code for discount in result.discounts}
    assert {one.code for one in result.refused} == set(codes) - won


@given(basket=_LINES, offers=st.lists(_campaigns(), max_size=6), data=st.data())
def test_the_order_in_which_lines_and_offers_are_given_changes_nothing(
    basket: list[tuple[int, str]], offers: list[CampaignAccount], data: st.DataObject
) -> None:
    lines = [a_line(f"line-{index}", amount, shop) for index, (amount, shop) in enumerate(basket)]
    shuffled = data.draw(st.permutations(lines)), data.draw(st.permutations(offers))
    assert evaluate(lines, [], offers, NOON) == evaluate(shuffled[0], [], shuffled[1], NOON)
