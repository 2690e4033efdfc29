"""Travel times while planning: remembered, bounded in time and size, and never missing."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from services.dispatch.adapters.osrm import OsrmRouter
from services.dispatch.adapters.routers import GreatCircleRouter
from services.dispatch.application.ports import Router, RouterError, Ways
from services.dispatch.application.travelling import Source, TravelMemory, TravelPolicy
from services.dispatch.domain.places import Position
from services.dispatch.domain.planning.candidates import Judge
from services.dispatch.domain.planning.problem import Basket, Rider, Snapshot, Visit
from services.dispatch.domain.planning.routes import Board
from services.dispatch.domain.planning.solver import solve
from services.dispatch.domain.planning.travel import TravelTable
from tests.dispatch.builders import place
from tests.dispatch.osrm import FakeOsrm, serving


class Watched:
    """A router over straight streets that counts, fails and takes its time."""

    def __init__(self, detour: float = 1.5) -> None:
        self.circle: Router = GreatCircleRouter(300.0, detour)
        self.asked: list[tuple[int, int]] = []
        self.fails = False
        self.gate: threading.Event | None = None

    def table(self, sources: Sequence[Position], destinations: Sequence[Position]) -> Ways:
        self.asked.append((len(sources), len(destinations)))
        if self.gate is not None:
            self.gate.wait(30)
        if self.fails:
            raise RouterError("NoTable", "told to")
        return self.circle.table(sources, destinations)


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def at_once(work: Callable[[], None]) -> None:
    work()


def a_snapshot(riders: int = 2, baskets: int = 3, shift: float = 0.0) -> Snapshot:
    return Snapshot(
        riders=tuple(
            Rider(courier_id=f"c{n}", place=place(-500 * n + shift, 300 * n)) for n in range(riders)
        ),
        baskets=tuple(
            Basket(
                basket_id=f"b{n}",
                pickups=(Visit(stop_id=f"p{n}", place=place(700 * n, 900), service=4),),
                drop_off=Visit(stop_id=f"d{n}", place=place(600 * n, -800), service=4),
                clicked=0,
                due=40,
            )
            for n in range(baskets)
        ),
        metres_per_minute=320.0,
    )


def memory(router: Router, seconds: Seconds | None = None, **policy: float) -> TravelMemory:
    return TravelMemory(router, TravelPolicy(**policy), seconds or Seconds(), at_once)  # type: ignore[arg-type]


def minutes(table: TravelTable | None, start: Position, end: Position) -> float:
    assert table is not None
    return table.minutes[table.places.index(start) * len(table.places) + table.places.index(end)]


def test_without_a_router_a_snapshot_stays_as_it_is() -> None:
    snapshot = a_snapshot()
    alone = TravelMemory(None)
    assert alone.on_roads(snapshot) is snapshot
    assert alone.source is Source.GREAT_CIRCLE
    assert alone.describe() == "great_circle"


def test_a_plan_is_made_with_the_router_s_times_and_explained_with_them() -> None:
    # A river: whoever is near as the crow flies is far by road.
    near, far = place(0, 800), place(0, -2500)
    snapshot = Snapshot(
        riders=(Rider(courier_id="over the river", place=near), Rider(courier_id="here", place=far)),
        baskets=a_snapshot(baskets=1).baskets,
    )
    shop, door = snapshot.baskets[0].pickups[0].place, snapshot.baskets[0].drop_off.place
    places = (near, far, shop, door)
    ways = {(near, shop): 30.0, (near, door): 30.0}
    table = TravelTable(
        places=places, minutes=tuple(ways.get((a, b), a.metres_to(b) / 300) for a in places for b in places)
    )
    assert list(solve(snapshot).routes) == ["over the river"]
    from dataclasses import replace

    by_road = replace(snapshot, travel=table)
    plan = solve(by_road)
    assert list(plan.routes) == ["here"]
    assert plan.routes["here"][0].arrive == pytest.approx(far.metres_to(shop) / 300)
    assert Judge(Board(by_road)).candidates("b0", "here")[0].courier_id == "here"
    # In whatever order the places come.
    shuffled = (door, far, shop, near)
    again = TravelTable(
        places=shuffled,
        minutes=tuple(ways.get((a, b), a.metres_to(b) / 300) for a in shuffled for b in shuffled),
    )
    assert solve(replace(snapshot, travel=again)).routes == plan.routes


def test_a_table_without_a_row_for_each_place_is_refused() -> None:
    with pytest.raises(ValueError, match="a row and a column"):
        TravelTable(places=(place(), place(1)), minutes=(0.0,))


def test_what_was_asked_once_is_remembered_and_only_new_places_are_asked_for() -> None:
    router = Watched()
    known = memory(router)
    first = known.on_roads(a_snapshot())
    assert router.asked == [(8, 6)]
    snapshot = a_snapshot()
    assert minutes(first.travel, snapshot.riders[1].place, snapshot.baskets[0].drop_off.place) == (
        pytest.approx(
            snapshot.riders[1].place.metres_to(snapshot.baskets[0].drop_off.place) * 1.5 / 300, abs=0.006
        )
    )
    known.on_roads(a_snapshot())
    assert len(router.asked) == 1
    # Couriers have moved on; a few metres are no move.
    known.on_roads(a_snapshot(shift=0.4))
    assert len(router.asked) == 1
    known.on_roads(a_snapshot(shift=150))
    assert router.asked[1:] == [(2, 6)]


def test_what_is_old_is_asked_for_again_and_used_until_it_is_there() -> None:
    router, seconds = Watched(), Seconds()
    known = memory(router, seconds, fresh_seconds=600)
    known.on_roads(a_snapshot())
    seconds.now = 601
    router.fails = True
    assert known.on_roads(a_snapshot()).travel is not None
    assert known.source is Source.DEGRADED
    router.fails = False
    known.on_roads(a_snapshot())
    assert known.source is Source.ROUTER
    assert router.asked == [(8, 6)] * 3


def test_only_so_much_is_remembered() -> None:
    known = memory(Watched(), most_pairs=100)
    for shift in range(0, 4000, 200):
        known.on_roads(a_snapshot(shift=shift))
        assert known.pairs <= 100


def test_while_the_router_fails_couriers_ride_as_fast_as_it_said(caplog: pytest.LogCaptureFixture) -> None:
    router = Watched(detour=1.5)
    known = memory(router)
    router.fails = True
    with caplog.at_level(logging.INFO):
        blind = known.on_roads(a_snapshot())
        known.on_roads(a_snapshot())
    # Nothing was ever told: the zone's own pace has to do.
    assert (blind.travel, blind.metres_per_minute) == (None, 320.0)
    assert known.source is Source.DEGRADED
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    router.fails = False
    with caplog.at_level(logging.INFO):
        known.on_roads(a_snapshot())
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    router.fails = True
    elsewhere = a_snapshot(shift=40_000, baskets=1)
    moved = Snapshot(
        riders=elsewhere.riders,
        baskets=(
            Basket(
                basket_id="b",
                pickups=(Visit(stop_id="p", place=place(40_000, 900)),),
                drop_off=Visit(stop_id="d", place=place(41_000, 900)),
                clicked=0,
                due=40,
            ),
        ),
    )
    scaled = known.on_roads(moved)
    assert scaled.travel is None
    assert scaled.metres_per_minute == pytest.approx(200, abs=1)
    assert "degraded: NoTable: told to, 200 m" in known.describe()


def test_few_missing_ways_are_filled_in_among_those_that_are_known() -> None:
    router = Watched(detour=1.5)
    known = memory(router)
    known.on_roads(a_snapshot())
    router.fails = True
    mixed = known.on_roads(a_snapshot(riders=3))
    stranger, shop = mixed.riders[2].place, mixed.baskets[0].pickups[0].place
    assert minutes(mixed.travel, stranger, shop) == pytest.approx(stranger.metres_to(shop) / 200, abs=0.05)


def test_a_router_that_fails_again_and_again_is_left_alone_for_a_while() -> None:
    router, seconds = Watched(), Seconds()
    router.fails = True
    known = memory(router, seconds, failures=3, rest_seconds=30)
    for _ in range(6):
        known.on_roads(a_snapshot())
    assert len(router.asked) == 3
    seconds.now = 31
    known.on_roads(a_snapshot())
    known.on_roads(a_snapshot())
    # One try decides.
    assert len(router.asked) == 4
    router.fails = False
    seconds.now = 62
    assert known.on_roads(a_snapshot()).travel is not None


def test_a_slow_router_keeps_no_plan_waiting_and_its_answer_serves_the_next_one() -> None:
    router = Watched()
    router.gate = threading.Event()
    finished = threading.Event()

    def start(work: Callable[[], None]) -> None:
        def run() -> None:
            work()
            finished.set()

        threading.Thread(target=run, daemon=True).start()

    known = TravelMemory(router, TravelPolicy(patience_seconds=0.01), start=start)
    assert known.on_roads(a_snapshot()).travel is None
    # It is asked once, however many plans are made meanwhile.
    assert known.on_roads(a_snapshot()).travel is None
    assert len(router.asked) == 1
    router.gate.set()
    assert finished.wait(10)
    assert known.on_roads(a_snapshot()).travel is not None
    assert len(router.asked) == 1


def test_anything_that_a_router_raises_is_trouble_and_no_more() -> None:
    class Broken:
        def table(self, sources: Sequence[Position], destinations: Sequence[Position]) -> Ways:
            raise ZeroDivisionError("it was not expected")

    known = memory(Broken())
    assert known.on_roads(a_snapshot()).travel is None
    assert known.trouble == "ZeroDivisionError: it was not expected"


@pytest.fixture
def osrm() -> Iterator[FakeOsrm]:
    with serving(FakeOsrm(detour=1.4, metres_per_second=5)) as server:
        yield server


@pytest.mark.parametrize("fault", ["NoTable", "InvalidUrl", "TooBig", "drop", "garbage", 503])
def test_over_http_too_whatever_the_server_says_a_plan_is_made(osrm: FakeOsrm, fault: str | int) -> None:
    known = TravelMemory(OsrmRouter(osrm.url, "bike"), start=at_once)
    first = known.on_roads(a_snapshot())
    assert first.travel is not None
    osrm.fails_always = fault
    moved = known.on_roads(a_snapshot(shift=300))
    assert known.source is Source.DEGRADED
    assert not solve(moved).unassigned
    assert moved.metres_per_minute == pytest.approx(300 / 1.4, rel=0.01)


def test_ways_that_the_map_lacks_are_ridden_like_others(osrm: FakeOsrm) -> None:
    island = a_snapshot().baskets[2].drop_off.place
    osrm.cut_off = {(round(island.lon, 6), round(island.lat, 6))}
    known = TravelMemory(OsrmRouter(osrm.url, "bike"), start=at_once)
    planned = known.on_roads(a_snapshot())
    assert not solve(planned).unassigned
    start = planned.riders[0].place
    assert minutes(planned.travel, start, island) == pytest.approx(
        start.metres_to(island) * 1.4 / 300, rel=0.05
    )
    known.on_roads(a_snapshot())
    assert len(osrm.tables) == 1
