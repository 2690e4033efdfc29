"""What every router promises, and how the one over HTTP deals with what servers do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.dispatch.adapters.osrm import OsrmRouter
from services.dispatch.adapters.routers import GreatCircleRouter, MatrixRouter
from services.dispatch.application.ports import Router, RouterError
from services.dispatch.domain.places import Position
from tests.dispatch.builders import place
from tests.dispatch.osrm import FakeOsrm, serving

PLACES = [place(400 * number, 250 * (number % 3)) for number in range(7)]


@pytest.fixture
def osrm() -> Iterator[FakeOsrm]:
    with serving(FakeOsrm()) as server:
        yield server


@pytest.fixture(params=["great circle", "matrix", "osrm", "osrm in pieces"])
def router(request: pytest.FixtureRequest, osrm: FakeOsrm) -> Router:
    """Each of them over the same streets."""
    circle = GreatCircleRouter(300.0, detour=1.3)
    match request.param:
        case "great circle":
            return circle
        case "matrix":
            return MatrixRouter(PLACES, circle.table(PLACES, PLACES).minutes)
        case "osrm":
            return OsrmRouter(osrm.url, "bike")
        case _:
            osrm.limit = 2
            return OsrmRouter(osrm.url, "bike", limit=2)


def minutes(start: Position, end: Position) -> float:
    return start.metres_to(end) * 1.3 / 300


def test_a_table_has_a_row_for_each_source_in_order(router: Router) -> None:
    told = router.table(PLACES[:3], PLACES[2:]).minutes
    assert [len(row) for row in told] == [5, 5, 5]
    for start, row in zip(PLACES[:3], told, strict=True):
        for end, told_minutes in zip(PLACES[2:], row, strict=True):
            assert told_minutes == pytest.approx(minutes(start, end), abs=0.002)


def test_from_a_place_to_itself_takes_no_time(router: Router) -> None:
    told = router.table(PLACES, PLACES).minutes
    assert [row[number] for number, row in enumerate(told)] == [0] * len(PLACES)


def test_a_place_may_be_named_twice_and_nothing_may_be_asked(router: Router) -> None:
    twice = router.table([PLACES[0], PLACES[0]], [PLACES[1], PLACES[1]]).minutes
    assert len({one for row in twice for one in row}) == 1
    assert list(router.table([], [])  .minutes) == []  # fmt: skip


def test_a_matrix_knows_its_places_only_and_says_where_there_is_no_way() -> None:
    known = MatrixRouter(PLACES[:2], [[0, None], [3, 0]])
    assert known.table([PLACES[0]], [PLACES[1]]).minutes == [[None]]
    with pytest.raises(RouterError, match="NoTable"):
        known.table([PLACES[0]], [PLACES[5]])
    with pytest.raises(ValueError, match="a row and a column"):
        MatrixRouter(PLACES[:2], [[0, 1]])


def test_a_request_is_what_osrm_reads(osrm: FakeOsrm) -> None:
    told = OsrmRouter(osrm.url + "/", "bike", distances=True).table(PLACES[:1], PLACES[1:3])
    (path,) = osrm.asked
    assert path.startswith("/table/v1/bike/120.150000,30.250000;")
    assert path.endswith("?annotations=duration,distance&sources=0&destinations=1;2")
    assert told.metres is not None
    assert told.metres[0][0] == pytest.approx(PLACES[0].metres_to(PLACES[1]) * 1.3, abs=0.2)


def test_a_large_table_is_asked_for_in_pieces(osrm: FakeOsrm) -> None:
    osrm.limit = 3
    OsrmRouter(osrm.url, "bike", limit=3).table(PLACES, PLACES)
    assert len(osrm.tables) == 9
    assert max(width * height for height, width in osrm.tables) <= 9


def test_a_server_that_finds_it_too_big_gets_smaller_pieces_from_then_on(osrm: FakeOsrm) -> None:
    osrm.limit = 2
    router = OsrmRouter(osrm.url, "bike", limit=100)
    assert len(router.table(PLACES, PLACES).minutes) == len(PLACES)
    before = len(osrm.asked)
    router.table(PLACES, PLACES)
    assert all("TooBig" not in path for path in osrm.asked)
    assert len(osrm.asked) - before == len(osrm.tables) / 2


def test_a_server_that_finds_one_pair_too_big_is_given_up(osrm: FakeOsrm) -> None:
    osrm.fails_always = "TooBig"
    with pytest.raises(RouterError, match="TooBig"):
        OsrmRouter(osrm.url, "bike", limit=8).table(PLACES, PLACES)
    assert len(osrm.asked) == 4


@pytest.mark.parametrize("fault", ["NoTable", "InvalidUrl", "InvalidQuery", "NoSegment", "garbage", "short"])
def test_what_is_wrong_for_good_is_not_asked_again(osrm: FakeOsrm, fault: str) -> None:
    osrm.fails_always = fault
    with pytest.raises(RouterError) as refused:
        OsrmRouter(osrm.url, "bike").table(PLACES[:2], PLACES)
    assert refused.value.code == {"garbage": "NoAnswer", "short": "NoAnswer"}.get(fault, fault)
    assert len(osrm.asked) == 1


def test_a_code_that_nobody_knows_is_another_one(osrm: FakeOsrm) -> None:
    osrm.fails = ["Whatever"]
    with pytest.raises(RouterError) as refused:
        OsrmRouter(osrm.url, "bike").table(PLACES[:2], PLACES)
    assert refused.value.code == "Other"


@pytest.mark.parametrize("fault", [502, "drop"])
def test_what_may_pass_is_tried_twice_and_no_oftener(osrm: FakeOsrm, fault: str | int) -> None:
    osrm.fails = [fault]
    router = OsrmRouter(osrm.url, "bike", tries=2)
    assert len(router.table(PLACES[:2], PLACES).minutes) == 2
    osrm.asked.clear()
    osrm.fails = [fault, fault, fault]
    with pytest.raises(RouterError) as refused:
        router.table(PLACES[:2], PLACES)
    assert refused.value.passing
    assert len(osrm.asked) == 2


def test_a_server_that_hangs_is_not_waited_for_longer_than_was_said(osrm: FakeOsrm) -> None:
    osrm.fails_always = "hang"
    with pytest.raises(RouterError, match="Timeout"):
        OsrmRouter(osrm.url, "bike", seconds=0.05, tries=1).table(PLACES[:2], PLACES)


def test_a_server_that_is_not_there_is_an_error_like_others() -> None:
    with pytest.raises(RouterError, match="Unreachable"):
        OsrmRouter("http://127.0.0.1:9", "bike", seconds=0.5).table(PLACES[:2], PLACES)


def test_where_there_is_no_way_the_answer_says_so(osrm: FakeOsrm) -> None:
    island = PLACES[3]
    osrm.cut_off = {(round(island.lon, 6), round(island.lat, 6))}
    told = OsrmRouter(osrm.url, "bike").table([PLACES[0]], [PLACES[1], island]).minutes
    assert told[0][0] is not None
    assert told[0][1] is None
