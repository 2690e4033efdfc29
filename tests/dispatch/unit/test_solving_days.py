"""Which days are solved again, for how long, and what a day that cannot be solved keeps waiting: nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count

import pytest
from prometheus_client import REGISTRY

from services.dispatch.adapters import hindsight_figures
from services.dispatch.application.hindsight import HindsightPolicy, seed_of, solve_days
from services.dispatch.domain.business_day import BusinessDay
from services.dispatch.domain.finished_day import LivedDay, SolvedDay
from services.dispatch.domain.planning.hindsight import Hindsight, Ridden
from services.dispatch.domain.presence import Worked
from services.dispatch.domain.stop import StopKind
from shared.testing.clock import StoppedClock
from tests.dispatch.builders import NOON, a_courier, a_zone, an_assigned_delivery, at, place

TODAY = BusinessDay.of(NOON.date())


def lived_in(zone_id: str, **settings: float) -> LivedDay:
    delivery = an_assigned_delivery()
    for number, stop in enumerate(list(delivery.stops)):
        moment = at(40) if stop.kind is StopKind.DROP_OFF else at(20 + number)
        delivery.arrive(stop.stop_id, moment)
        delivery.complete(stop.stop_id, None, 500, moment)
    worked = Worked(courier_id="courier-1", shift=a_courier().on_shift(), place=place())
    zone = replace(a_zone(**settings), zone_id=zone_id)
    worked = replace(worked, shift=replace(worked.shift, zone_id=zone_id))
    return LivedDay(zone=zone, day=TODAY, deliveries=[delivery], worked=[worked])


@dataclass
class Desk:
    """:class:`services.dispatch.application.hindsight.HindsightDesk` in memory."""

    days: dict[str, LivedDay]
    taken: set[str] = field(default_factory=set)
    kept: dict[str, SolvedDay] = field(default_factory=dict)

    def finished(self, days: Sequence[BusinessDay]) -> list[tuple[str, BusinessDay]]:
        return [
            (zone_id, TODAY) for zone_id in sorted(self.days) if TODAY in days and zone_id not in self.kept
        ]

    def is_mine_alone(self, zone_id: str) -> bool:
        if zone_id in self.taken:
            return False
        self.taken.add(zone_id)
        return True

    def let_others(self, zone_id: str) -> None:
        self.taken.remove(zone_id)

    def look(self, zone_id: str, day: BusinessDay) -> LivedDay | None:
        assert (day, zone_id in self.taken) == (TODAY, True)
        return self.days[zone_id]

    def keep(self, solved: SolvedDay) -> None:
        self.kept[solved.zone_id] = solved


@pytest.fixture
def tomorrow() -> StoppedClock:
    return StoppedClock(NOON + timedelta(days=1))


def test_each_day_is_solved_once_and_what_somebody_else_has_is_left_to_them(tomorrow: StoppedClock) -> None:
    desk = Desk({"here": lived_in("here"), "there": lived_in("there")}, taken={"there"})
    assert solve_days(desk, clock=tomorrow, policy=HindsightPolicy()) == 1
    assert solve_days(desk, clock=tomorrow, policy=HindsightPolicy()) == 0
    assert desk.taken == {"there"}
    solved = desk.kept["here"]
    assert (solved.day, solved.solved_at, solved.hindsight.compared) == (TODAY.day, tomorrow.now(), 1)
    assert seed_of("here", TODAY.day) != seed_of("there", TODAY.day)


def test_a_day_that_cannot_be_solved_is_logged_and_keeps_no_other_waiting(
    tomorrow: StoppedClock, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk({"a-broken-one": lived_in("a-broken-one", metres_per_minute=0.0), "here": lived_in("here")})
    assert solve_days(desk, clock=tomorrow, policy=HindsightPolicy()) == 1
    assert list(desk.kept) == ["here"]
    assert desk.taken == set()
    assert "2026-01-05 of zone a-broken-one cannot be solved again" in caplog.text


def test_time_is_short_and_a_day_that_goes_on_or_is_long_past_is_left_alone(tomorrow: StoppedClock) -> None:
    desk = Desk({"here": lived_in("here"), "there": lived_in("there")})
    assert solve_days(desk, clock=StoppedClock(NOON), policy=HindsightPolicy()) == 0
    assert solve_days(desk, clock=StoppedClock(NOON + timedelta(days=9)), policy=HindsightPolicy()) == 0
    assert solve_days(desk, clock=tomorrow, policy=HindsightPolicy(seconds=0)) == 0
    turns: Iterator[int] = count()
    assert solve_days(desk, clock=tomorrow, policy=HindsightPolicy(), go_on=lambda: next(turns) < 1) == 1
    seconds = count()
    assert (
        solve_days(
            desk, clock=tomorrow, policy=HindsightPolicy(seconds=3.0), effort=lambda: float(next(seconds))
        )
        == 1
    )
    assert desk.kept["there"].hindsight.rounds < desk.kept["here"].hindsight.rounds


def test_the_newest_day_is_shown_and_what_cannot_be_told_is_not_a_number() -> None:
    lived, resolved = (
        Ridden(click_to_door=minutes, kilometres=km, undelivered=left)
        for minutes, km, left in ((36.0, 90.0, 2), (32.0, 95.0, 1))
    )
    found = Hindsight(baskets=9, compared=7, lived=lived, resolved=resolved, rounds=900)
    day = SolvedDay(zone_id="shown", day=TODAY.day, solved_at=NOON, seconds=1.0, hindsight=found)
    hindsight_figures.observe([day])

    def shown(name: str, **labels: str) -> float | None:
        return REGISTRY.get_sample_value(f"linli_hindsight_{name}", {"zone": "shown", **labels})

    assert (shown("gap_minutes"), shown("gap_ratio")) == (4.0, 0.125)
    assert (shown("baskets"), shown("compared_baskets")) == (9, 7)
    assert shown("click_to_door_minutes", day="lived") == 36
    assert shown("kilometres", day="resolved") == 95
    assert shown("undelivered_baskets", day="resolved") == 1
    assert shown("day_timestamp_seconds") == TODAY.ends.timestamp()
    unknown = replace(found, compared=0, lived=replace(lived, click_to_door=None))
    hindsight_figures.observe([replace(day, hindsight=unknown)])
    gap = shown("gap_minutes")
    assert gap is not None
    assert gap != gap  # noqa: PLR0124
