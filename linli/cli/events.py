"""`linli events`: the stream of events for people."""

from __future__ import annotations

import typer

from linli.cli import event_files, event_stream

events = typer.Typer(
    help="The stream of events: look at it, let others read it, keep and count it.", no_args_is_help=True
)
event_stream.register(events)
event_files.register(events)
