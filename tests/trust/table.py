"""The table of everything that can go wrong."""

from __future__ import annotations

from collections.abc import Sequence

from tests.trust import process_faults, replayed
from tests.trust.fault import Fault
from tests.trust.stage import Recast

FAULTS: tuple[Fault, ...] = (*process_faults.FAULTS, *replayed.FAULTS)


def recasts(stack: str) -> Sequence[Recast]:
    """What has to stand between a platform's processes and its servers for all of them to fit."""
    del stack
    return ()
