"""A reader that keeps each event with its offset in SQLite, in one transaction, and goes on from there."""

from __future__ import annotations

import sqlite3
import sys

from linli_events import connect


def main(url: str, file: str) -> None:
    database = sqlite3.connect(file, timeout=10)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("CREATE TABLE IF NOT EXISTS event (offset INTEGER PRIMARY KEY, id TEXT, number INTEGER)")
    last = database.execute("SELECT max(offset) FROM event").fetchone()[0]
    for event in connect(url).read("first" if last is None else last + 1):
        with database:
            database.execute(
                "INSERT INTO event VALUES (?, ?, ?)", (event.offset, event.id, event.data["number"])
            )


if __name__ == "__main__":
    main(*sys.argv[1:])
