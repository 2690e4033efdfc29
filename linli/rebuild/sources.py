"""Where the events of a rebuild come from: a stream, an archive over HTTP, or exported files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import orjson

from linli.failures import Failure
from shared.messaging.envelope import Event

_COLUMNS = ("id", "type", "source", "subject", "time", "version", "sequence", "data")


class Source(Protocol):
    """Events that can be read more than once; each reading goes on where the last one ended."""

    def ahead(self) -> int:
        """How many events the next reading has at most."""

    def read(self) -> Iterator[Event]:
        """What there is now and has not been read."""

    def close(self) -> None: ...


def source_of(place: str) -> Source:
    """The source at ``place``: an ``amqp://`` or ``http://`` address, or a folder of exported files."""
    if urlsplit(place).scheme in {"amqp", "amqps", "http", "https"}:
        return Reading(place)
    if not Path(place).is_dir():
        raise Failure(f"{place} is neither an address of events nor a folder.", exit_code=2)
    return Files(Path(place))


class Reading:
    """A stream or an archive, from offset 0 on."""

    def __init__(self, url: str) -> None:
        from linli_events import EventsError, connect

        try:
            self._events = connect(url, patience=30)
        except EventsError as error:
            raise Failure(str(error), exit_code=2) from error
        self._next = 0

    def ahead(self) -> int:
        bounds = self._bounds()
        return 0 if bounds is None else max(0, bounds[1] + 1 - self._next)

    def read(self) -> Iterator[Event]:
        from linli_events import EventsError

        bounds = self._bounds()
        if bounds is None or bounds[1] < self._next:
            return
        first, last = bounds
        if self._next == 0 and first > 0:
            raise Failure(
                f"The events before offset {first} are no longer there. Read an export that has them first: "
                "--from FOLDER --from URL."
            )
        try:
            for told in self._events.read(self._next, follow=False, stop=last + 1):
                self._next = told.offset + 1
                yield Event.from_json(told.raw)
        except EventsError as error:
            raise Failure(str(error)) from error
        self._next = last + 1

    def close(self) -> None:
        self._events.close()

    def _bounds(self) -> tuple[int, int] | None:
        from linli_events import EventsError

        try:
            return self._events.bounds()
        except EventsError as error:
            raise Failure(str(error)) from error


@dataclass
class Files:
    """A folder that `linli events export` has written."""

    folder: Path
    is_read: bool = False

    def ahead(self) -> int:
        return 0 if self.is_read else sum(file.metadata.num_rows for file in self._files())

    def read(self) -> Iterator[Event]:
        if self.is_read:
            return
        for file in self._files():
            for batch in file.iter_batches(batch_size=1000, columns=list(_COLUMNS)):
                for row in batch.to_pylist():
                    row["time"] = row["time"].isoformat()
                    row["data"] = orjson.loads(row["data"])
                    yield Event(**row)
        self.is_read = True

    def close(self) -> None:
        """Nothing is open."""

    def _files(self) -> Iterator[Any]:
        try:
            parquet = import_module("pyarrow.parquet")
        except ImportError:
            raise Failure(
                "Exported files are read with pyarrow: run `make setup-analysis`.", exit_code=2
            ) from None
        names = sorted(self.folder.glob("date=*/*.parquet"))
        if not names:
            raise Failure(f"There are no exported events in {self.folder}.", exit_code=2)
        for name in names:
            with parquet.ParquetFile(name) as file:
                yield file
