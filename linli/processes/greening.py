"""What has to happen before anything else is imported in a process that runs services."""

from __future__ import annotations

import warnings


def make_green() -> None:
    """Let sockets, threads and the database driver yield to eventlet's loop."""
    warnings.filterwarnings("ignore", message="(?s).*Eventlet is deprecated")
    import eventlet

    eventlet.monkey_patch()
    from shared.persistence import green

    green.make_green()
