"""The more a relay finds the longer it lets rows gather; the longer it finds nothing the less it asks."""

from __future__ import annotations

import pytest

from shared.messaging.relay import GATHER_AT_MOST_SECONDS, GATHER_SECONDS, Pace


def paced(rows: int, seconds: float, rounds: int) -> Pace:
    """What a relay keeps that found ``rows`` every ``seconds``, so many times."""
    pace = Pace(0.0)
    for number in range(1, rounds + 1):
        pace.found(rows, number * seconds)
    return pace


def test_a_single_event_is_followed_soon() -> None:
    assert GATHER_SECONDS <= paced(1, 5.0, 3).pause() < 2 * GATHER_SECONDS


def test_rows_that_keep_coming_gather_longer_but_not_for_ever() -> None:
    calm, busy = paced(1, 0.05, 100).pause(), paced(20, 0.05, 100).pause()
    assert GATHER_SECONDS < calm < busy == GATHER_AT_MOST_SECONDS


@pytest.mark.parametrize(("quiet_for", "pause"), [(5.0, 0.1), (300.0, 0.25)])
def test_whoever_has_nothing_to_say_is_asked_less_often(quiet_for: float, pause: float) -> None:
    assert paced(0, quiet_for / 100, 100).pause() == pause


def test_an_event_after_a_long_silence_makes_it_attentive_again() -> None:
    pace = paced(0, 0.25, 1000)
    pace.found(1, 250.25)
    assert pace.pause() < 2 * GATHER_SECONDS
