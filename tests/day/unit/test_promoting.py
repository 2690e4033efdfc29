"""Which lines of a day are promoted, and by whom."""

from __future__ import annotations

from dataclasses import replace

import pytest

from linli.day.format import Day
from linli.day.made_up import Size, write_day
from linli.day.promoting import promotions_of
from linli.day.reader import read_day


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    """Shops of two kinds, so that each has others of its kind."""
    folder = tmp_path_factory.mktemp("made") / "up"
    write_day(folder, 3, Size(orders=80))
    found = read_day(folder)
    kinds = ("fruit", "bakery")
    shops = tuple(replace(shop, category=kinds[number % 2]) for number, shop in enumerate(found.shops))
    return replace(found, shops=shops)


def test_the_share_of_promoted_lines_is_met_to_within_one(day: Day) -> None:
    lines = sum(len(order.lines) for order in day.orders)
    assert abs(len(promotions_of(day, 0.2, 1).lines) - 0.2 * lines) <= 1


def test_nobody_promotes_own_goods_or_those_of_another_category(day: Day) -> None:
    category = {shop.shop: shop.category for shop in day.shops}
    seller = {listing.listing: listing.shop for listing in day.listings}
    for listing, promoter in promotions_of(day, 0.5, 1).promoters.items():
        assert promoter != seller[listing]
        assert category[promoter] == category[seller[listing]]


def test_every_promoted_line_has_a_code_and_no_other(day: Day) -> None:
    promotions = promotions_of(day, 0.2, 1)
    codes = {listing: f"code of {listing}" for listing in promotions.promoters}
    for order in day.orders:
        promoted = {number for name, number in promotions.lines if name == order.order}
        found = promotions.codes(order, codes)
        assert found == {number: codes[order.lines[number].listing] for number in promoted}


def test_a_seed_always_draws_the_same_and_no_share_draws_nothing(day: Day) -> None:
    assert promotions_of(day, 0.2, 1) == promotions_of(day, 0.2, 1)
    assert promotions_of(day, 0.2, 1) != promotions_of(day, 0.2, 2)
    assert not promotions_of(day, 0.0, 1).promoters
