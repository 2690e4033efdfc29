from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.storefront.domain.listing import Level

moves = st.lists(st.tuples(st.integers(-20, 20), st.integers(0, 20)), max_size=8)


@pytest.mark.parametrize(
    ("before", "owned", "held", "after"),
    [
        (Level(stock=5), 0, 3, Level(stock=5, reserved=3)),
        (Level(stock=5, reserved=3), -3, -3, Level(stock=2)),
        (Level(stock=5, reserved=3), 0, -3, Level(stock=5)),
        (Level(stock=5, reserved=5), -2, 0, Level(stock=5, reserved=5, short=2)),
        (Level(stock=5, reserved=5, short=2), 0, -5, Level(stock=3)),
        (Level(stock=0), -3, 0, Level(stock=0, short=3)),
        (Level(stock=0, short=3), 5, 0, Level(stock=2)),
    ],
)
def test_units_come_go_and_are_held(before, owned, held, after):
    assert before.moved(owned=owned, held=held) == after


@given(stock=st.integers(0, 50), steps=moves, chance=st.randoms())
def test_any_order_of_the_same_moves_ends_at_the_same_level(stock, steps, chance):
    def after(order):
        level = Level(stock=stock)
        for owned, held in order:
            level = level.moved(owned=owned, held=held)
            assert min(level.stock, level.reserved, level.short, level.available) >= 0
        return level

    shuffled = list(steps)
    chance.shuffle(shuffled)
    assert after(steps) == after(shuffled)


@given(counted=st.integers(0, 50), reserved=st.integers(0, 50))
def test_a_count_stands_once_nothing_is_held_any_more(counted, reserved):
    level = Level(stock=50, reserved=reserved).counted(counted)
    assert level.reserved == reserved
    assert level.moved(held=-reserved) == Level(stock=counted)


@pytest.mark.parametrize("impossible", [(-1, 0, 0), (1, 2, 0), (1, -1, 0), (2, 1, 1), (0, 0, -1)])
def test_a_level_that_cannot_be_is_refused(impossible):
    stock, reserved, short = impossible
    with pytest.raises(ValueError, match="Level"):
        Level(stock=stock, reserved=reserved, short=short)
