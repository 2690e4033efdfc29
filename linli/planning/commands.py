"""`linli plan`: a request in, routes out."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from linli.failures import Failure
from linli.planning.answer import answer_of
from linli.planning.form import read
from linli.planning.question import Ask, Tables, question_of
from services.dispatch.adapters.osrm import OsrmRouter
from services.dispatch.application.ports import RouterError
from services.dispatch.domain.places import Position
from services.dispatch.engine.machine import warm_up
from services.dispatch.engine.search import Search

# From so many shipments on, compiling or loading the compiled kernel is worth the wait.
_MANY = 40


class Mode(StrEnum):
    solve = "solve"
    check = "check"


def plan(
    file: Annotated[
        str, typer.Argument(help="A request in JSON (docs/planning.md); - reads the standard input.")
    ],
    mode: Annotated[
        Mode, typer.Option(help="check only times and judges the vehicles' given steps.")
    ] = Mode.solve,
    seed: Annotated[
        int, typer.Option(min=0, help="Other seeds look elsewhere; the same gives the same.")
    ] = 0,
    rounds: Annotated[int, typer.Option(min=0, help="How often to look for something better.")] = 400,
    seconds: Annotated[float, typer.Option(min=0.01, help="Seconds of the processor, at most.")] = 10.0,
    router: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where an OSRM table service begins: it is asked for the vehicles' profile.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The answer as JSON, instead of tables.")] = False,
) -> None:
    """Plan who brings what, in which order: VROOM's form, with several pickups to a delivery.

    The same request, rounds and seed give the same plan, unless the seconds end it. `--mode check` ends
    with 1 when the steps leave something out or violate a rule.
    """
    answer = answer_to(
        _read(file),
        mode=mode,
        seed=seed,
        rounds=rounds,
        seconds=seconds,
        ask=_asking(router) if router else None,
    )
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False, indent=2))
    else:
        _show(answer, Console())
    if mode is Mode.check and (answer["unassigned"] or answer["summary"]["violations"]):
        raise SystemExit(1)


def answer_to(
    request: object,
    *,
    mode: Mode = Mode.solve,
    seed: int = 0,
    rounds: int = 400,
    seconds: float = 10.0,
    ask: Ask | None = None,
) -> dict[str, Any]:
    """The answer to a request in the outside form; :class:`Failure` says what is wrong with it.

    ``ask`` is who knows the ways, if not the request.
    """
    question = question_of(read(request), seed, ask)
    if mode is Mode.check:
        return answer_of(question, Search(question.model), question.given, checked=True)
    if len(question.shipments) >= _MANY:
        warm_up()
    search, began = Search(question.model), time.thread_time()

    def in_time() -> bool:
        return time.thread_time() - began < seconds

    wished = [(vehicle, route) for vehicle, route in enumerate(question.given) if route]
    found = search.run(rounds=rounds, keep_going=in_time, keep_building=in_time, wished=wished)
    return answer_of(question, search, found.stops, checked=False)


def _asking(url: str) -> Ask:
    """A router's tables; when it fails that is said, and the great circle stands in for it."""
    if not url.startswith(("http://", "https://")):
        raise Failure(f"--router: {url} is no address that begins with http:// or https://.", exit_code=2)

    def ask(profile: str, places: Sequence[tuple[float, float]]) -> Tables | None:
        router = OsrmRouter(url, profile, seconds=10.0, distances=True)
        stops = [Position(lat=lat, lon=lon) for lon, lat in places]
        try:
            ways = router.table(stops, stops)
        except RouterError as error:
            typer.echo(f"The router fails ({error}): travel goes by the great circle.", err=True)
            return None
        if ways.metres is None or any(one is None for row in (*ways.minutes, *ways.metres) for one in row):
            typer.echo(
                "The router knows no way between some places: travel goes by the great circle.", err=True
            )
            return None
        seconds = [float(math.ceil((one or 0.0) * 60 - 1e-6)) for row in ways.minutes for one in row]
        return seconds, [one or 0.0 for row in ways.metres for one in row]

    return ask


def _read(file: str) -> object:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
        request: object = json.loads(text)
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror}.", exit_code=2) from None
    except ValueError as error:
        raise Failure(f"{file} is not JSON: {error}.", exit_code=2) from None
    return request


def _show(answer: dict[str, Any], console: Console) -> None:
    for route in answer["routes"]:
        table = Table(title=f"Vehicle {route['vehicle']}", title_justify="left")
        for name in ("stop", "arrival", "waits", "serves", "on board", ""):
            table.add_column(name, justify="left" if name in {"stop", ""} else "right")
        for step in route["steps"]:
            notes = [_note(violation) for violation in step["violations"]]
            notes += [f"{_clock(step['late'])} late"] if step.get("late") else []
            table.add_row(
                " ".join([step["type"], str(step.get("id", "")), step.get("description", "")]).strip(),
                _clock(step["arrival"]),
                _clock(step["waiting_time"]),
                _clock(step["service"]),
                ", ".join(map(str, step["load"])),
                "; ".join(notes),
            )
        console.print(table)
    for entry in answer["unassigned"]:
        console.print(f"Unassigned: {entry['type']} {entry['id']}. {entry['sentence']}")
    summary = answer["summary"]
    metres = f", {summary['distance'] / 1000:.1f} km" if "distance" in summary else ""
    console.print(
        f"{summary['routes']} routes{metres}, {_clock(summary['duration'])} riding, "
        f"{_clock(summary['waiting_time'])} waiting, {_clock(summary['late'])} late; "
        f"{summary['unassigned']} unassigned, {len(summary['violations'])} violations; "
        f"cost {summary['cost']}."
    )


def _note(violation: dict[str, Any]) -> str:
    by = f" by {_clock(violation['duration'])}" if "duration" in violation else ""
    return f"breaks {violation['cause']}{by}"


def _clock(seconds: int) -> str:
    sign, seconds = ("-" if seconds < 0 else ""), abs(seconds)
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
