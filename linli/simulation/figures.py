"""What a simulated day comes to, in figures."""

from __future__ import annotations

import math
from collections.abc import Sequence


def quantile(values: Sequence[float], share: float) -> float:
    """The least of ``values`` that at least this share of them does not exceed; 0 of none."""
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered), math.ceil(share * len(ordered))) - 1)] if ordered else 0.0
