"""A platform started for one purpose: fresh, private, on a clock of its own choosing, gone afterwards."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Literal

from linli.stack.plan import Process
from linli.stack.platform import Platform, Wish, state_folder, stop_leftovers
from linli.stack.state import State
from shared.kernel.clock import AcceleratedClock

# One machine plays a whole neighbourhood: what would be an attack elsewhere is everybody's honest requests.
_MANY = "1000000"
_LIMITS = {
    "LINLI_GATEWAY_REQUESTS_PER_ACCOUNT": _MANY,
    "LINLI_GATEWAY_REQUESTS_PER_ADDRESS": _MANY,
    "LINLI_GATEWAY_SIGN_INS_PER_ADDRESS": _MANY,
    "LINLI_LOG_LEVEL": "WARNING",
}

# What a person at a screen is given, on the business clock; at least so many seconds of the wall.
_TIME_TO_ACT = {
    "LINLI_ORDERING_QUOTE_VALIDITY_SECONDS": (600.0, 10.0),
    "LINLI_ORDERING_PAYMENT_WINDOW_SECONDS": (900.0, 20.0),
}

Kind = Literal["embedded", "full"]


@contextmanager
def private_platform(
    kind: Kind,
    name: str,
    *,
    speed: float | None = None,
    replicas: Mapping[str, int] | None = None,
    settings: Mapping[str, str] | None = None,
    begins: datetime | None = None,
    recast: Callable[[Process], Process] = lambda process: process,
    told: Callable[[str], None] = lambda step: None,  # noqa: ARG005
) -> Iterator[Platform]:
    """A platform with nothing in it, in `.linli/<name>/`; its business clock runs `speed` times as fast.

    It begins at `begins`, or now. `settings` are variables for its processes; `recast` says what
    runs in place of each.
    """
    state = State(state_folder(name))
    with state.alone():
        stop_leftovers(state)
    shutil.rmtree(state.folder, ignore_errors=True)
    clock = "system"
    if speed is not None:
        now = time.time()
        clock = AcceleratedClock(begins or datetime.fromtimestamp(now, UTC), now, speed).to_environment()
    wanted = _LIMITS | {
        variable: str(int(max(usual, least * (speed or 1.0))))
        for variable, (usual, least) in _TIME_TO_ACT.items()
    }
    wanted |= settings or {}
    # What the operator has set is kept; what is not set suits this platform's purpose.
    wish = Wish(
        kind=kind,
        name=name,
        clock=clock,
        replicas=dict(replicas or {}),
        settings=wanted,
        recast=recast,
    )
    platform = Platform(wish, told)
    try:
        platform.start()
        yield platform
    finally:
        platform.stop()
