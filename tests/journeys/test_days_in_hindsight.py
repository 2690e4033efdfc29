"""The day after, operators are told how good the day before was; over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.journeys.other_days import back_in, running_at
from tests.journeys.people import Refused, eventually, open_neighbourhood

NAME = "journeys-hindsight"
SPEED = 60.0
# Noon in Shanghai, and an hour past the midnight that follows.
NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
NIGHT = NOON + timedelta(hours=13)


@pytest.mark.timeout(300)
def test_a_finished_day_is_solved_again_in_the_night_and_operators_see_the_gap(
    state_of_platforms: Any,
) -> None:
    assert state_of_platforms.exists()
    with running_at(NOON, NAME, speed=SPEED) as platform, open_neighbourhood(platform) as town:
        for _ in range(2):
            order = town.place_and_pay()
            town.accept_and_pack(order)
            town.deliver(order)
        asked = {"zone_id": town.zone_id, "hours": 24}
        assert town.operator.get("/v1/dispatch/figures", **asked)["hindsight"] is None
    with running_at(NIGHT, NAME, speed=SPEED) as platform, back_in(town, platform) as night:
        found = eventually(
            lambda: night.operator.get("/v1/dispatch/figures", **asked)["hindsight"],
            200,
            "the day solved again",
        )
        assert (found["day"], found["baskets"], found["compared"]) == ("2026-03-02", 2, 2)
        assert (found["lived"]["undelivered"], found["resolved"]["undelivered"]) == (0, 0)
        gap = found["lived"]["click_to_door"] - found["resolved"]["click_to_door"]
        assert found["gap_minutes"] == pytest.approx(gap, abs=0.02)
        assert found["resolved"]["kilometres"] > 0
        with pytest.raises(Refused) as refused:
            night.courier.get("/v1/dispatch/figures", **asked)
        assert refused.value.status == 403
