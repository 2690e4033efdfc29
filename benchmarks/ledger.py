"""How many transactions a second the ledger takes, and how long its balances take, by what is there already.

For each size a private PostgreSQL (flushing to disk) is filled with orders over a hundred days, as the ledger
was before it had a chart, seals and totals, and migrated; then postings and balances are measured.
"""

from __future__ import annotations

import random
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import psutil
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from sqlalchemy import Connection, text

from benchmarks.ledger_filling import ENTRIES_OF_ORDER, as_if_sealed, fill
from benchmarks.platforms import percentiles, run
from linli.stack import databases
from linli.stack.postgres import PrivatePostgres
from linli.stack.state import State
from services.commission.adapters.books_sql import SqlBooks
from services.commission.adapters.catalogue_sql import SqlCatalogue
from services.commission.adapters.chain_sql import SqlChain
from services.commission.adapters.ledger_sql import SqlLedger
from services.commission.adapters.seals_sql import SqlSeals
from services.commission.application import accounts, sealing
from services.commission.application.bookkeeping import Heard, record
from services.commission.application.verification import verify
from services.commission.domain.commands import OPERATOR, Actor, AskStatement, Party
from services.commission.domain.facts import Delivered, OrderFacts, Paid, PaidLine, PaidPart, Trip
from services.commission.domain.ledger import Cause
from services.commission.domain.totals import AsOf
from shared.kernel.clock import SystemClock
from shared.kernel.ids import UuidV7
from shared.persistence import Database
from shared.persistence.migrations import migrate

SERVICE = "commission"
BEFORE = "commission_0002"
SHOPS, COURIERS, DAYS = 300, 60, 100
# How often a question is asked; fewer times when one answer takes long.
ASKED, PATIENCE_SECONDS = 100, 8.0
console = Console()

Row = dict[str, str]


def main(
    entries: Annotated[
        list[int] | None, typer.Option(help="How many entries are there already; several may be given.")
    ] = None,
    seconds: Annotated[float, typer.Option(min=1, help="How long postings are measured each time.")] = 8.0,
) -> None:
    """Measure postings and balances at each size."""
    columns: dict[str, Row] = {}
    for size in entries or [0, 1_000_000]:
        with a_database() as (url, superuser):
            columns[f"{size:,} entries"] = measure(size, seconds, url, superuser)
        show(columns)


def show(columns: dict[str, Row]) -> None:
    """What is known so far: a measurement takes long enough to be broken off."""
    table = Table("", *columns, title="The ledger")
    for name in dict.fromkeys(name for rows in columns.values() for name in rows):
        table.add_row(name, *(rows.get(name, "") for rows in columns.values()))
    for column in table.columns[1:]:
        column.justify = "right"
    console.print(table)


@contextmanager
def a_database() -> Iterator[tuple[str, str]]:
    folder = Path(tempfile.mkdtemp(prefix="linli-measure-"))
    with ExitStack() as until_end:
        until_end.callback(shutil.rmtree, folder, ignore_errors=True)
        postgres = PrivatePostgres(State(folder))
        postgres.start()
        until_end.callback(postgres.stop)
        password = databases.new_password()
        with closing(databases.connect(postgres.url())) as connection:
            databases.create(connection, SERVICE, password)
        url = postgres.url(SERVICE, SERVICE, password)
        migrate(url, SERVICE, BEFORE)
        yield url, postgres.url(SERVICE)


