"""Analysts read the archive over HTTP; where a broker has a stream they are told so."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.gateway.adapters.event_archive_sql import StreamInstead
from services.gateway.application.events import read_events
from services.gateway.domain.events import ArchivedEvent, AskEvents, EventPage
from services.gateway.settings import read_settings
from shared.messaging.outbox import OutboxRow
from tests.gateway.builders import World
from tests.gateway.fakes import EventsInMemory


def a_row(number: int, type: str = "OrderPaid", subject: str = "order-1") -> OutboxRow:
    body = json.dumps({"id": f"e{number}", "type": type, "subject": subject, "data": {"amount": number}})
    return OutboxRow(position=number, id=f"e{number}", type=type, subject=subject, body=body.encode())


def an_archive(*rows: OutboxRow) -> EventsInMemory:
    archive = EventsInMemory()
    archive.keep("ordering", rows)
    return archive


def read(world: World, query: str = "") -> dict[str, Any]:
    answered = world.ask("GET", f"/v1/events?{query}", role="analyst")
    assert answered.status_code == 200, answered.text
    page: dict[str, Any] = answered.json
    return page


def test_a_page_holds_whole_envelopes_with_their_offsets() -> None:
    page = read(World(archive=an_archive(a_row(0), a_row(1))))
    assert page == {
        "items": [{"offset": n, "event": json.loads(a_row(n).body)} for n in (0, 1)],
        "next_offset": 2,
        "first_offset": 0,
        "last_offset": 1,
    }


def test_an_empty_archive_has_no_last_offset() -> None:
    assert read(World()) == {"items": [], "next_offset": 0, "first_offset": 0, "last_offset": -1}


def test_pages_follow_each_other_without_gap_or_double() -> None:
    world = World(archive=an_archive(*map(a_row, range(7))))
    seen, offset = [], 0
    while (page := read(world, f"offset={offset}&limit=3"))["items"]:
        seen += [item["offset"] for item in page["items"]]
        offset = page["next_offset"]
    assert seen == list(range(7))


@pytest.mark.parametrize(
    ("query", "offsets"),
    [
        ("types=OrderPaid", [0, 3]),
        ("types=OrderPaid&types=OrderPlaced", [0, 1, 3]),
        ("types=OrderPaid,OrderPlaced", [0, 1, 3]),
        ("subjects=order-2", [1, 3]),
        ("types=OrderPaid&subjects=order-2,order-9", [3]),
        ("offset=1&types=OrderPaid", [3]),
        ("types=Nothing", []),
    ],
)
def test_types_and_subjects_leave_out_the_rest(query: str, offsets: list[int]) -> None:
    archive = an_archive(
        a_row(0),
        a_row(1, "OrderPlaced", "order-2"),
        a_row(2, "ShopOpened", "shop"),
        a_row(3, "OrderPaid", "order-2"),
    )
    page = read(World(archive=archive), query)
    assert [item["offset"] for item in page["items"]] == offsets
    assert page["next_offset"] == 4


def test_who_waits_is_answered_when_something_happens() -> None:
    archive = an_archive(a_row(0))
    archive.happens = lambda: archive.keep("ordering", [a_row(1)])
    page = read(World(archive=archive), "offset=1&wait_seconds=20")
    assert [item["offset"] for item in page["items"]] == [1]
    assert len(archive.waited) == 1


def test_who_waits_in_vain_gets_an_empty_page() -> None:
    archive = an_archive(a_row(0))
    page = read(World(archive=archive), "offset=1&wait_seconds=5")
    assert (page["items"], page["next_offset"]) == ([], 1)
    assert archive.waited[0] == pytest.approx(5, abs=1)


def test_an_offset_that_is_not_there_yet_is_kept_and_not_moved_back() -> None:
    assert read(World(archive=an_archive(a_row(0))), "offset=100")["next_offset"] == 100


class _Rare:
    """An archive in which many pages hold nothing of what is looked for."""

    def __init__(self, pages: int) -> None:
        self.pages = pages

    def read(self, asked: AskEvents) -> EventPage:
        last = self.pages - 1
        events = [ArchivedEvent(offset=last, body="{}")] if asked.offset == last else []
        return EventPage(events=events, next_offset=asked.offset + 1, first_offset=0, last_offset=last)

    def wait_beyond(self, offset: int, seconds: float) -> bool:
        raise AssertionError("there is more to look through")

    def end(self) -> None: ...


def test_it_looks_through_pages_without_a_find_for_a_while_and_then_says_how_far_it_came() -> None:
    asked = AskEvents(offset=0, limit=10)
    quick = iter([0.0] * 10)
    assert read_events(asked, 0, archive=_Rare(5), now=lambda: next(quick)).events[0].offset == 4
    slow = iter([0.0, 0.4, 0.8, 1.2])
    page = read_events(asked, 0, archive=_Rare(50), now=lambda: next(slow))
    assert (page.events, page.next_offset, page.is_the_end) == ([], 3, False)


@pytest.mark.parametrize(
    "query",
    ["offset=-1", "offset=x", "limit=0", "limit=1001", "wait_seconds=31", "types=Order-Paid", "from=1"],
)
def test_what_makes_no_sense_is_refused(query: str) -> None:
    answered = World().ask("GET", f"/v1/events?{query}", role="analyst")
    assert answered.status_code == 422
    assert answered.json["errors"][0]["field"].split(".")[0] == query.partition("=")[0]


def test_where_a_broker_has_the_events_analysts_are_told_how_to_read_them() -> None:
    answered = World(archive=StreamInstead()).ask("GET", "/v1/events?wait_seconds=9", role="analyst")
    assert answered.status_code == 404
    assert answered.content_type == "application/problem+json"
    assert answered.json["code"] == "events-are-streamed"
    assert "AMQP" in answered.json["detail"]
    assert answered.json["extra"] == {"protocol": "amqp", "stream": "events"}


def test_events_are_archived_only_where_the_settings_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not read_settings().event_archive
    monkeypatch.setenv("LINLI_GATEWAY_EVENT_ARCHIVE", "yes")
    assert read_settings().event_archive
