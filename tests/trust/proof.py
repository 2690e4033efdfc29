"""One proof: load and faults together, then quiet, then the oracle."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import timedelta

from linli.day.importing import Progress, unwatched
from linli.day.quiet import NOT_COMPLETED, LooseEnd, databases_at, wait_until_quiet
from tests.trust.blows import Blow, Missed, Told, strike_all
from tests.trust.books import Books
from tests.trust.client_log import ClientLog, Wish, read_log
from tests.trust.fault import Fault
from tests.trust.knee import Step, find_knee
from tests.trust.load import Load, load
from tests.trust.neighbourhood import BURST, Size, neighbourhood
from tests.trust.oracle import Case, Verdict, judge
from tests.trust.oracle.desk import leases_in
from tests.trust.reading import read_archive, read_books, read_broker
from tests.trust.reading_terms import read_audit
from tests.trust.stage import Stage

# The business clock runs this fast: a delivery takes seconds, and what nobody pays runs out within a minute.
SPEED = 60.0
QUIET_SECONDS = 120.0
# Of a planner that is killed or stopped another takes the zone, at once when its lease is over.
REPLICAS = {"planner": 2}
# Orders are completed while all this goes on, and none is any more when the books are read: an event that is
# published between the reading of two databases looks like one that got lost.
CASE_SETTINGS = tuple(
    f"LINLI_ORDERING_CASE_{step}_SECONDS" for step in ("ANSWER", "APPEAL", "RESEND", "CONFIRM")
)
SETTINGS = {
    "LINLI_ORDERING_AFTER_SALE_WINDOW_SECONDS": str(20 * 60),
    # Silence about a case ends a little after the window. Baskets of any size are paid at the door.
    **dict.fromkeys(CASE_SETTINGS, str(22 * 60)),
    "LINLI_ORDERING_CASH_MAXIMUM": "1000000",
}

# What planners bring to an end by themselves.
_AT_REST: tuple[LooseEnd, ...] = (
    ("dispatch", "offers open", "SELECT count(*) FROM offer WHERE status = 'open'"),
    ("dispatch", "couriers lent", "SELECT count(*) FROM loan WHERE status <> 'returned'"),
    ("dispatch", "zones paused", "SELECT count(*) FROM zone_pause WHERE resumed_at IS NULL"),
)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to be done on a stage; the same plan asks for the same."""

    seed: int
    size: Size
    seconds: float
    """How long orders come in; longer when the faults take longer."""
    faults: Sequence[Fault] = ()
    rate: float | None = None
    """Orders a second; unless given, ``share`` of the knee."""
    share: float = 0.6


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What was done, what came of it, and whether everything holds that must."""

    plan: Plan
    rate: float
    knee: float | None
    steps: Sequence[Step]
    blows: Sequence[Blow]
    missed: Sequence[Missed]
    wishes: Sequence[Wish]
    verdicts: Sequence[Verdict]
    loaded_from: float
    loaded_until: float
    quiet_after: float
    """Seconds from the last order to quiet."""
    surprises: dict[str, int] = field(default_factory=dict)
    leases: Mapping[str, int] = field(default_factory=dict)
    """Of all zones: plans, leases, takeovers, and leases that were taken away."""

    @property
    def holds(self) -> bool:
        return all(verdict.holds for verdict in self.verdicts) and not self.missed


async def prove(
    stage: Stage, plan: Plan, progress: Progress = unwatched, told: Told = lambda _step: None
) -> Proof:
    """Play the plan on a stage that nobody has played on, and judge what is left."""
    log = ClientLog(stage.folder / "client.jsonl")
    last_minute = (plan.seconds + 3_600) * 2 * SPEED / 60
    hood = neighbourhood(plan.seed, plan.size, last_minute)
    knee, steps = None, list[Step]()
    told("opening shops, registering people")
    async with load(stage, hood, log, progress) as played:
        rate = plan.rate
        if rate is None:
            told("looking for the knee")
            knee, steps = await find_knee(played, told)
            rate = plan.share * knee
        told(f"{rate:.1f} orders a second")
        loaded_from = time.time()
        played.begin_meddling()
        blows, missed = await _load_and_strike(stage, played, plan, rate, told)
        loaded_until = time.time()
        told("no more orders; waiting until all is quiet")
        await stage.until_ready()
        await played.settle(QUIET_SECONDS * 0.75)
        with databases_at(stage.platform.database_urls) as databases:
            patience = max(10.0, QUIET_SECONDS - (time.time() - loaded_until))
            left = await asyncio.to_thread(wait_until_quiet, databases, patience, NOT_COMPLETED, *_AT_REST)
        quiet_after = time.time() - loaded_until
        surprises = dict(played.town.surprises)
        listing_ids = played.town.cast.listing_ids
    log.close()
    told("reading the books")
    books = await asyncio.to_thread(_all_books, stage)
    wishes = read_log(log.path)
    case = Case(
        wishes=wishes,
        books=books,
        supplied={listing_ids[listing.listing]: listing.stock for listing in hood.goods},
        injected=[injected for blow in blows for injected in blow.struck.injected],
        now=stage.clock.now(),
        deadline=timedelta(minutes=hood.day.rules.maximum_click_to_door_minutes),
        left_undone=left,
    )
    return Proof(
        plan=plan,
        rate=rate,
        knee=knee,
        steps=steps,
        blows=blows,
        missed=missed,
        wishes=wishes,
        verdicts=judge(case),
        loaded_from=loaded_from,
        loaded_until=loaded_until,
        quiet_after=quiet_after,
        surprises=surprises,
        leases=asdict(leases_in(books.history)),
    )


async def _load_and_strike(
    stage: Stage, played: Load, plan: Plan, rate: float, told: Told
) -> tuple[list[Blow], list[Missed]]:
    striking = asyncio.create_task(strike_all(stage, plan.faults, plan.seed, plan.seconds, told))
    try:
        await played.order_for(plan.seconds, rate, plan.size.hot_buyers // BURST)
        while not striking.done():
            await played.order_for(1.0, rate)
        return await striking
    finally:
        striking.cancel()


def _all_books(stage: Stage) -> Books:
    with databases_at(stage.platform.database_urls) as databases:
        books = read_books(databases)
        if stage.kind == "full":
            read_broker(books, stage.servers.amqp_url)
        else:
            read_archive(books, databases)
    read_audit(books, stage.platform.database_urls["commission"])
    return books
