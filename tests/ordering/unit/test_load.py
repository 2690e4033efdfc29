"""What goods take of a courier's box."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from services.ordering.domain.load import Load, Size, load_of

_SIZES = st.one_of(
    st.none(),
    st.builds(Size, volume_ml=st.integers(0, 40_000), weight_g=st.integers(0, 20_000), cold=st.booleans()),
)


def test_a_part_that_nobody_measured_is_a_usual_one() -> None:
    assert load_of([(None, 3)]) is None


def test_rice_is_heavy_and_ice_cream_stays_cold() -> None:
    rice, ice = Size(volume_ml=6_000, weight_g=5_000), Size(volume_ml=1_000, weight_g=500, cold=True)
    assert load_of([(rice, 2), (ice, 3), (None, 1)]) == Load(volume=2, weight=4, cold=1)


@given(goods=st.lists(st.tuples(_SIZES, st.integers(1, 9)), max_size=6))
def test_a_part_takes_at_least_one_unit_and_never_less_for_more_goods(
    goods: list[tuple[Size | None, int]],
) -> None:
    load, more = load_of(goods), load_of([*goods, (Size(volume_ml=1, weight_g=1), 1)])
    assert more is not None
    assert (more.volume, more.weight) >= (1, 1)
    if load is not None:
        assert load.volume <= more.volume
        assert load.weight <= more.weight
        assert load.cold <= load.volume
