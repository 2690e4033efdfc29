"""The archive on a real PostgreSQL, filled by the embedded relay: every event once, whenever it dies."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from services.gateway.adapters.event_archive_sql import EventArchiveSql
from services.gateway.domain.events import AskEvents
from shared.messaging.embedded_relay import EmbeddedRelay
from shared.messaging.outbox import Outbox, OutboxRow
from shared.persistence import Database
from tests.gateway.fakes import EventsInMemory
from tests.gateway.unit.test_reading_events import a_row
from tests.waiting import wait_until

Archive = EventArchiveSql | EventsInMemory


@pytest.fixture(params=["PostgreSQL", "memory"])
def archive(request: pytest.FixtureRequest, service_database: Callable[[str], Database]) -> Archive:
    """The fake stands in tests for the real one, so it keeps the same promises."""
    return EventsInMemory() if request.param == "memory" else EventArchiveSql(service_database("gateway"))


def everything(archive: Archive) -> list[tuple[int, str]]:
    """All offsets with the ids at them, read in small pages."""
    found, offset = [], 0
    while not (page := archive.read(AskEvents(offset=offset, limit=7))).is_the_end or page.events:
        found += [(one.offset, json.loads(one.body)["id"]) for one in page.events]
        offset = page.next_offset
    return found


def test_what_is_kept_twice_has_one_place(archive: Archive) -> None:
    archive.keep("ordering", [a_row(0), a_row(1)])
    archive.keep("ordering", [a_row(1), a_row(0), a_row(2)])
    archive.keep("ordering", [a_row(1)])
    archive.keep("ordering", [])
    assert everything(archive) == [(0, "e0"), (1, "e1"), (2, "e2")]


def test_two_services_may_use_the_same_id(archive: Archive) -> None:
    archive.keep("ordering", [a_row(0)])
    archive.keep("dispatch", [a_row(0)])
    assert everything(archive) == [(0, "e0"), (1, "e0")]


def test_pages_and_filters(archive: Archive) -> None:
    archive.keep(
        "ordering", [a_row(n, "OrderPaid" if n % 3 else "ShopOpened", f"s{n % 2}") for n in range(30)]
    )
    page = archive.read(AskEvents(offset=0, limit=4, types=["ShopOpened"], subjects=["s1"]))
    assert [one.offset for one in page.events] == [3, 9, 15, 21]
    assert (page.next_offset, page.first_offset, page.last_offset) == (22, 0, 29)
    page = archive.read(AskEvents(offset=22, limit=4, types=["ShopOpened"], subjects=["s1"]))
    assert [one.offset for one in page.events] == [27]
    assert page.next_offset == 30
    assert page.is_the_end
    assert archive.read(AskEvents(offset=99, limit=1)).next_offset == 99


def test_waiting_ends_when_there_is_something_or_when_the_time_is_over(archive: Archive) -> None:
    archive.keep("ordering", [a_row(0)])
    assert archive.wait_beyond(0, 5)
    assert not archive.wait_beyond(1, 0.05)


def test_what_was_taken_over_is_remembered(archive: Archive) -> None:
    assert not archive.is_complete("ordering")
    archive.set_complete("ordering")
    archive.set_complete("ordering")
    assert archive.is_complete("ordering")
    assert not archive.is_complete("dispatch")


def test_a_body_leaves_as_it_came(service_database: Callable[[str], Database]) -> None:
    archive = EventArchiveSql(service_database("gateway"))
    body = '{"id":"e","data":{"名":"苹果 100% %s","n":12345678901234567890}}'
    archive.keep("ordering", [OutboxRow(position=1, id="e", type="T", subject="s", body=body.encode())])
    assert archive.read(AskEvents(offset=0, limit=1)).events[0].body == body


def test_who_waits_is_woken_by_another_s_event_and_by_the_end(
    service_database: Callable[[str], Database],
) -> None:
    archive = EventArchiveSql(service_database("gateway"))
    with ThreadPoolExecutor(2) as pool:
        waiting = pool.submit(archive.wait_beyond, 0, 60)
        archive.keep("ordering", [a_row(0)])
        assert waiting.result(timeout=20)
        waiting = pool.submit(archive.wait_beyond, 1, 60)
        archive.end()
        assert not waiting.result(timeout=20)


def test_relays_side_by_side_leave_no_gap_and_readers_never_see_one(
    service_database: Callable[[str], Database],
) -> None:
    archive = EventArchiveSql(service_database("gateway"))
    sources = [f"service-{number}" for number in range(4)]

    def fill(source: str) -> None:
        for start in range(0, 60, 3):
            archive.keep(source, [a_row(number) for number in range(start, start + 3)])

    with ThreadPoolExecutor(4) as pool:
        filling = [pool.submit(fill, source) for source in sources]
        seen = 0
        while not all(one.done() for one in filling):
            page = archive.read(AskEvents(offset=0, limit=1000))
            assert [one.offset for one in page.events] == list(range(len(page.events)))
            assert len(page.events) >= seen
            seen = len(page.events)
        for one in filling:
            one.result()
    with service_database("gateway").read() as connection:
        rows = connection.execute(
            text("SELECT place, source, event_id FROM archived_events ORDER BY place")
        ).all()
    assert [row.place for row in rows] == list(range(240))
    for source in sources:
        assert [row.event_id for row in rows if row.source == source] == [f"e{n}" for n in range(60)]


# -- the relay ---------------------------------------------------------------------------------------------


class Died(BaseException):
    """The process, at a place that the test named."""


class Mortal(EmbeddedRelay):
    """A relay on no transport, that may die at any of its steps."""

    def __init__(self, outbox: Outbox, archive: Any, dies_before: str = "") -> None:
        super().__init__(outbox, "unused", archive)
        self.sent: list[str] = []
        self._dies_before = dies_before
        for part, step in ((archive, "keep"), (outbox, "mark_sent"), (archive, "set_complete")):
            self._wrap(part, step)

    def _wrap(self, part: Any, step: str) -> None:
        act = getattr(part, step)

        def mortally(*arguments: Any) -> None:
            if self._dies_before == step:
                raise Died
            act(*arguments)
            if self._dies_before == f"after {step}":
                raise Died

        setattr(part, step, mortally)

    def _publish(self, row: OutboxRow) -> None:
        if self._dies_before == "publish":
            raise Died
        self.sent.append(row.id)

    def live(self) -> list[str]:
        """What a process does from its start until nothing is left to send."""
        self._take_over()
        self._send_again()
        self._send_what_waits()
        return self.sent


@pytest.fixture
def ordering(service_database: Callable[[str], Database]) -> Database:
    return service_database("ordering")


@pytest.fixture
def gateway(service_database: Callable[[str], Database], ordering: Database) -> Database:
    return service_database("gateway")


@pytest.fixture
def relay(ordering: Database, gateway: Database) -> Iterator[Callable[..., Mortal]]:
    outboxes: list[Outbox] = []

    def born(dies_before: str = "") -> Mortal:
        for outbox in outboxes:
            outbox.close()
        outboxes.append(Outbox(ordering.url, "ordering"))
        return Mortal(outboxes[-1], EventArchiveSql(gateway), dies_before)

    yield born
    for outbox in outboxes:
        outbox.close()


def publish(database: Database, *subjects: str) -> list[str]:
    with database.transaction() as tx:
        return [tx.publish("OrderPaid", subject, {"order_id": subject}) for subject in subjects]


def ids(gateway: Database) -> list[str]:
    return [event_id for _, event_id in everything(EventArchiveSql(gateway))]


@pytest.mark.parametrize(
    "moment", ["publish", "keep", "after keep", "mark_sent", "after mark_sent", "set_complete"]
)
def test_wherever_the_relay_dies_every_event_is_kept_once_and_in_order(
    relay: Callable[..., Mortal], ordering: Database, gateway: Database, moment: str
) -> None:
    if moment == "set_complete":
        relay().live()
        with gateway.transaction() as tx:
            tx.connection.execute(text("DELETE FROM archived_sources"))
    first = publish(ordering, "a", "b", "a")
    with pytest.raises(Died):
        relay(dies_before=moment).live()
    second = publish(ordering, "b", "c")
    relay().live()
    assert ids(gateway) == first + second
    assert relay().live() == first + second, "nothing was noted as taken in, so all is sent again"
    assert ids(gateway) == first + second


def test_what_was_sent_before_there_was_an_archive_is_taken_over(
    relay: Callable[..., Mortal], ordering: Database, gateway: Database
) -> None:
    before = publish(ordering, *(f"s{number}" for number in range(450)))
    with ordering.transaction() as tx:
        tx.connection.execute(text("UPDATE outbox SET sent_at = clock_timestamp() - interval '1 day'"))
        tx.connection.execute(text("INSERT INTO relay_state VALUES ('embedded', clock_timestamp())"))
    after = publish(ordering, "new")
    assert relay().live() == after
    assert ids(gateway) == before + after


def test_an_event_that_commits_late_comes_after_what_was_kept_before_it(
    relay: Callable[..., Mortal], ordering: Database, gateway: Database
) -> None:
    with ordering.transaction() as late:
        late_id = late.publish("OrderPaid", "late", {})
        late.append_outbox()
        late._pending.clear()
        early = publish(ordering, "early")
        relay().live()
        assert ids(gateway) == early
    relay().live()
    assert ids(gateway) == [*early, late_id]


def test_while_the_archive_is_away_events_go_out_and_stay_unmarked(
    relay: Callable[..., Mortal], ordering: Database, gateway: Database
) -> None:
    sent = publish(ordering, "a")
    with gateway.transaction() as tx:
        tx.connection.execute(text("ALTER TABLE archived_events RENAME TO hidden"))
    one = relay()
    try:
        assert not one._outlive(one._send_what_waits)
        assert one.sent == sent
    finally:
        with gateway.transaction() as tx:
            tx.connection.execute(text("ALTER TABLE hidden RENAME TO archived_events"))
    relay().live()
    wait_until(lambda: ids(gateway) == sent)