def measure(size: int, seconds: float, url: str, superuser: str) -> Row:
    """Fill the ledger, bring it to its present form, and ask and post."""
    rows: Row = {}
    orders = size // ENTRIES_OF_ORDER
    if orders:
        began = time.monotonic()
        columns = (TextColumn("filling"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, transient=True) as progress:
            task = progress.add_task("", total=orders)
            fill(
                superuser,
                orders,
                shops=SHOPS,
                couriers=COURIERS,
                days=DAYS,
                progress=lambda done: progress.update(task, completed=done),
            )
        rows["filled in"] = f"{time.monotonic() - began:,.0f} s"
    with console.status(f"{size:,} entries, migrating"):
        began = time.monotonic()
        migrate(url, SERVICE)
        rows["migrated in"] = f"{time.monotonic() - began:,.1f} s"
        if orders:
            as_if_sealed(superuser)
    with console.status(f"{size:,} entries, posting and asking"):
        rows |= postings(url, seconds) | sealing_and_verifying(url, size)
        rows |= questions(url)
    return rows


# -- postings ------------------------------------------------------------------------------------------------


def postings(url: str, seconds: float) -> Row:
    """Transactions of the ledger a second, with one event in a transaction and with twenty orders' in one."""
    database, sealers = Database(url, SERVICE, pool_size=1), Database(url, SERVICE, pool_size=1)
    rows: Row = {}
    stop = threading.Event()
    sealer = threading.Thread(target=_seal_as_the_service_does, args=(sealers, stop))
    sealer.start()
    try:
        for name, together in (("one at a time", 1), ("20 orders at a time", 20)):
            rate, processor = _post(database, seconds, together)
            rows[f"postings/s, {name}"] = f"{rate:,.0f}"
            rows[f"processor ms a posting, {name}"] = f"{processor:.2f}"
    finally:
        stop.set()
        sealer.join()
        database.close()
        sealers.close()
    return rows


def _seal_as_the_service_does(database: Database, stop: threading.Event) -> None:
    while not stop.wait(2.0):
        more = True
        while more:
            with database.transaction() as tx:
                more = sealing.seal(seals=SqlSeals(tx.connection), clock=SystemClock()) == sealing.BATCH


def _post(database: Database, seconds: float, together: int) -> tuple[float, float]:
    """Orders are paid, delivered and carried; each makes one transaction.

    Returns transactions a second, and the milliseconds of processors' time (ours and PostgreSQL's) for one.
    """
    chance, ids, posted = random.Random(together), UuidV7(), 0
    with database.read() as connection:
        spent = _processor(connection)
    own, began = time.thread_time(), time.monotonic()
    while time.monotonic() - began < seconds:
        orders = [_facts(chance, ids) for _ in range(together)]
        for step in range(3):
            heard = [
                Heard(
                    facts=facts[step],
                    cause=Cause(event_id=ids.new(), type=_STEPS[step], occurred_at=datetime.now(UTC)),
                )
                for facts in orders
            ]
            with database.transaction() as tx:
                record(heard, books=SqlBooks(tx), clock=SystemClock())
            posted += len(heard)
    took, own = time.monotonic() - began, time.thread_time() - own
    with database.read() as connection:
        spent = _processor(connection) - spent
    return posted / took, (own + spent) / posted * 1000


def _processor(connection: Connection) -> float:
    """The seconds of processors' time that the connection's process at the server has taken."""
    times = psutil.Process(connection.scalar(text("SELECT pg_backend_pid()"))).cpu_times()
    return float(times.user + times.system)


_STEPS = ("OrderPaid", "OrderDelivered", "DeliveryCompleted")


def _facts(chance: random.Random, ids: UuidV7) -> tuple[OrderFacts, OrderFacts, OrderFacts]:
    order_id, now = ids.new(), datetime.now(UTC)
    parts = tuple(
        PaidPart(
            store_order_id=ids.new(),
            shop_id=f"shop-{chance.randrange(SHOPS)}",
            merchant_id="merchant",
            lines=(
                PaidLine(
                    line_id=ids.new(),
                    listing_id="listing",
                    category="fruit",
                    paid=price,
                    goods=price,
                    platform_discount=0,
                ),
            ),
        )
        for price in (chance.randrange(500, 9000), chance.randrange(500, 9000))
    )
    paid = Paid(
        customer_id="customer",
        paid_at=now,
        total=sum(part.paid for part in parts) + 700,
        delivery_fee=700,
        parts=parts,
    )
    delivered = Delivered(delivered_at=now, store_order_ids=tuple(part.store_order_id for part in parts))
    trip = Trip(
        courier_id=f"courier-{chance.randrange(COURIERS)}", completed_at=now, pickups=2, distance_m=3000
    )
    return (
        OrderFacts(order_id=order_id, currency="CNY", paid=paid),
        OrderFacts(order_id=order_id, delivered=delivered),
        OrderFacts(order_id=order_id, trip=trip),
    )


# -- sealing -------------------------------------------------------------------------------------------------


def sealing_and_verifying(url: str, size: int) -> Row:
    """How fast what waits is sealed, and how fast seals are verified, unless they were only filled in."""
    database = Database(url, SERVICE, pool_size=1)
    rows: Row = {}
    _post(database, 4.0, 50)
    with database.read() as connection:
        spent = _processor(connection) + time.thread_time()
    began, sealed = time.monotonic(), 0
    while True:
        with database.transaction() as tx:
            count = sealing.seal(seals=SqlSeals(tx.connection), clock=SystemClock())
        sealed += count
        if count < sealing.BATCH:
            break
    rows["sealed/s"] = f"{sealed / (time.monotonic() - began):,.0f}"
    with database.read() as connection:
        spent = _processor(connection) + time.thread_time() - spent
    rows["processor ms a seal"] = f"{spent / max(sealed, 1) * 1000:.2f}"
    if size == 0:
        began = time.monotonic()
        with database.snapshot() as connection:
            found = verify(SqlChain(connection))
        if not found.holds:
            raise SystemExit(f"the chain does not hold: {found.broken} {found.strangers}")
        rows["verified/s"] = f"{found.sealed / (time.monotonic() - began):,.0f}"
    database.close()
    return rows


# -- questions -----------------------------------------------------------------------------------------------


def questions(url: str) -> Row:
    """How long each question takes, in milliseconds: as a wall clock has it, and of processors' time."""
    database, chance = Database(url, SERVICE, pool_size=1), random.Random(7)
    clock = SystemClock()
    with database.read() as connection:
        first, last, most = connection.execute(
            text("SELECT min(posted_at), max(posted_at), max(entry_id) FROM ledger_entry")
        ).one()
        ledger, catalogue = SqlLedger(connection), SqlCatalogue(connection)

        def then() -> datetime:
            moment: datetime = first + (last - first) * chance.random()
            return moment

        def shop() -> str:
            return f"payable:shop:shop-{chance.randrange(SHOPS)}"

        def sums(account: str, until: datetime | None = None) -> object:
            return ledger.sums([account], "CNY", until=until)

        def after_entry(account: str) -> object:
            return ledger.sums_as_of([account], "CNY", AsOf(entry=chance.randrange(1, most + 1)))

        def trial(until: datetime | None = None) -> object:
            return ledger.balances(as_of=AsOf(before=until))

        def statement() -> object:
            since = then().replace(hour=0, minute=0, second=0, microsecond=0)
            ask = AskStatement(
                actor=Actor(account_id="", role=OPERATOR),
                party=Party.SHOP,
                owner_id=f"shop-{chance.randrange(SHOPS)}",
                currency="CNY",
                since=since,
                until=since + timedelta(days=1),
                after=0,
                limit=1000,
            )
            return accounts.statement(ask, catalogue=catalogue, ledger=ledger, clock=clock)

        asked: dict[str, Callable[[], object]] = {
            "a shop's balance, ms": lambda: sums(shop()),
            "a shop's balance then, ms": lambda: sums(shop(), then()),
            "the provider's cash, ms": lambda: sums("cash:provider"),
            "the provider's cash then, ms": lambda: sums("cash:provider", then()),
            "trial balance, ms": trial,
            "trial balance then, ms": lambda: trial(then()),
            "a shop's statement of a day, ms": statement,
        }
        asked["a shop's balance after an entry, ms"] = lambda: after_entry(shop())
        asked["the provider's cash after an entry, ms"] = lambda: after_entry("cash:provider")
        rows = {name: _timed(question, connection) for name, question in asked.items()}
    database.close()
    return rows


def _timed(question: Callable[[], Any], connection: Connection) -> str:
    """The median of the answers, and the mean of PostgreSQL's and our own processor time for one."""
    times: list[float] = []
    until = time.monotonic() + PATIENCE_SECONDS
    spent = _processor(connection) + time.thread_time()
    while len(times) < ASKED and (len(times) < 3 or time.monotonic() < until):
        began = time.perf_counter()
        question()
        times.append((time.perf_counter() - began) * 1000)
    spent = _processor(connection) + time.thread_time() - spent
    return f"{percentiles(times)[0]:,.1f} ({spent / len(times) * 1000:,.1f})"


if __name__ == "__main__":
    run(main)
