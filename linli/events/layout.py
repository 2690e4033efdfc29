"""How a folder of exported events is laid out, and what its files' names say.

    DIR/linli-export.json                                  what the folder holds: of which types, from when on
    DIR/date=2026-01-05/stream-000000000000-000000024999.parquet
    DIR/date=2026-01-05/outbox.ordering-000000000001-000000000812.parquet
    DIR/filled-000000025000-000000031234                   these offsets are gone; the archive has filled in

A file has the events of one day (of their business time, in UTC) out of the range that its name gives:
offsets of the stream, or positions of a service's outbox. The ranges of all `stream` files say what was read
from the stream, so the greatest one says where to go on.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from linli.failures import Failure

STREAM = "stream"
_FILE = re.compile(r"^(?P<origin>[a-z][a-z.-]*)-(?P<first>\d{12,})-(?P<last>\d{12,})(~\d+)?\.parquet$")
_FILLED = re.compile(r"^filled-(?P<first>\d{12,})-(?P<last>\d{12,})$")
_MANIFEST = "linli-export.json"
_FORMAT = 1


@dataclass(frozen=True, kw_only=True, order=True)
class Span:
    """The offsets from ``first`` to ``last``, both included."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.first:012d}-{self.last:012d}"

    def __contains__(self, other: Span) -> bool:
        return self.first <= other.first and other.last <= self.last


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a folder holds; ``types`` is empty for all, ``since`` is first, an offset or a moment."""

    types: tuple[str, ...] = ()
    since: str = "first"


class Folder:
    """One folder of exported events."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def named(self) -> Iterator[tuple[Path, str, Span]]:
        """Every finished file with what its name says: where its rows come from, and out of which range."""
        for file in sorted(self.path.glob("date=*/*.parquet")):
            found = _FILE.match(file.name)
            if found:
                yield file, found["origin"], Span(first=int(found["first"]), last=int(found["last"]))

    def spans(self) -> list[Span]:
        """The offsets that were read from the stream, in order; neighbours are one span."""
        return joined(span for _, origin, span in self.named() if origin == STREAM)

    def next_offset(self) -> int | None:
        """Where to go on in the stream, or nothing while nothing was read from it."""
        spans = self.spans()
        return spans[-1].last + 1 if spans else None

    def holes(self) -> list[Span]:
        """The offsets before the last that were neither read from the stream nor filled in by the archive."""
        spans = joined((*self.spans(), *self.filled()))
        return [Span(first=one.last + 1, last=other.first - 1) for one, other in pairwise(spans)]

    def filled(self) -> list[Span]:
        """The offsets that the archive stands in for."""
        if not self.path.is_dir():
            return []
        found = filter(None, map(_FILLED.match, os.listdir(self.path)))
        return joined(Span(first=int(each["first"]), last=int(each["last"])) for each in found)

    def fill(self, span: Span) -> None:
        """Write down that the archive has given what the stream no longer has at ``span``."""
        with (self.path / f"filled-{span}").open("wb") as file:
            os.fsync(file.fileno())
        sync(self.path)

    def last_files(self) -> list[Path]:
        """The files (one a day) of the last span that was read in one go."""
        named = [(span, file) for file, origin, span in self.named() if origin == STREAM]
        last = max((span for span, _ in named), key=lambda span: span.last, default=None)
        return [file for span, file in named if span == last]

    def contents(self) -> Contents | None:
        """What the folder was begun with, or nothing while it is new."""
        try:
            written = json.loads((self.path / _MANIFEST).read_text(encoding="utf-8"))
            if written["format"] != _FORMAT:
                raise Failure(
                    f"{self.path} was written by another version of Linli (format {written['format']})."
                )
            return Contents(types=tuple(written["types"]), since=written["since"])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise Failure(f"{self.path / _MANIFEST} cannot be read: {error!r}.") from error

    def begin(self, contents: Contents) -> None:
        """Make the folder, and write down what it is to hold; what it was begun with may not change."""
        there = self.contents()
        if there is not None:
            if there.types != contents.types:
                raise Failure(
                    f"{self.path} was begun with {_types(there.types)}, not with {_types(contents.types)}: "
                    "choose another folder, or the same types.",
                    exit_code=2,
                )
            return
        if self.path.is_dir() and next(self.path.glob("**/*.parquet"), None) is not None:
            raise Failure(
                f"{self.path} holds Parquet files that are not of `linli events export`.", exit_code=2
            )
        self.path.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"format": _FORMAT, "types": list(contents.types), "since": contents.since})
        new = self.path / f"{_MANIFEST}.new"
        with new.open("w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path / _MANIFEST)
        sync(self.path)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other export out of this folder; raises :class:`Failure` when one is at work."""
        self.path.mkdir(parents=True, exist_ok=True)
        with (self.path / ".lock").open("wb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Failure(f"Another export is writing into {self.path}.", exit_code=3) from None
            yield


def joined(spans: Iterable[Span]) -> list[Span]:
    """The same offsets in order, without overlaps."""
    result: list[Span] = []
    for span in sorted(spans):
        if result and span.first <= result[-1].last + 1:
            result[-1] = Span(first=result[-1].first, last=max(result[-1].last, span.last))
        else:
            result.append(span)
    return result


def sync(folder: Path) -> None:
    """Let the names in ``folder`` reach the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _types(types: tuple[str, ...]) -> str:
    return f"the types {', '.join(types)}" if types else "all types"
