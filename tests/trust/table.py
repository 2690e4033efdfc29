"""The table of everything that can go wrong."""

from __future__ import annotations

from tests.trust import (
    failpoint_faults,
    lease_faults,
    message_faults,
    network_faults,
    process_faults,
    replayed,
)
from tests.trust.fault import Fault

FAULTS: tuple[Fault, ...] = (
    *process_faults.FAULTS,
    *lease_faults.FAULTS,
    *replayed.FAULTS,
    *failpoint_faults.FAULTS,
    *network_faults.FAULTS,
    *message_faults.FAULTS,
)
