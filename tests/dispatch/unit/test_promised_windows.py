"""The window that customers are told: what it is at first, what it learns, and how often it is kept."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.dispatch.contracts import answers
from services.dispatch.domain.promise import (
    ASSUMED,
    MOST_FORECASTS,
    Calibration,
    Forecast,
    Outcome,
    Told,
    Window,
    Windows,
)
from tests.dispatch.builders import NOON, a_paid_delivery, at

World = Callable[[random.Random, float], float]


def usual(chance: random.Random, lead: float) -> float:
    """Couriers are late more than early, and the more the longer it takes."""
    return chance.lognormvariate(0, 0.8) * (1 + lead / 20) - 1.5


def optimists(chance: random.Random, lead: float) -> float:
    """Forecasts that are always too early by a quarter of what they look ahead."""
    return 0.25 * lead + chance.gauss(0, 3)


def two_kinds(chance: random.Random, lead: float) -> float:
    return chance.gauss(0, 1) if chance.random() < 0.6 else chance.gauss(8, 4)


WORLDS: list[World] = [usual, optimists, two_kinds]


def a_day(world: World, seed: int, count: int) -> list[Outcome]:
    chance = random.Random(seed)
    outcomes = []
    for number in range(count):
        made_at = at(number)
        lead = chance.choice([6, 12, 20, 28, 35, 50]) * chance.uniform(0.8, 1.2)
        forecast = Forecast(made_at=made_at, eta=made_at + timedelta(minutes=lead))
        error = max(world(chance, lead), -lead)
        outcomes.append(Outcome(forecast=forecast, door_at=forecast.eta + timedelta(minutes=error)))
    return outcomes


def kept(calibration: Calibration, outcomes: Sequence[Outcome], share: float = 0.8) -> float:
    inside = [calibration.window(one.forecast, share).holds(one.door_at) for one in outcomes]
    return sum(inside) / len(inside)


def newest_first(outcomes: Sequence[Outcome]) -> list[Outcome]:
    return list(reversed(outcomes))


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("seed", [1, 2])
def test_eight_in_ten_deliveries_keep_a_learnt_window(world: World, seed: int) -> None:
    calibration = Calibration(newest_first(a_day(world, seed, 1500)))
    assert kept(calibration, a_day(world, seed + 100, 3000)) == pytest.approx(0.8, abs=0.045)


@pytest.mark.parametrize("world", WORLDS)
def test_short_and_long_forecasts_keep_their_windows_alike(world: World) -> None:
    calibration = Calibration(newest_first(a_day(world, 3, 1500)))
    later = a_day(world, 103, 4000)
    for low, high in ((0, 16), (16, 32), (32, 99)):
        some = [one for one in later if low <= one.forecast.lead < high]
        assert kept(calibration, some) == pytest.approx(0.8, abs=0.09), (low, high)


@pytest.mark.parametrize("world", WORLDS)
def test_learning_from_nothing_keeps_near_to_it_over_the_first_weeks(world: World) -> None:
    outcomes = a_day(world, 5, 1200)
    inside = 0
    for number in range(0, 1200, 40):
        calibration = Calibration(newest_first(outcomes[:number]))
        inside += sum(
            calibration.window(one.forecast).holds(one.door_at) for one in outcomes[number : number + 40]
        )
    assert inside / 1200 == pytest.approx(0.8, abs=0.06)


def test_a_change_for_the_worse_is_followed() -> None:
    before, after = a_day(usual, 7, 1500), a_day(optimists, 8, 1500)
    stale, fresh = Calibration(newest_first(before)), Calibration(newest_first([*before, *after])[:1500])
    judged = a_day(optimists, 9, 2000)
    assert kept(stale, judged) < 0.6
    assert kept(fresh, judged) == pytest.approx(0.8, abs=0.06)


def test_a_few_outcomes_change_little() -> None:
    forecast = Forecast(made_at=NOON, eta=at(30))
    outlier = Outcome(forecast=forecast, door_at=at(130))
    before, after = Calibration().window(forecast), Calibration([outlier]).window(forecast)
    assert after.starts_at == before.starts_at
    assert after.ends_at - before.ends_at < timedelta(minutes=12)


def test_without_a_past_the_window_is_the_assumed_one_and_holds_what_is_foreseen() -> None:
    assert sum(weight for _, weight in ASSUMED) == pytest.approx(1)
    window = Windows().promise(NOON, at(30))
    assert window.starts_at < at(30) < window.ends_at
    assert window.ends_at - window.starts_at < timedelta(minutes=20)


outcomes_of_any_kind = st.lists(
    st.builds(
        lambda lead, error: Outcome(forecast=Forecast(made_at=NOON, eta=at(lead)), door_at=at(lead + error)),
        st.floats(min_value=0, max_value=90),
        st.floats(min_value=-30, max_value=200),
    ),
    max_size=40,
)


@settings(deadline=None)
@given(outcomes_of_any_kind, st.floats(min_value=-20, max_value=120))
def test_a_surer_window_holds_the_less_sure_one_and_the_present_one_is_never_over(
    outcomes: list[Outcome], lead: float
) -> None:
    calibration = Calibration(outcomes)
    forecast = Forecast(made_at=NOON, eta=at(lead))
    windows = [calibration.window(forecast, share) for share in (0.5, 0.8, 0.95)]
    for less, more in pairwise(windows):
        assert more.starts_at <= less.starts_at <= less.ends_at <= more.ends_at
    present = Windows(later=calibration).present(NOON, at(lead))
    assert NOON <= present.starts_at <= present.ends_at


def test_the_first_window_stays_and_the_latest_forecasts_are_kept() -> None:
    told = Told()
    for number in range(9):
        window = Window(starts_at=at(number), ends_at=at(number + 10))
        told = told.and_now(Forecast(made_at=at(number), eta=at(30 + 3 * number)), window)
    assert told.window == Window(starts_at=at(0), ends_at=at(10))
    assert len(told.forecasts) == MOST_FORECASTS
    assert [forecast.made_at for forecast in told.forecasts] == [at(0), at(5), at(6), at(7), at(8)]
    # What hardly differs is the same forecast.
    assert told.and_now(Forecast(made_at=at(20), eta=at(55)), None) == told


def test_an_assignment_is_a_forecast_and_a_window_still_to_come() -> None:
    delivery = a_paid_delivery()
    delivery.assign("courier-1", at(1), at(30), plan_version=0, reason="operator")
    assert [forecast.eta for forecast in delivery.told.forecasts] == [at(30)]
    assert delivery.told.window is None
    assert answers.tracking(delivery, None)["first_window"] is None
