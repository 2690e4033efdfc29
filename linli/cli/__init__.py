"""The command-line tool: `linli --help` lists what it does.

Exit codes: 0 done · 1 it did not work, or a check does not hold · 2 asked for wrongly · 3 already running.
"""

from __future__ import annotations

import signal
import sys
import warnings

import typer

from linli.cli import events, ledger, looking_after, messages, processes, rebuilding, running
from linli.cli.explaining import explain
from linli.cli.lending import lend
from linli.failures import Failure

app = typer.Typer(
    help="Linli: run the platform, feed it, replay days on it, look after it.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

running.register(app)
looking_after.register(app)
rebuilding.register(app)
app.add_typer(messages.dead_letters, name="dead-letters")
app.add_typer(messages.outbox, name="outbox")
app.add_typer(ledger.app, name="ledger")
app.command()(explain)
app.add_typer(events.events, name="events")
processes.register(app)


def main() -> None:
    """Run the tool; what went wrong is said in a sentence."""
    warnings.filterwarnings("ignore", message="(?s).*Eventlet is deprecated")
    _end_in_good_order()
    _add_days()
    try:
        lend(sys.argv[1:])
        app(prog_name="linli")
    except Failure as failure:
        print(f"linli: {failure}", file=sys.stderr)  # noqa: T201
        raise SystemExit(failure.exit_code) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def _end_in_good_order() -> None:
    """Being told to end is like Ctrl-C: what was started for this command is stopped on the way out."""

    def interrupt(number: int, frame: object) -> None:
        # Once: what is being stopped is not to be interrupted by another wish to stop.
        signal.signal(number, signal.SIG_IGN)
        ctrl_c = signal.getsignal(signal.SIGINT)
        if not callable(ctrl_c):
            raise KeyboardInterrupt
        ctrl_c(signal.SIGINT, frame)  # type: ignore[arg-type]

    for number in (signal.SIGTERM, signal.SIGHUP):
        # Whoever started it with nohup wants it to outlive the terminal.
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, interrupt)


def _add_days() -> None:
    from linli.bench import bench
    from linli.cli.simulating import simulate
    from linli.day import commands
    from linli.planning.commands import plan
    from linli.planning.why import why

    for command in (plan, why, simulate):
        app.command(rich_help_panel="Planning")(command)
    app.add_typer(bench, name="bench", rich_help_panel="Planning")
    panel = "Days"
    app.command("import", rich_help_panel=panel)(commands.import_day)
    app.command("replay", rich_help_panel=panel)(commands.replay)
