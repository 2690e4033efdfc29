"""`linli import` and `linli replay`: a day's folder in, a neighbourhood or a report out."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn

from linli.accounts import open_account
from linli.day import settled
from linli.day.api import Api, ApiRefusal, OutOfPatience, Person
from linli.day.audit import audit_day
from linli.day.figures import Figures, figures_of
from linli.day.format import Day
from linli.day.importing import import_day as load_day
from linli.day.invariants import Case, Finding, check_all
from linli.day.journal import Journal, JournalMismatch
from linli.day.platform import Platform, RunningPlatform
from linli.day.quiet import NOT_COMPLETED, databases_at, wait_until_quiet
from linli.day.reader import BrokenDay, read_day
from linli.day.replay import Moment, Outcome, replay_day
from linli.day.report import show, write
from linli.day.town import FINAL, Habits
from linli.failures import Failure
from linli.stack import finding
from linli.stack.platform import OPERATOR, state_folder
from linli.stack.state import State
from shared.kernel.clock import clock_from_environment

SPEED = 120.0
QUIET_PATIENCE = 90.0
SETTLING_PATIENCE = 600.0
# Between the start of a platform and the first minute of its day, in seconds of the wall.
_IMPORT_SECONDS = 90.0
_AFTER_THE_DAY = timedelta(minutes=90)

Folder = Annotated[Path, typer.Argument(help="A day: day.json and shops, listings, couriers, orders .jsonl")]
Url = Annotated[str | None, typer.Option("--url", help="A running platform, instead of one started for it")]
Operator = Annotated[
    str | None, typer.Option("--operator", envvar="LINLI_OPERATOR", help="Login of an operator there")
]
Password = Annotated[
    str | None,
    typer.Option("--password", envvar="LINLI_OPERATOR_PASSWORD", help="Password of that operator"),
]


def import_day(
    folder: Folder,
    url: Annotated[str | None, typer.Option("--url", help="A platform elsewhere than here")] = None,
    operator: Operator = None,
    password: Password = None,
    name: Annotated[str | None, typer.Option(help="Which platform, when several run here")] = None,
    journal: Annotated[Path | None, typer.Option(help="Where to note what has been imported")] = None,
) -> None:
    """Load a day's shops, goods, couriers and customers into a running platform, here or at --url.

    Run again, it goes on where it stopped, and makes nothing twice.
    """
    console = Console()
    day = checked(folder, console)
    platform = platform_of(name, url, operator, password)
    person = Person(*platform.operator)
    path = journal or state_folder("imports") / f"{day.name}.jsonl"

    async def load(progress: Progress) -> None:
        api = Api(platform.base_url)
        books = Journal(path, day, platform.base_url)
        try:
            await load_day(day, api, person, books, _Counted(progress, day))
        finally:
            books.close()
            await api.close()

    with _told_in_sentences(), _progress(console) as progress:
        asyncio.run(load(progress))
    console.print(
        f"Imported {len(day.shops)} shops, {len(day.listings)} listings, {len(day.couriers)} couriers and "
        f"{len({order.customer for order in day.orders})} customers. Journal: {path}"
    )


def replay(
    folder: Folder,
    stack: Annotated[str, typer.Option(help="embedded or full: the platform that is started")] = "embedded",
    speed: Annotated[float, typer.Option(min=1, max=2000, help="Minutes of the day in a minute")] = SPEED,
    url: Url = None,
    operator: Operator = None,
    password: Password = None,
    report: Annotated[Path | None, typer.Option(help="Write the report: .json, or Markdown")] = None,
    seed: Annotated[int, typer.Option(help="Which orders meet a mishap")] = 1,
    rejects: Annotated[float, typer.Option(min=0, max=1, help="Share of orders a shop rejects")] = 0.01,
    refunds: Annotated[float, typer.Option(min=0, max=1, help="Share refunded in part")] = 0.01,
    substitutes: Annotated[
        float, typer.Option(min=0, max=1, help="Share with a line that its shop substitutes")
    ] = 0.0,
    promoted: Annotated[
        float, typer.Option(min=0, max=1, help="Share of lines bought through another shop's promotion")
    ] = 0.0,
    settle: Annotated[
        bool, typer.Option(help="Go on until midnight, when everybody gets a statement, and check those")
    ] = False,
    cancels: Annotated[float, typer.Option(min=0, max=1, help="Share cancelled")] = 0.005,
    failures: Annotated[float, typer.Option(min=0, max=1, help="Share whose first payment fails")] = 0.02,
    late: Annotated[float, typer.Option(min=0, max=1, help="Share paid late")] = 0.01,
) -> None:
    """Play a real day through the public HTTP API, report on it, and check that everything adds up.

    Without --url a fresh platform is started for it and stopped afterwards. Ends with 1 when an invariant
    does not hold or fewer than 95 % of the orders are delivered.
    """
    console = Console()
    day = checked(folder, console)
    if stack not in {"embedded", "full"}:
        raise Failure("--stack is either embedded or full.", exit_code=2)
    habits = Habits(
        seed=seed,
        shop_rejects=rejects,
        shop_refunds=refunds,
        shop_substitutes=substitutes,
        lines_promoted=promoted,
        customer_cancels=cancels,
        payment_fails_first=failures,
        payment_comes_late=late,
    )
    with _told_in_sentences():
        if url is not None:
            platform: Platform = running_at(url, _operator(operator, password))
            sound = play(
                day, platform, state_folder("imports") / f"{day.name}.jsonl", habits, console, report
            )
        else:
            from linli.day.starting import private_platform

            name = f"replay-{stack}-{day.name}"[:60]
            with private_platform(
                "full" if stack == "full" else "embedded",
                name,
                speed=speed,
                settings=settled.SETTINGS if settle else None,
                begins=_in_time_for_midnight(day, speed) if settle else None,
                told=lambda step: console.print(f"[dim]{step}[/]"),
            ) as platform:
                journal = state_folder(name) / "journal.jsonl"
                sound = play(day, platform, journal, habits, console, report, settle=settle)
    if not sound:
        raise typer.Exit(1)


def play(
    day: Day,
    platform: Platform,
    journal: Path,
    habits: Habits,
    console: Console,
    report: Path | None = None,
    *,
    settle: bool = False,
) -> bool:
    """Replay, wait until all is quiet, report and check; says whether everything is as it must be.

    With ``settle`` the day goes on until its statements are issued.
    """
    with _progress(console) as progress:
        watch = _Watch(progress, day)
        outcome = asyncio.run(
            replay_day(
                day,
                platform,
                journal=journal,
                habits=habits,
                progress=_Counted(progress, day),
                watch=watch,
            )
        )
    if settle:
        with (
            console.status("waiting for midnight and the statements"),
            databases_at(platform.database_urls) as books,
        ):
            wait_until_quiet(books, QUIET_PATIENCE, NOT_COMPLETED)
            settled.wait_until_settled(books, platform.clock, SETTLING_PATIENCE)
    figures, findings = judge(outcome, platform, settle=settle)
    show(console, figures, findings)
    if report is not None:
        write(report, figures, findings)
        console.print(f"Report: {report}")
    return all(finding.holds for finding in findings)


def judge(
    outcome: Outcome, platform: Platform, patience: float = QUIET_PATIENCE, *, settle: bool = False
) -> tuple[Figures, list[Finding]]:
    """The figures of a day that was played, and whether the invariants hold."""
    with databases_at(platform.database_urls) as databases:
        left = wait_until_quiet(databases, patience) if platform.database_urls else {}
        audit = asyncio.run(audit_day(outcome, platform.base_url, platform.operator))
        figures = figures_of(outcome, audit)
        findings = [
            Finding(
                name="all is quiet at the end",
                holds=not left and not outcome.unfinished,
                evidence=", ".join(f"{what}: {count}" for what, count in left.items())
                or (f"not finished: {', '.join(outcome.unfinished[:5])}" if outcome.unfinished else "quiet"),
            ),
            _enough_delivered(outcome, figures),
            *check_all(
                Case(outcome=outcome, audit=audit, databases=databases), settled.CHECKS if settle else ()
            ),
        ]
    return figures, findings


def _in_time_for_midnight(day: Day, speed: float) -> datetime:
    """When a platform has to begin for its day to be over shortly before midnight."""
    lasts = timedelta(minutes=day.last_minute, seconds=_IMPORT_SECONDS * speed) + _AFTER_THE_DAY
    midnight = settled.next_midnight(datetime.now(UTC) + lasts)
    return midnight - lasts


def _enough_delivered(outcome: Outcome, figures: Figures) -> Finding:
    """Whoever cancels gets nothing, nor does the customer of one shop that rejects."""
    given_up = sum(
        record.plan == "cancel" or (record.plan == "reject" and not record.order.is_multi_shop)
        for record in outcome.records.values()
    )
    wanted = figures.orders - given_up
    return Finding(
        name="at least 95 % of the orders delivered that nobody gave up",
        holds=figures.delivered >= 0.95 * wanted,
        evidence=f"{figures.delivered} of {figures.orders}; {given_up} cancelled, or rejected by their shop",
    )


def checked(folder: Path, console: Console) -> Day:
    """The day in `folder`; says everything that is wrong with it, and ends with 2, when it is not sound."""
    try:
        return read_day(folder)
    except BrokenDay as broken:
        for problem in broken.problems:
            console.print(str(problem), style="red", markup=False, highlight=False, soft_wrap=True)
        more = broken.total - len(broken.problems)
        if more > 0:
            console.print(f"… and {more} more")
        raise Failure(f"{broken}.", exit_code=2) from broken


def running_here(name: str | None) -> RunningPlatform:
    """The platform that runs on this machine, with an operator of its own."""
    found = finding.the_platform(name)
    password = State(state_folder(found.name)).secret("operator")
    open_account(found.database_urls["gateway"], "operator", OPERATOR, password, "平台运营")
    return RunningPlatform(
        found.base_url,
        clock=clock_from_environment(found.clock),
        operator=(OPERATOR, password),
        database_urls=found.database_urls,
    )


def platform_of(
    name: str | None, url: str | None, operator: str | None, password: str | None
) -> RunningPlatform:
    """The platform at `url`, for an operator who was named, or else the one that runs on this machine."""
    return running_here(name) if url is None else running_at(url, _operator(operator, password))


def running_at(url: str, operator: tuple[str, str]) -> RunningPlatform:
    """The platform at `url`; its clock and databases are those that the environment names."""
    databases = {
        name.removeprefix("LINLI_").removesuffix("_DATABASE_URL").lower(): value
        for name, value in os.environ.items()
        if name.startswith("LINLI_") and name.endswith("_DATABASE_URL") and value
    }
    return RunningPlatform(url, clock=clock_from_environment(), operator=operator, database_urls=databases)


def _operator(login: str | None, password: str | None) -> tuple[str, str]:
    if not login or not password:
        raise Failure(
            "Give an operator: --operator and --password, or LINLI_OPERATOR(_PASSWORD).", exit_code=2
        )
    return login, password


@contextmanager
def _told_in_sentences() -> Iterator[None]:
    """What a person can understand ends as a Failure, whatever group of tasks it came out of."""
    try:
        yield
    except (ApiRefusal, OutOfPatience, JournalMismatch) as error:
        raise Failure(str(error)) from error
    except ExceptionGroup as group:
        first: BaseException = group
        while isinstance(first, ExceptionGroup):
            first = first.exceptions[0]
        if isinstance(first, ApiRefusal | OutOfPatience):
            raise Failure(str(first)) from group
        raise


@contextmanager
def _progress(console: Console) -> Iterator[Progress]:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description:<22}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield progress


class _Counted:
    """Bars for the import, one for each kind of thing."""

    def __init__(self, progress: Progress, day: Day) -> None:
        totals = {
            "shops": len(day.shops),
            "listings": len(day.listings),
            "couriers": len(day.couriers),
            "customers": len({order.customer for order in day.orders}),
        }
        self._progress = progress
        self._tasks = {
            kind: progress.add_task(f"importing {kind}", total=total, note="")
            for kind, total in totals.items()
        }

    def __call__(self, kind: str, count: int) -> None:
        self._progress.advance(self._tasks[kind], count)


class _Watch:
    """One bar for the orders of the day, with the time of day beside it."""

    def __init__(self, progress: Progress, day: Day) -> None:
        self._progress = progress
        self._task = progress.add_task("orders", total=len(day.orders), note="", visible=False)

    def __call__(self, moment: Moment) -> None:
        done = sum(count for status, count in moment.counts.items() if status in FINAL | {"refused"})
        hours, minutes = divmod(max(0, int(moment.minute)), 60)
        note = (
            f"{hours:02d}:{minutes:02d} · {moment.couriers_on} couriers on · "
            f"{moment.requests} requests, {moment.retries} again"
        )
        self._progress.update(self._task, completed=done, note=note, visible=True)
