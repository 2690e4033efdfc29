"""What is foreseen of shops: laws over any history, and what a planner makes of it."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.dispatch.domain.facts import Part
from services.dispatch.domain.planning.outlook import ZoneState, look_ahead
from services.dispatch.domain.preparation import ASSUMED, Kitchen, Preparation, Prepared, pooled, prepared
from services.dispatch.domain.spread import Spread, mixed
from tests.dispatch.builders import NOON, a_courier, a_paid_delivery, a_pickup, a_zone, at, minutes

shares = st.floats(min_value=0.05, max_value=0.95)
weighted = st.lists(
    st.tuples(st.floats(min_value=0.1, max_value=9), st.floats(min_value=0.01, max_value=5)), min_size=1
)


def a_part(number: int, accepted: datetime, said: float, took: float, shop: str = "shop-1") -> Prepared:
    return Prepared(
        store_order_id=f"{shop}.{number}",
        shop_id=shop,
        accepted_at=accepted,
        expected_at=accepted + minutes(said),
        ready_at=accepted + minutes(took),
    )


histories = st.lists(
    st.tuples(
        st.integers(min_value=0, max_value=40 * 24 * 60),
        st.floats(min_value=0, max_value=110),
        st.floats(min_value=0, max_value=240),
    ),
    max_size=40,
).map(lambda told: [a_part(n, NOON - minutes(ago), said, took) for n, (ago, said, took) in enumerate(told)])


def known(history: list[Prepared], zone: list[Prepared] | None = None) -> Preparation:
    return Preparation(kitchens={"shop-1": Kitchen(history)}, zone=pooled(history if zone is None else zone))


def foreseen(model: Preparation, said: float, passed: float, share: float = 0.55, load: int = 0) -> float:
    """When a part accepted at noon will be ready, in minutes past noon, as seen ``passed`` minutes later."""
    ready = model.ready_at(
        shop_id="shop-1",
        part=Part(accepted_at=NOON, ready_estimate=at(said)),
        usual=15,
        now=at(passed),
        load=load,
        share=share,
    )
    return (ready - NOON).total_seconds() / 60


@given(weighted, shares, shares)
def test_quantiles_rise_with_their_share_and_are_what_was_seen(
    values: list[tuple[float, float]], one: float, other: float
) -> None:
    spread = Spread(values)
    low, high = sorted((one, other))
    assert spread.quantile(low) <= spread.quantile(high)
    assert spread.quantile(one) in {value for value, _ in values}


@given(weighted, shares, st.floats(min_value=0, max_value=10))
def test_what_lies_beyond_a_bound_is_beyond_it_and_never_sooner_than_the_whole(
    values: list[tuple[float, float]], share: float, bound: float
) -> None:
    spread = Spread(values)
    beyond = spread.quantile_beyond(bound, share)
    if beyond is None:
        assert max(value for value, _ in values) <= bound
    else:
        assert beyond > bound
        assert beyond >= spread.quantile(share)


@given(weighted, st.randoms(use_true_random=False), shares)
def test_the_order_in_which_it_was_seen_does_not_matter(
    values: list[tuple[float, float]], chance: random.Random, share: float
) -> None:
    shuffled = list(values)
    chance.shuffle(shuffled)
    assert Spread(values).quantile(share) == Spread(shuffled).quantile(share)


def test_a_mixture_without_weight_is_refused_and_empty_parts_do_not_count() -> None:
    assert mixed((([], 5.0), ([(2.0, 1.0)], 1.0))).values == [2.0]
    with pytest.raises(ValueError, match="nothing was seen"):
        mixed((([], 5.0),))


@settings(deadline=None)
@given(histories, st.floats(min_value=0, max_value=119), st.floats(min_value=0.01, max_value=300), shares)
def test_what_is_not_ready_yet_is_never_foreseen_for_now(
    history: list[Prepared], said: float, passed: float, share: float
) -> None:
    assert foreseen(known(history), said, passed, share) > passed


@settings(deadline=None)
@given(histories, st.floats(min_value=0, max_value=119), st.lists(st.floats(min_value=0, max_value=300)))
def test_while_a_shop_says_nothing_it_is_never_foreseen_sooner_than_before(
    history: list[Prepared], said: float, moments: list[float]
) -> None:
    model = known(history)
    told = [foreseen(model, said, moment) for moment in sorted(moments)]
    assert all(later >= sooner - 1e-6 for sooner, later in pairwise(told))


@settings(deadline=None)
@given(histories, st.floats(min_value=1, max_value=119), shares, shares)
def test_whoever_wants_to_be_surer_waits_no_less(
    history: list[Prepared], said: float, one: float, other: float
) -> None:
    low, high = sorted((one, other))
    model = known(history)
    assert foreseen(model, said, 0, low) <= foreseen(model, said, 0, high)


@settings(deadline=None)
@given(histories, st.randoms(use_true_random=False))
def test_a_history_is_what_it_is_in_any_order(history: list[Prepared], chance: random.Random) -> None:
    shuffled = list(history)
    chance.shuffle(shuffled)
    # Parts of one moment are told apart by their names.
    assert foreseen(known(history), 20, 0) == foreseen(known(shuffled), 20, 0)


def habitual(times: int, ratio: float, said: float = 19, every: float = 600) -> list[Prepared]:
    """A shop that takes ``ratio`` times what it says, a minute put to both."""
    return [
        a_part(number, NOON - minutes(every * (number + 1)), said, ratio * (said + 1) - 1)
        for number in range(times)
    ]


def test_a_shop_without_a_history_is_believed() -> None:
    assert foreseen(Preparation(), 20, 0) == 20
    assert sum(weight for _, weight in ASSUMED) == pytest.approx(1)


def test_a_shop_with_a_long_history_is_known_by_it() -> None:
    steady = known(habitual(120, 1.5), zone=habitual(60, 1.0))
    assert foreseen(steady, 19, 0) == pytest.approx(29, abs=0.1)
    # And it scales with what the shop says this time.
    assert foreseen(steady, 39, 0) == pytest.approx(59, abs=0.1)


def test_one_bad_evening_does_not_make_a_slow_shop() -> None:
    once = known(habitual(2, 3.0), zone=habitual(60, 1.0))
    assert foreseen(once, 19, 0) == pytest.approx(19, abs=0.1)


def test_a_new_shop_is_as_slow_as_its_zone() -> None:
    new = Preparation(zone=pooled(habitual(80, 1.4)))
    assert foreseen(new, 19, 0) == pytest.approx(27, abs=0.1)


def test_noon_does_not_make_the_evening_slow() -> None:
    noon = [a_part(n, NOON - timedelta(days=n + 1), 19, 39) for n in range(40)]
    evening = [a_part(n + 100, NOON - timedelta(days=n + 1, hours=-7), 19, 19) for n in range(40)]
    model = known([*noon, *evening], zone=[])
    assert foreseen(model, 19, 0) == pytest.approx(39, abs=0.1)
    part = Part(accepted_at=NOON + timedelta(hours=7), ready_estimate=NOON + timedelta(hours=7, minutes=19))
    later = model.ready_at(shop_id="shop-1", part=part, usual=15, now=NOON + timedelta(hours=7))
    assert (later - NOON - timedelta(hours=7)).total_seconds() / 60 == pytest.approx(19, abs=0.1)


def test_a_busy_shop_is_slower_than_the_same_shop_with_time() -> None:
    history: list[Prepared] = []
    for day in range(30):
        begin = NOON - timedelta(days=day + 1)
        # The first of a rush is on time; those behind it are not.
        history += [a_part(100 * day + n, begin + minutes(n), 19, 19 if n < 1 else 39) for n in range(9)]
    model = known(history, zone=[])
    assert foreseen(model, 19, 0, load=0) == pytest.approx(19, abs=0.1)
    assert foreseen(model, 19, 0, load=8) == pytest.approx(39, abs=0.1)


def test_a_slip_is_foreseen_from_what_such_slips_came_to() -> None:
    # In one of three cases this shop takes twice as long; once it is late, that is what it will be.
    history = [a_part(n, NOON - timedelta(days=n + 1), 19, 39 if n % 3 == 0 else 19) for n in range(60)]
    model = known(history, zone=[])
    assert foreseen(model, 19, 10) == pytest.approx(19, abs=0.1)
    assert foreseen(model, 19, 20) == pytest.approx(39, abs=0.1)


def test_a_shop_that_says_nothing_at_all_is_not_waited_for_for_ever() -> None:
    model = Preparation()
    assert foreseen(model, 20, 60) - 60 == pytest.approx(1)


def test_what_is_announced_for_the_evening_is_for_the_evening() -> None:
    slow = known(habitual(80, 2.0))
    assert foreseen(slow, 300, 5) == 300


def test_a_ready_part_is_ready_and_a_silent_shop_begins_now() -> None:
    model = Preparation()
    assert model.ready_at(shop_id="s", part=Part(ready_at=at(4)), usual=15, now=at(9)) == at(4)
    assert model.ready_at(shop_id="s", part=Part(), usual=15, now=at(9)) == at(24)


def test_a_plan_goes_by_what_was_learnt() -> None:
    order = a_paid_delivery("order-1", pickups=(a_pickup("so-1"),))
    order.accepted("so-1", NOON, at(19), NOON)
    slow = Kitchen(habitual(120, 2.0))
    state = ZoneState(
        zone=a_zone(),
        couriers={"courier-1": a_courier()},
        deliveries={"order-1": order},
        preparation=Preparation(kitchens={"shop-of-so-1": slow}),
    )
    (basket,) = look_ahead(state, at(5), {}).baskets
    assert basket.pickups[0].ready == pytest.approx(39 - 5, abs=0.1)


def test_a_delivery_tells_of_parts_whose_shops_said_when_they_began_and_ended() -> None:
    order = a_paid_delivery("order-1")
    order.accepted("so-1", at(1), at(16), at(1))
    order.accepted("so-2", at(2), at(12), at(2))
    order.ready("so-1", at(18), at(18))
    (told,) = prepared(order, ["so-1", "so-2", "so-9"])
    assert (told.store_order_id, told.shop_id) == ("so-1", "shop-of-so-1")
    assert told.ratio == pytest.approx(18 / 16)
