"""An export has every event once, whatever ended the one before."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from linli.events.exporting import Plan
from linli.events.filling import Archive, Filling, since
from linli.events.layout import Folder, Span
from linli.failures import Failure
from tests.events.fake_stream import MORNING, FakeStream, Silent, event, event_id


class _Feed:
    def __init__(self, items: Iterator[Any]) -> None:
        self._items = items

    def __iter__(self) -> Iterator[Any]:
        return self._items

    def close(self) -> None: ...


def export(stream: FakeStream, path: Path, told: Silent | None = None, **plan: Any) -> Silent:
    told = told or Silent()
    folder = Folder(path)
    with folder.alone():
        Filling(folder, Plan(**plan), told).fill(stream, Archive())
    return told


def rows(path: Path, columns: str = '"offset", id') -> list[Any]:
    files = f"{path}/date=*/*.parquet"
    return duckdb.connect().execute(f"SELECT {columns} FROM '{files}' ORDER BY 1, 2").fetchall()


def names(path: Path) -> list[str]:
    return sorted(str(file.relative_to(path)) for file in path.glob("date=*/*"))


def test_an_export_has_every_event_once_in_files_that_name_their_offsets(tmp_path: Path) -> None:
    told = export(FakeStream(map(event, range(250))), tmp_path, rows=100)
    assert [row[0] for row in rows(tmp_path)] == list(range(250))
    assert names(tmp_path) == [
        "date=2026-01-05/stream-000000000000-000000000099.parquet",
        "date=2026-01-05/stream-000000000100-000000000199.parquet",
        "date=2026-01-05/stream-000000000200-000000000249.parquet",
    ]
    assert (told.expected, told.have_read, told.written) == (250, 250, 250)


def test_an_export_goes_on_where_the_one_before_ended(tmp_path: Path) -> None:
    stream = FakeStream(map(event, range(30)))
    export(stream, tmp_path)
    stream.append(*map(event, range(30, 45)))
    assert export(stream, tmp_path).written == 15
    assert export(stream, tmp_path).written == 0
    assert [row[0] for row in rows(tmp_path)] == list(range(45))


def test_a_day_is_a_folder_and_a_type_is_together(tmp_path: Path) -> None:
    midnight = datetime(2026, 1, 6, tzinfo=UTC)
    bodies = [
        event(n, at=midnight + timedelta(seconds=n - 5), type=("OrderPaid", "OrderPlaced")[n % 2])
        for n in range(10)
    ]
    export(FakeStream(bodies), tmp_path)
    assert names(tmp_path) == [
        "date=2026-01-05/stream-000000000000-000000000009.parquet",
        "date=2026-01-06/stream-000000000000-000000000009.parquet",
    ]
    [types] = [
        pq.read_table(tmp_path / name, columns=["type"], partitioning=None)["type"].to_pylist()
        for name in names(tmp_path)[:1]
    ]
    assert types == sorted(types)


def test_columns_are_typed_and_the_data_is_json(tmp_path: Path) -> None:
    export(FakeStream([event(7, data={"shop_id": "shop-1", "name": "小笼包"})]), tmp_path)
    [row] = rows(tmp_path, "time, typeof(time), version, sequence, order_id, shop_id, zone_id, data->>'name'")
    assert row == (
        MORNING + timedelta(seconds=7),
        "TIMESTAMP WITH TIME ZONE",
        1,
        1,
        "order-7",
        "shop-1",
        None,
        "小笼包",
    )


def test_an_event_that_was_sent_twice_is_written_once(tmp_path: Path) -> None:
    stream = FakeStream([*map(event, range(20)), event(3), event(3), *map(event, range(20, 30))])
    export(stream, tmp_path, rows=8)
    stream.append(event(0), event(29), event(30))
    assert export(stream, tmp_path, rows=8).written == 1
    assert sorted(row[1] for row in rows(tmp_path)) == sorted(
        event_id(n, MORNING + timedelta(seconds=n)) for n in range(31)
    )
    assert Folder(tmp_path).holes() == []


def test_the_same_id_of_two_sources_is_two_events(tmp_path: Path) -> None:
    export(FakeStream([event(1), event(1, source="storefront")]), tmp_path, rows=1)
    assert len(rows(tmp_path)) == 2


def test_types_leave_out_the_others_and_stay_the_folders(tmp_path: Path) -> None:
    stream = FakeStream(event(n, type=("OrderPaid", "OrderPlaced")[n % 2]) for n in range(10))
    export(stream, tmp_path, types=("OrderPaid",))
    stream.append(event(10, type="OrderPaid"))
    export(stream, tmp_path, types=("OrderPaid",))
    assert [row[0] for row in rows(tmp_path)] == [0, 2, 4, 6, 8, 10]
    with pytest.raises(Failure, match="was begun with the types OrderPaid, not with all types"):
        export(stream, tmp_path)


def test_a_new_folder_may_begin_at_an_offset_or_a_moment(tmp_path: Path) -> None:
    stream = FakeStream(map(event, range(100)))
    export(stream, tmp_path / "offset", since=90)
    export(stream, tmp_path / "moment", since=since("2026-01-05T16:01:35+08:00"))
    assert [row[0] for row in rows(tmp_path / "offset")] == list(range(90, 100))
    assert [row[0] for row in rows(tmp_path / "moment")] == list(range(95, 100))
    with pytest.raises(Failure, match="leave out --from"):
        export(stream, tmp_path / "offset", since=3)


@pytest.mark.parametrize("text", ["yesterday", "-3", "²", "2026-13-01", "2026-01-05T08:00"])
def test_a_beginning_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Failure, match="--from is first, an offset, or a time"):
        since(text)


def test_what_the_stream_dropped_before_it_was_read_is_said_and_nothing_is_written(tmp_path: Path) -> None:
    stream = FakeStream(map(event, range(50)))
    export(stream, tmp_path)
    stream.append(*map(event, range(50, 100)))
    stream.drop_before(70)
    with pytest.raises(Failure, match=r"no longer has the offsets 50 to 69.*--from-archive"):
        export(stream, tmp_path)
    assert len(rows(tmp_path)) == 50
    told = export(stream, tmp_path, across_gaps=True)
    assert len(rows(tmp_path)) == 80
    assert "The offsets 50 to 69 are missing" in told.notes[-1]
    assert "The offsets 50 to 69 are missing" in export(stream, tmp_path).notes[-1]


class Hasty(FakeStream):
    """A stream whose retention overtakes its reader."""

    def feed(self, offset: int, **filters: Any) -> Any:
        return _Feed(self._overtaken(super().feed(offset, **filters)))

    def _overtaken(self, items: Any) -> Iterator[Any]:
        for item in items:
            yield item
            if item[0] == 9:
                self.drop_before(15)


def test_what_the_stream_drops_while_it_is_read_is_said_and_leaves_a_hole_in_the_names(
    tmp_path: Path,
) -> None:
    with pytest.raises(Failure, match="Offset 10 is no longer kept"):
        export(Hasty(map(event, range(30))), tmp_path)
    assert Folder(tmp_path).spans() == [Span(first=0, last=9)]
    told = export(Hasty(map(event, range(30))), tmp_path / "across", across_gaps=True)
    assert Folder(tmp_path / "across").spans() == [Span(first=0, last=9), Span(first=15, last=29)]
    assert any("10 to 14" in note for note in told.notes)


def test_an_archive_that_leaves_out_numbers_has_no_gaps(tmp_path: Path) -> None:
    bodies = [event(n) if n % 3 else b"" for n in range(1, 31)]
    told = export(Sparse([b"", *bodies], dense=False), tmp_path, rows=4)
    assert [row[0] for row in rows(tmp_path)] == [n for n in range(1, 31) if n % 3]
    assert Folder(tmp_path).holes() == []
    assert told.notes == []


class Sparse(FakeStream):
    """An archive whose numbers are not all given to events."""

    def feed(self, offset: int, **filters: Any) -> Any:
        return _Feed((offset, body or None) for offset, body in super().feed(offset, **filters))


def test_another_stream_is_not_taken_for_the_same(tmp_path: Path) -> None:
    export(FakeStream(map(event, range(50))), tmp_path)
    with pytest.raises(Failure, match=r"not the stream.*ends at offset 9, and the folder goes up to 49"):
        export(FakeStream(map(event, range(10))), tmp_path)
    with pytest.raises(Failure, match=r"not the stream.*at offset 49 it has event"):
        export(FakeStream(map(event, range(1000, 1100))), tmp_path)


def test_what_is_no_event_is_left_out_and_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    export(FakeStream([event(0), b"{}", event(2)]), tmp_path)
    assert [row[0] for row in rows(tmp_path)] == [0, 2]
    assert "offset 1 is no event" in caplog.text
    assert Folder(tmp_path).holes() == []


def test_an_empty_stream_is_no_mistake(tmp_path: Path) -> None:
    assert export(FakeStream(), tmp_path).written == 0


def test_two_exports_never_write_into_one_folder(tmp_path: Path) -> None:
    with Folder(tmp_path).alone(), pytest.raises(Failure, match="Another export is writing"):
        export(FakeStream(), tmp_path)


def test_a_folder_of_other_parquet_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "sales.parquet").write_bytes(b"")
    with pytest.raises(Failure, match="not of `linli events export`"):
        export(FakeStream(), tmp_path)


class _Killed(BaseException):
    """What SIGKILL is to a test in one process: nothing handles it, nothing is put in order."""


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_killed_at_any_step_of_writing_it_has_everything_once_after_all(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Every call that touches the disk may be the last one of a run."""
    path = tmp_path_factory.mktemp("killed")
    midnight = datetime(2026, 1, 6, tzinfo=UTC)
    bodies = [event(n, at=midnight + timedelta(seconds=n - 20)) for n in range(40)]
    stream = FakeStream(bodies[:13])
    for arrived in (13, 27, 40, 40):
        stream.bodies = bodies[:arrived]
        countdown = {"left": data.draw(st.integers(0, 60), label="steps until it is killed")}
        with pytest.MonkeyPatch.context() as patched, suppress(_Killed):
            patched.setattr(os, "fsync", _counted(lambda _: None, countdown))
            for step in ("rename", "replace", "mkdir", "rmdir", "unlink"):
                patched.setattr(os, step, _counted(getattr(os, step), countdown))
            export(stream, path, rows=7)
        found = rows(path) if names(path) else []
        assert len({row[1] for row in found}) == len(found), "doubled"
    export(stream, path, rows=7)
    assert [row[0] for row in rows(path)] == list(range(40))
    assert not list(path.glob(".writing*")) + list(path.glob(".ready*"))


def _counted(real: Any, countdown: dict[str, int]) -> Any:
    def call(*arguments: Any, **named: Any) -> Any:
        if countdown["left"] == 0:
            raise _Killed
        countdown["left"] -= 1
        return real(*arguments, **named)

    return call
