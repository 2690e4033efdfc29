"""The table of everything that can go wrong."""

from __future__ import annotations

from tests.trust import process_faults
from tests.trust.fault import Fault

FAULTS: tuple[Fault, ...] = (*process_faults.FAULTS,)
