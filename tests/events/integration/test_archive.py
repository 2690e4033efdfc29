"""What the stream no longer has comes out of the outboxes, or out of an earlier export: each event once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from linli.events.archive import Outboxes
from linli.events.exporting import Plan
from linli.events.filling import Archive, Filling
from linli.events.layout import Folder, Span
from linli.failures import Failure
from shared.messaging.outbox import Outbox
from shared.persistence import Database
from tests.events.fake_stream import FakeStream, Silent

ServiceDatabase = Callable[[str], Database]


class Publisher:
    """A service that publishes, with a relay that sends into a stream in memory."""

    def __init__(self, database: Database, stream: FakeStream) -> None:
        self.database, self.stream = database, stream
        self.url = database.url
        self._outbox = Outbox(self.url, database.name)

    def publish(self, *numbers: int, type_: str = "OrderPlaced") -> None:
        with self.database.transaction() as tx:
            for number in numbers:
                tx.publish(type_, f"order-{number}", {"order_id": f"order-{number}", "number": number})

    def relay(self, *, mark: bool = True) -> None:
        rows = self._outbox.take()
        self.stream.append(*(row.body for row in rows))
        if mark:
            self._outbox.mark_sent(rows)

    def ids(self, *, sent: bool = True) -> set[str]:
        where = "WHERE sent_at IS NOT NULL" if sent else ""
        with self.database.read() as connection:
            return {row[0] for row in connection.exec_driver_sql(f"SELECT id FROM outbox {where}")}

    def close(self) -> None:
        self._outbox.close()


@pytest.fixture
def stream() -> FakeStream:
    return FakeStream()


@pytest.fixture
def ordering(service_database: ServiceDatabase, stream: FakeStream) -> Any:
    publisher = Publisher(service_database("ordering"), stream)
    yield publisher
    publisher.close()


@pytest.fixture
def storefront(service_database: ServiceDatabase, stream: FakeStream) -> Any:
    publisher = Publisher(service_database("storefront"), stream)
    yield publisher
    publisher.close()


def export(
    stream: FakeStream, path: Path, *publishers: Publisher, others: tuple[Path, ...] = (), **plan: Any
) -> Silent:
    told = Silent()
    folder = Folder(path)
    with folder.alone():
        urls = {publisher.database.name: publisher.url for publisher in publishers}
        archive = Archive(
            outboxes=Outboxes.now(urls) if urls else None, others=[Folder(each) for each in others]
        )
        Filling(folder, Plan(**plan), told).fill(stream, archive)
    return told


def ids(path: Path) -> list[str]:
    sql = f"SELECT id FROM '{path}/date=*/*.parquet'"
    return [row[0] for row in duckdb.connect().execute(sql).fetchall()]


def _are_all_once(path: Path, *publishers: Publisher) -> None:
    found = ids(path)
    assert len(found) == len(set(found))
    assert set(found) == set().union(*(publisher.ids() for publisher in publishers))


def test_the_outboxes_fill_in_what_the_stream_has_dropped(
    ordering: Publisher, storefront: Publisher, stream: FakeStream, tmp_path: Path
) -> None:
    for number in range(40):
        (ordering, storefront)[number % 2].publish(number)
        (ordering, storefront)[number % 2].relay()
    stream.drop_before(25)
    told = export(stream, tmp_path, ordering, storefront, rows=7)
    _are_all_once(tmp_path, ordering, storefront)
    assert told.notes[-1] == "The archive stands in for the offsets 0 to 24."
    assert Folder(tmp_path).filled() == [Span(first=0, last=24)]
    without_offset = duckdb.connect().execute(
        f"SELECT count(*) FROM '{tmp_path}/date=*/*.parquet' WHERE \"offset\" IS NULL"
    )
    assert without_offset.fetchall() == [(25,)]


def test_a_hole_in_the_middle_is_filled_and_nothing_is_said_of_it_any_more(
    ordering: Publisher, stream: FakeStream, tmp_path: Path
) -> None:
    ordering.publish(*range(10))
    ordering.relay()
    export(stream, tmp_path)
    ordering.publish(*range(10, 30))
    ordering.relay()
    stream.drop_before(20)
    with pytest.raises(Failure, match="--from-archive"):
        export(stream, tmp_path)
    export(stream, tmp_path, ordering)
    _are_all_once(tmp_path, ordering)
    ordering.publish(30)
    ordering.relay()
    assert export(stream, tmp_path).notes == []
    _are_all_once(tmp_path, ordering)


def test_what_is_not_sent_yet_is_left_to_the_stream(
    ordering: Publisher, stream: FakeStream, tmp_path: Path
) -> None:
    ordering.publish(1, 2)
    ordering.relay()
    ordering.publish(3)
    ordering.relay(mark=False)  # It has arrived, and the relay died before it could say so.
    ordering.publish(4)
    export(stream, tmp_path, ordering)
    assert len(ids(tmp_path)) == 3
    ordering.relay()
    export(stream, tmp_path, ordering)
    _are_all_once(tmp_path, ordering)
    assert len(ids(tmp_path)) == 4


def test_what_is_sent_while_the_archive_is_read_is_not_doubled(
    ordering: Publisher, stream: FakeStream, tmp_path: Path
) -> None:
    class Busy(Silent):
        def wrote(self, events: int) -> None:
            super().wrote(events)
            ordering.publish(100 + self.written)
            ordering.relay()

    ordering.publish(*range(30))
    ordering.relay()
    stream.drop_before(10)
    folder = Folder(tmp_path)
    with folder.alone():
        outboxes = Outboxes.now({"ordering": ordering.url})
        Filling(folder, Plan(rows=4), Busy()).fill(stream, Archive(outboxes=outboxes))
    export(stream, tmp_path)
    _are_all_once(tmp_path, ordering)


def test_a_row_that_was_committed_late_is_taken_the_next_time(
    ordering: Publisher, stream: FakeStream, tmp_path: Path
) -> None:
    """Positions are given before the commit: a lower one may appear after a higher one was exported."""
    with ordering.database.transaction() as late:
        late.publish("OrderPlaced", "order-late", {"order_id": "order-late"})
        late.append_outbox()
        ordering.publish(1, 2, 3)
        ordering.relay()
        stream.drop_before(3)
        export(stream, tmp_path, ordering)
        late._pending.clear()
    ordering.relay()
    stream.drop_before(4)
    export(stream, tmp_path, ordering)
    _are_all_once(tmp_path, ordering)
    assert len(ids(tmp_path)) == 4


def test_an_earlier_export_fills_in_too(ordering: Publisher, stream: FakeStream, tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    ordering.publish(*range(20))
    ordering.relay()
    export(stream, old, rows=6)
    ordering.publish(*range(20, 30))
    ordering.relay()
    stream.drop_before(15)
    told = export(stream, new, others=(old,))
    _are_all_once(new, ordering)
    assert told.notes[-1] == "The archive stands in for the offsets 0 to 14."
    assert export(stream, new, others=(old,)).written == 0


def test_only_the_types_of_the_folder_come_from_the_archive(
    ordering: Publisher, stream: FakeStream, tmp_path: Path
) -> None:
    ordering.publish(*range(5))
    ordering.publish(*range(5), type_="OrderPaid")
    ordering.relay()
    stream.drop_before(8)
    export(stream, tmp_path, ordering, types=("OrderPaid",))
    assert len(ids(tmp_path)) == 5


def test_a_folder_that_begins_at_an_offset_cannot_be_filled_from_the_archive(
    ordering: Publisher, stream: FakeStream, tmp_path: Path
) -> None:
    ordering.publish(*range(5))
    ordering.relay()
    with pytest.raises(Failure, match="the archive knows no offsets"):
        export(stream, tmp_path, ordering, since=3)
