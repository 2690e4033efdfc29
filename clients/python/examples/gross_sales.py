"""Gross sales by hour, kept up to date in an SQLite file.

    python gross_sales.py 'amqp://analyst:…@host:5672/%2f' sales.sqlite           # until Ctrl-C
    python gross_sales.py 'amqp://analyst:…@host:5672/%2f' sales.sqlite --once    # up to now

The offset is stored in the transaction that stores the sale. So it may be killed at any moment and started
again: it goes on behind the last sale that it has, with no gap and no double.
"""

from __future__ import annotations

import contextlib
import sqlite3
import sys

from linli_events import Event, Start, connect
from linli_events.types import OrderPaid


def main(url: str, file: str, *, once: bool) -> None:
    with contextlib.closing(sqlite3.connect(file)) as database, connect(url) as events:
        prepare(database)
        with contextlib.suppress(KeyboardInterrupt):
            for event in events.read(resume(database), types=[OrderPaid], follow=not once):
                store(database, event)
        draw(database)


def prepare(database: sqlite3.Connection) -> None:
    # A commit need not wait for the disk: the last sales and their offsets are lost together, or not at all.
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute(
        "CREATE TABLE IF NOT EXISTS sale"
        " (offset INTEGER PRIMARY KEY, event TEXT UNIQUE, hour TEXT, amount INTEGER)"
    )


def resume(database: sqlite3.Connection) -> Start:
    """Where to go on: behind the last event that is stored."""
    last = database.execute("SELECT max(offset) FROM sale").fetchone()[0]
    return "first" if last is None else last + 1


def store(database: sqlite3.Connection, event: Event[OrderPaid]) -> None:
    hour = event.time.strftime("%Y-%m-%d %H:00")
    amount = event.data["total"]["amount"]
    with database:
        database.execute("INSERT INTO sale VALUES (?, ?, ?, ?)", (event.offset, event.id, hour, amount))


def draw(database: sqlite3.Connection) -> None:
    hours = database.execute("SELECT hour, sum(amount) FROM sale GROUP BY hour ORDER BY hour").fetchall()
    highest = max((amount for _, amount in hours), default=0)
    for hour, amount in hours:
        print(f"{hour}  {amount / 100:>12,.2f}  {'█' * round(50 * amount / highest)}")


if __name__ == "__main__":
    arguments = [argument for argument in sys.argv[1:] if argument != "--once"]
    if len(arguments) != 2:
        sys.exit(__doc__)
    main(arguments[0], arguments[1], once="--once" in sys.argv)
