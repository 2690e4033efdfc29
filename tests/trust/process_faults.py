"""Faults of whole processes: killed, stopped for a while, restarted one after the other."""

from __future__ import annotations

from tests.trust.fault import Fault

FAULTS: tuple[Fault, ...] = ()
