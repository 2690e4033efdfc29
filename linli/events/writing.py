"""Writing batches of events into a folder so that no crash leaves half a file, a gap or a double.

A batch is written aside, one file a day, and flushed. One rename then makes it valid as a whole; its files
are moved to their places after that, which whoever opens the folder next finishes when a crash came between.
"""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date
from itertools import chain, count
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from linli.events.columns import Row, table_of
from linli.events.layout import Folder, Span, sync
from linli.failures import Failure

_WRITING, _READY = ".writing-", ".ready-"
ROWS_A_GROUP = 16_384


class Writer:
    """Writes into ``folder``, which nobody else may do meanwhile (:meth:`Folder.alone`)."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._known: dict[date, dict[Path, tuple[str, str]]] = {}
        self._recover()

    def write(self, origin: str, span: Span, rows: Iterable[Row]) -> int:
        """Keep those of ``rows`` that the folder does not have; returns how many they were."""
        days: dict[date, dict[tuple[str, str], Row]] = defaultdict(dict)
        for row in rows:
            days[row.day].setdefault(row.key, row)
        for day, own in days.items():
            for key in self.known(day, own):
                del own[key]
        kept = sum(map(len, days.values()))
        if kept:
            left = {day: list(own.values()) for day, own in days.items() if own}
            self._commit(self._free_name(origin, span, left), left)
        return kept

    def known(self, day: date, keys: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """Which of these events (source and id) of ``day`` the folder has.

        Ids sort by time, so only the few files whose ids reach over those asked for are looked into.
        """
        ids: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for key in keys:
            ids[key[1]].append(key)
        found: set[tuple[str, str]] = set()
        for file, (least, greatest) in self._files_of(day).items():
            asked = [each for each in ids if least <= each <= greatest]
            if asked:
                table = pq.read_table(file, columns=["source", "id"], partitioning=None)
                table = table.filter(pc.is_in(table["id"], value_set=pa.array(asked, pa.string())))
                found |= set(zip(table["source"].to_pylist(), table["id"].to_pylist(), strict=True))
        return found & {key for keys in ids.values() for key in keys}

    def _files_of(self, day: date) -> dict[Path, tuple[str, str]]:
        if day not in self._known:
            files = sorted((self._folder.path / f"date={day}").glob("*.parquet"))
            self._known[day] = {file: _ids(file) for file in files}
        return self._known[day]

    def _free_name(self, origin: str, span: Span, days: Iterable[date]) -> str:
        """A name that no file of these days has: the archive may give more of the same range later."""
        names = chain([f"{origin}-{span}"], (f"{origin}-{span}~{number}" for number in count(2)))
        return next(
            name
            for name in names
            if not any((self._folder.path / f"date={day}" / f"{name}.parquet").exists() for day in days)
        )

    def _commit(self, name: str, days: Mapping[date, list[Row]]) -> None:
        root = self._folder.path
        aside, ready = root / f"{_WRITING}{name}", root / f"{_READY}{name}"
        aside.mkdir()
        for day, rows in days.items():
            place = root / f"date={day}" / f"{name}.parquet"
            (aside / f"date={day}").mkdir()
            file = aside / f"date={day}" / place.name
            with file.open("wb") as handle:
                pq.write_table(table_of(rows), handle, compression="zstd", row_group_size=ROWS_A_GROUP)
                handle.flush()
                os.fsync(handle.fileno())
            sync(file.parent)
        sync(aside)
        aside.rename(ready)
        sync(root)
        for file in self._move(ready):
            # Files of other days are looked up again, so that a long export keeps few names in memory.
            self._known = {day: files for day, files in self._known.items() if day in days}
            day = date.fromisoformat(file.parent.name.removeprefix("date="))
            self._files_of(day)[file] = _ids(file)

    def _move(self, ready: Path) -> list[Path]:
        """Move the files of a valid batch to their places; done again after a crash, it does the rest."""
        root, moved = self._folder.path, []
        for file in sorted(ready.glob("date=*/*.parquet")):
            place = root / file.parent.name / file.name
            place.parent.mkdir(exist_ok=True)
            file.replace(place)
            sync(place.parent)
            moved.append(place)
        sync(root)
        shutil.rmtree(ready)
        return moved

    def _recover(self) -> None:
        for left in sorted(self._folder.path.glob(f"{_WRITING}*")):
            shutil.rmtree(left)
        for left in sorted(self._folder.path.glob(f"{_READY}*")):
            self._move(left)


def _ids(file: Path) -> tuple[str, str]:
    """The least and the greatest id of a file, as its footer has them."""
    try:
        footer = pq.read_metadata(file)
        column = footer.schema.names.index("id")
        groups = [
            footer.row_group(number).column(column).statistics for number in range(footer.num_row_groups)
        ]
    except (pa.ArrowInvalid, OSError, ValueError) as error:
        raise Failure(f"{file} is no file of exported events: {error}") from error
    if any(group is None or not group.has_min_max for group in groups):
        return "", "\U0010ffff"
    return min((group.min for group in groups), default=""), max((group.max for group in groups), default="")
