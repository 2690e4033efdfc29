"""`linli run`, `up`, `down` and `status`."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from linli.failures import Failure
from linli.stack import children, finding
from linli.stack.plan import parse_replicas
from linli.stack.platform import Platform, Wish, state_folder, stop_leftovers
from linli.stack.state import ROOT, State

DEFAULT_PORT = 8000
_PANEL = "Running"

Port = Annotated[int, typer.Option(min=1, max=65535, help="Where the gateway listens, on 127.0.0.1.")]
Seed = Annotated[bool, typer.Option("--seed/--no-seed", help="Fill in a small demo neighbourhood.")]


def register(app: typer.Typer) -> None:
    for command in (run, up, down, status):
        app.command(rich_help_panel=_PANEL)(command)


def run(
    port: Port = DEFAULT_PORT,
    name: Annotated[str, typer.Option(help="Which platform: its state is kept in .linli/NAME.")] = "embedded",
    seed: Seed = True,
    clock: Annotated[str, typer.Option(envvar="LINLI_CLOCK", help="Business time.")] = "system",
) -> None:
    """Run the whole platform here until Ctrl-C: all services in one process, nothing but Python needed."""
    _run_here(Wish(kind="embedded", name=name, port=port, clock=clock), seed)


def up(
    port: Port = DEFAULT_PORT,
    name: Annotated[str, typer.Option(help="Which platform: its state is kept in .linli/NAME.")] = "full",
    replicas: Annotated[
        list[str] | None, typer.Option(help="More of a service: storefront=2. May be repeated.")
    ] = None,
    detach: Annotated[bool, typer.Option("--detach", help="Return when it is ready.")] = False,
    seed: Seed = False,
    clock: Annotated[str, typer.Option(envvar="LINLI_CLOCK", help="Business time.")] = "system",
) -> None:
    """Run one process a service on RabbitMQ, PostgreSQL and Redis, and start again what dies.

    Servers: those that LINLI_AMQP_URL, LINLI_REDIS_URL and LINLI_POSTGRES_URL name; for the others, private
    ones are started from what the machine has.
    """
    wish = Wish(kind="full", name=name, port=port, clock=clock, replicas=parse_replicas(replicas or []))
    if detach:
        _run_behind(wish, replicas or [], seed)
    else:
        _run_here(wish, seed)


def down(
    name: Annotated[str, typer.Option(help="Which platform.")] = "full",
) -> None:
    """Stop a platform that runs in the background, and everything a crash has left of it."""
    folder = state_folder(name)
    if not folder.exists():
        raise Failure(f"There is no platform {name!r}.")
    console = Console(stderr=True)
    with console.status("stopping"):
        stopped = children.stop(folder / "supervisor.pid", patience=60)
        stopped |= stop_leftovers(State(folder)) > 0
    (folder / "running.json").unlink(missing_ok=True)
    console.print("Stopped." if stopped else "It was not running.")


def status(
    name: Annotated[str | None, typer.Option(help="Which platform; without it, all of them.")] = None,
) -> None:
    """Show what is running and whether each process says it is ready. Ends with 1 unless all are."""
    names = [name] if name else finding.names()
    console = Console()
    found = [platform for platform in map(finding.running, names) if platform is not None]
    if not found:
        console.print("Nothing is running.")
        raise typer.Exit(1)
    all_ready = True
    for platform in found:
        table = Table(
            "process", "state", "health and metrics", title=f"{platform.name} · {platform.base_url}"
        )
        for process, address in platform.processes.items():
            state = finding.health(address)
            all_ready &= state == "ready"
            colour = "green" if state == "ready" else "red"
            table.add_row(process, f"[{colour}]{state}[/]", f"http://{address}")
        console.print(table)
    if not all_ready:
        raise typer.Exit(1)


def _run_here(wish: Wish, seed: bool) -> None:
    console = Console(stderr=True)
    platform = Platform(wish, told=lambda step: console.print(f"[dim]· {step}[/]", highlight=False))
    mark = platform.state.folder / "supervisor.pid"
    try:
        _start(platform, console)
        children.leave_mark(mark, os.getpid())
        accounts = _seed(platform, console) if seed else []
        _greet(platform, accounts, Console())
        threading.Event().wait()
    except KeyboardInterrupt:
        pass
    finally:
        with contextlib.suppress(KeyboardInterrupt):
            console.print("[dim]· stopping[/]")
            platform.stop()
            mark.unlink(missing_ok=True)


def _start(platform: Platform, console: Console) -> None:
    with console.status("starting the platform"):
        platform.start()


def _seed(platform: Platform, console: Console) -> list[tuple[str, str, str]]:
    argv = [sys.executable, "-P", "-m", "linli.demo", platform.wish.name]
    environment = dict(os.environ) | {"PYTHONPATH": str(ROOT)}
    with console.status("filling in the demo neighbourhood"):
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        console.print(
            f"[red]{done.stderr.strip()}[/]\nThe platform runs without it; `linli seed` tries again."
        )
        return []
    return [(who, email, password) for who, email, password in json.loads(done.stdout)]


def _greet(platform: Platform, accounts: list[tuple[str, str, str]], console: Console) -> None:
    console.print(f"\n[bold]Linli is running at {platform.base_url}[/] · API at {platform.base_url}/docs")
    if accounts:
        table = Table("who", "sign in as", "password", title="Demo accounts", title_justify="left")
        for row in accounts:
            table.add_row(*row)
        console.print(table)
    console.print(f"Ctrl-C stops it; what it knows is kept in {platform.state.folder}\n", soft_wrap=True)
    sys.stdout.flush()


def _run_behind(wish: Wish, replicas: list[str], seed: bool) -> None:
    state = State(state_folder(wish.name))
    with state.alone():
        pass
    (state.folder / "running.json").unlink(missing_ok=True)
    argv = [sys.executable, "-P", "-m", "linli", "up", "--name", wish.name, "--port", str(wish.port)]
    argv += ["--clock", wish.clock, "--seed" if seed else "--no-seed"]
    argv += [word for replica in replicas for word in ("--replicas", replica)]
    log = state.logs / "supervisor.log"
    log.unlink(missing_ok=True)
    console = Console(stderr=True)
    environment = dict(os.environ) | {"PYTHONPATH": str(ROOT)}
    process = children.launch(argv, mark=state.folder / "supervisor.pid", log=log, env=environment)
    with console.status("starting the platform"):
        _await_greeting(process, log)
    Console().print(log.read_text().split("\n\n", 1)[-1].strip(), highlight=False)
    console.print(f"It runs in the background: `linli down --name {wish.name}` stops it.", highlight=False)


def _await_greeting(process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 300
    while time.monotonic() < until:
        if "Ctrl-C stops it" in log.read_text():
            return
        if process.poll() is not None:
            raise Failure(f"The platform did not start.\n{children.last_lines(log, 15)}")
        time.sleep(0.2)
    raise Failure(f"The platform did not get ready.\n{children.last_lines(log, 15)}")
