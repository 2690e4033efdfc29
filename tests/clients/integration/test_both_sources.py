"""One suite over both sources: what is promised of a stream is promised of an archive."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

import pytest

from linli.stack.rabbitmq import PrivateRabbit
from linli_events import Event
from linli_events.types import OrderPaid
from tests.clients.places import Archive, Place, Stream
from tests.clients.publishing import BEGINNING, envelope
from tests.waiting import wait_until


@pytest.fixture(scope="module", params=["stream", "archive"])
def hundred(request: pytest.FixtureRequest) -> Iterator[Place]:
    """A place with the events 0 to 99; nobody publishes to it any more."""
    made = _made(request, "hundred")
    made.publish(*range(100))
    yield made
    made.remove()


@pytest.fixture(params=["stream", "archive"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """A place of the test's own, with nothing there."""
    made = _made(request, request.node.originalname)
    yield made
    made.remove()


def _made(request: pytest.FixtureRequest, vhost: str) -> Stream | Archive:
    if request.param == "archive":
        return Archive()
    server: PrivateRabbit = request.getfixturevalue("rabbitmq_server")
    return Stream(server, vhost)


def _numbers(events: Iterator[Event[Any]]) -> list[int]:
    return [event.data["number"] for event in events]


def test_everything_from_the_first_to_now_in_order(hundred: Place) -> None:
    with hundred.connect() as events:
        given = list(events.read("first", follow=False))
        assert events.bounds() == (0, 99)
    assert [event.offset for event in given] == list(range(100))
    assert [event.id for event in given] == [f"event-{number}" for number in range(100)]


def test_an_event_is_typed_and_whole(hundred: Place) -> None:
    with hundred.connect() as events:
        event = next(events.read(7))
    assert (event.offset, event.id, event.source, event.type) == (7, "event-7", "ordering", "OrderPaid")
    assert (event.subject, event.sequence, event.version) == ("order-7", 1, 1)
    assert event.time == BEGINNING + timedelta(seconds=7)
    assert (event.correlationid, event.causationid, event.partitionkey) == (
        "request-2",
        "request-2",
        "order-7",
    )
    total = {"amount": 107, "currency": "CNY"}
    assert event.data == {"number": 7, "where": "文一西路", "total": total, "pad": ""}
    assert event.raw == envelope(7)


def test_a_type_is_named_by_its_class_as_well_as_by_its_name(hundred: Place) -> None:
    with hundred.connect() as events:
        by_class = [event.offset for event in events.read("first", types=[OrderPaid], follow=False)]
        by_name = [event.offset for event in events.read("first", types=["OrderPaid"], follow=False)]
    assert by_class == by_name
    assert len(by_class) > 10


def test_an_offset_is_the_first_one_given_and_stop_is_not_given(hundred: Place) -> None:
    with hundred.connect() as events:
        assert _numbers(events.read(40, stop=43)) == [40, 41, 42]
        assert _numbers(events.read(97, follow=False)) == [97, 98, 99]
        assert _numbers(events.read(100, follow=False)) == []
        assert _numbers(events.read(5, stop=5)) == []


def test_the_last_one_is_one(hundred: Place) -> None:
    with hundred.connect() as events:
        assert _numbers(events.read("last", follow=False)) == [99]


def test_next_is_nothing_that_is_there(hundred: Place) -> None:
    with hundred.connect() as events:
        assert _numbers(events.read("next", follow=False)) == []


def test_a_moment_leaves_out_what_was_before_it(hundred: Place) -> None:
    with hundred.connect() as events:
        assert _numbers(events.read(BEGINNING + timedelta(seconds=96.5), follow=False)) == [97, 98, 99]
        assert len(_numbers(events.read(BEGINNING - timedelta(days=9), follow=False))) == 100
        assert _numbers(events.read(BEGINNING + timedelta(days=9), follow=False)) == []


def test_only_what_is_asked_for(hundred: Place) -> None:
    with hundred.connect() as events:
        paid = _numbers(events.read(types=["OrderPaid"], follow=False))
        assert paid == list(range(1, 100, 2))
        assert _numbers(events.read(subjects=["order-3", "order-4"], stop=30)) == [3, 4, 13, 14, 23, 24]
        assert _numbers(events.read(types={"OrderPaid"}, subjects={"order-4"}, follow=False)) == []


def test_two_readings_do_not_disturb_each_other(hundred: Place) -> None:
    with hundred.connect() as events:
        one, other = events.read("first"), events.read(50)
        assert [(a.offset, b.offset) for a, b in islice(zip(one, other, strict=False), 20)] == [
            (number, number + 50) for number in range(20)
        ]


def test_where_there_is_nothing_nothing_is_given(place: Place) -> None:
    with place.connect() as events:
        assert events.bounds() is None
        for start in ("first", "last", "next"):
            assert _numbers(events.read(start, follow=False)) == []


def test_following_gives_what_comes_later(place: Place) -> None:
    with place.connect() as events:
        reading = events.read("next")
        place.publish(0, 1)
        assert [next(reading).offset, next(reading).offset] == [0, 1]
        later = events.read("next")
        place.publish(2)
        assert next(later).id == next(reading).id == "event-2"


def test_closing_ends_a_reading_that_waits(place: Place) -> None:
    place.publish(0)
    events = place.connect()
    given: list[Event[Any]] = []
    reader = threading.Thread(target=lambda: given.extend(events.read("first")), daemon=True)
    reader.start()
    wait_until(lambda: len(given) == 1 or not reader.is_alive())
    events.close()
    reader.join(15)
    assert not reader.is_alive()


def test_broken_connections_leave_no_gap_and_no_double(place: Place) -> None:
    place.publish(*range(3000))
    given: list[int] = []
    with place.connect() as events:
        reading = events.read("first", stop=3010)
        for cut_after in (10, 1500, 2990):
            given += [next(reading).offset for _ in range(cut_after - len(given))]
            place.cut()
        place.publish(*range(3000, 3010))
        given += [event.offset for event in reading]
    assert given == list(range(3010))
