"""Named places where a process can be told to die, so that a proof can aim at the narrowest moments.

They do nothing in a process that was started without ``LINLI_FAILPOINTS``. Where it names a folder, the
process that reaches a place for which a file of that name lies there dies by SIGKILL: no clean-up, no
last words. The file is renamed first (``relay.published`` becomes ``relay.published.hit-4711-…``), so each
file is one death and stays as its evidence. Where the file says ``timeout``, whoever is at the place is
told instead that the deadline has passed: what was asked for is done, and nobody hears of it.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from pathlib import Path
from typing import Literal, get_args

from shared.kernel.errors import DeadlineExceeded, InvalidInput

log = logging.getLogger(__name__)

Place = Literal[
    # A transaction's work is done and it has not been committed.
    "transaction.before-commit",
    # It has been committed, with its events, and nothing has been published.
    "outbox.committed",
    # The broker has been handed the rows of an outbox and has confirmed none.
    "relay.sent",
    # The broker has confirmed every row, and none is marked as sent.
    "relay.published",
    # A subscription's messages have taken effect and are not acknowledged.
    "subscription.committed",
    # A request's work is done, and its answer has not been sent.
    "request.done",
    # Everything that an order needs is held by others, and the order is not written.
    "order.held",
    # The provider has charged, and nothing here knows of it.
    "provider.charged",
    # The provider has given back, and here it is still to be done.
    "provider.refunded",
    # The answer to a keyed request is known, and it is not kept under its key.
    "answer.before-keep",
]
PLACES: tuple[Place, ...] = get_args(Place)

TIMEOUT = "timeout"
_VARIABLE = "LINLI_FAILPOINTS"
_folder: str | None = None


def arm_from_environment() -> None:
    """Let the places work in this process if ``LINLI_FAILPOINTS`` names a folder.

    Raises :class:`InvalidInput` naming the variable when it names something else.
    """
    named = os.environ.get(_VARIABLE, "")
    if not named:
        disarm()
        return
    if not Path(named).is_dir():
        message = f"Expected a folder that exists, not {named!r}; unset it where nothing should die."
        raise InvalidInput(message, errors=[{"field": _VARIABLE, "message": message}])
    global _folder  # noqa: PLW0603 - one process, one switch, thrown before anything runs
    _folder = named
    log.warning("failpoints are armed: this process dies where a file in %s says so", named)


def disarm() -> None:
    """Let no place work in this process."""
    global _folder  # noqa: PLW0603 - as above
    _folder = None


def reach(place: Place) -> None:
    """The process is at ``place`` now. Nothing happens unless it was told to die here.

    Raises :class:`DeadlineExceeded` where it was told that instead.
    """
    if _folder is not None:
        _do_as_told(_folder, place)


def _do_as_told(folder: str, place: Place) -> None:
    told = Path(folder, place)
    evidence = Path(folder, f"{place}.hit-{os.getpid()}-{time.time_ns()}")
    try:
        told.rename(evidence)
    except FileNotFoundError:
        return
    if evidence.read_text().strip() == TIMEOUT:
        raise DeadlineExceeded(f"The failpoint {place} was told to time out.")
    os.kill(os.getpid(), signal.SIGKILL)
