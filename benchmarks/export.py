"""How fast events go from the stream into files, how much memory that takes, and whether all of them arrive.

Orders' events, as the samples have them, become rows of an outbox; a relay sends them into RabbitMQ's stream;
`linli events export` writes them as Parquet in a process of its own; DuckDB compares files and outbox.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import duckdb
import kombu
import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.platforms import run
from linli.failures import Failure
from linli.stack import databases
from linli.stack.containers import broker
from linli.stack.postgres import PrivatePostgres
from linli.stack.state import ROOT, State
from shared.kernel.ids import UuidV7
from shared.messaging.outbox import Outbox
from shared.messaging.relay import Relay
from shared.messaging.topology import declare
from shared.persistence import Database
from shared.persistence.migrations import migrate

SERVICE = "ordering"
ORDERS_AT_ONCE = 50
# What one three-shop order says, in the order of the day.
_STORY = (
    ("order_placed", "order_paid")
    + 3 * ("store_order_split", "store_order_accepted", "store_order_ready")
    + ("order_delivered", "order_completed")
)
_SAME = """
SELECT count(*), count(DISTINCT id), count(*) FILTER (id NOT IN (SELECT id FROM outbox)),
       (SELECT count(*) FROM outbox WHERE id NOT IN (SELECT id FROM files))
FROM files
"""


@dataclass(frozen=True, kw_only=True)
class Result:
    events: int
    sent_seconds: float
    seconds: float
    mebibytes: float
    size: int
    files: int
    counted: int
    doubled: int
    foreign: int
    missing: int


def measure(events: int, rows: int, console: Console) -> Result:
    with servers(console) as (database_url, amqp_url), tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "events"
        publish(database_url, events, console)
        with console.status("the relay sends them into the stream"):
            sent_seconds = relay(database_url, amqp_url)
        seconds, mebibytes = export(folder, amqp_url, rows)
        found = list(folder.glob("date=*/*.parquet"))
        counted, different, foreign, missing = compare(folder, database_url)
        return Result(
            events=outbox_rows(database_url),
            sent_seconds=sent_seconds,
            seconds=seconds,
            mebibytes=mebibytes,
            size=sum(file.stat().st_size for file in found),
            files=len(found),
            counted=counted,
            doubled=counted - different,
            foreign=foreign,
            missing=missing,
        )


@contextmanager
def servers(console: Console) -> Iterator[tuple[str, str]]:
    """A PostgreSQL with the service's database, and a RabbitMQ with the stream, both private and fresh."""
    folder = Path(tempfile.mkdtemp(prefix="linli-measure-"))
    state = State(folder)
    with ExitStack() as until_end:
        until_end.callback(shutil.rmtree, folder, ignore_errors=True)
        with console.status("starting PostgreSQL and RabbitMQ"):
            postgres, rabbit = PrivatePostgres(state), broker(state)
            for server in (postgres, rabbit):
                server.start()
                until_end.callback(server.stop)
            password = databases.new_password()
            with closing(databases.connect(postgres.url())) as connection:
                databases.create(connection, SERVICE, password)
            url = postgres.url(SERVICE, SERVICE, password)
            migrate(url, SERVICE)
            amqp_url = rabbit.add_vhost("measure")
            with kombu.Connection(amqp_url) as connection:
                declare(connection, [SERVICE], [])
        yield url, amqp_url


def publish(database_url: str, events: int, console: Console) -> None:
    """Write that many outbox rows, as the service does: in transactions that several orders share."""
    samples = ROOT / "services" / SERVICE / "contracts" / "samples"
    story = [json.loads((samples / f"{name}.v1.json").read_text(encoding="utf-8")) for name in _STORY]
    database, ids = Database(database_url, SERVICE, pool_size=1), UuidV7()
    left = events
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("publishing", total=events)
        while left:
            with database.transaction() as tx:
                for _ in range(ORDERS_AT_ONCE):
                    order_id = ids.new()
                    for event in story[:left]:
                        tx.publish(event["type"], order_id, event["data"] | {"order_id": order_id})
                    left -= min(left, len(story))
            progress.update(task, completed=events - left)
    database.close()


def relay(database_url: str, amqp_url: str) -> float:
    """Send everything; returns how many seconds it took."""
    sender = Relay(Outbox(database_url, SERVICE), amqp_url)
    thread = threading.Thread(target=sender.run, daemon=True)
    begun = time.monotonic()
    thread.start()
    watching = Outbox(database_url, SERVICE)
    while watching.has_unsent():
        time.sleep(0.1)
    seconds = time.monotonic() - begun
    watching.close()
    sender.stop()
    thread.join()
    return seconds


def export(folder: Path, amqp_url: str, rows: int) -> tuple[float, float]:
    """Run the command; returns its seconds, starting included, and its most memory in MiB."""
    command = [sys.executable, "-P", "-m", "linli", "events", "export", str(folder), "--rows", str(rows)]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "LINLI_EVENTS_URL": amqp_url}
    begun = time.monotonic()
    process = subprocess.Popen(command, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise Failure(f"The export ended with {process.returncode}.")
    return time.monotonic() - begun, _mebibytes(usage)


def compare(folder: Path, database_url: str) -> tuple[int, int, int, int]:
    """Events in the files, different ones, those that no outbox knows, and those that no file has."""
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE outbox (id VARCHAR)")
        with closing(databases.connect(database_url)) as source, source.cursor() as cursor:
            cursor.execute("SELECT id FROM outbox")
            while ids := cursor.fetchmany(10_000):
                connection.execute("INSERT INTO outbox SELECT unnest(?)", [[id_ for (id_,) in ids]])
        connection.execute(f"CREATE VIEW files AS SELECT id FROM '{folder}/date=*/*.parquet'")
        [(counted, different, foreign, missing)] = connection.execute(_SAME).fetchall()
        return counted, different, foreign, missing


def outbox_rows(database_url: str) -> int:
    with closing(databases.connect(database_url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM outbox")
        return int(cursor.fetchall()[0][0])


def _mebibytes(usage: Any) -> float:
    unit = 1 if sys.platform == "darwin" else 1024
    assert isinstance(usage, resource.struct_rusage)
    return usage.ru_maxrss * unit / (1 << 20)


def main(
    events: Annotated[int, typer.Option(min=1, help="how many")] = 100_000,
    rows: Annotated[int, typer.Option(min=1, help="events a file at most")] = 25_000,
) -> None:
    console = Console()
    result = measure(events, rows, console)
    table = Table(title=f"{result.events:,} events into Parquet", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for what, figure in (
        ("outbox → stream, by the relay", f"{result.events / result.sent_seconds:,.0f} events/s"),
        ("stream → Parquet, starting included", f"{result.events / result.seconds:,.0f} events/s"),
        ("seconds", f"{result.seconds:.1f} s"),
        ("most memory of the export", f"{result.mebibytes:.0f} MiB"),
        ("files", f"{result.files}, {result.size / (1 << 20):.1f} MiB"),
        ("bytes an event", f"{result.size / result.events:.0f}"),
        ("rows in the outbox", f"{result.events:,}"),
        ("rows that DuckDB counts", f"{result.counted:,}"),
        ("doubled / foreign / missing", f"{result.doubled} / {result.foreign} / {result.missing}"),
    ):
        table.add_row(what, figure)
    console.print(table)
    if (result.counted, result.doubled, result.foreign, result.missing) != (result.events, 0, 0, 0):
        raise Failure("The files do not hold exactly the outbox's events.")


if __name__ == "__main__":
    run(main)
