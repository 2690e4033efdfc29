"""`linli events`: the stream of events for people."""

from __future__ import annotations

import typer

from linli.cli import event_stream

events = typer.Typer(help="The stream of events: look at it, and let others read it.", no_args_is_help=True)
event_stream.register(events)
