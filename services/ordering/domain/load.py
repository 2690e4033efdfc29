"""What a shop's part of an order takes of a courier's box, from what its goods measure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

# A usual shop's part of an order, by which couriers' boxes are measured at dispatch.
UNIT_ML, UNIT_G = 10_000, 3_000


@dataclass(frozen=True, kw_only=True)
class Size:
    """What one unit of a listing measures."""

    volume_ml: int = 0
    weight_g: int = 0
    cold: bool = False


@dataclass(frozen=True, kw_only=True)
class Load:
    """In units of a usual part; ``cold`` is how many of them have to stay cold."""

    volume: int
    weight: int
    cold: int


def load_of(goods: Iterable[tuple[Size | None, int]]) -> Load | None:
    """The load of goods with their quantities; None, a usual part's, when nobody has measured any of them."""
    measured = [(size, quantity) for size, quantity in goods if size is not None]
    if not measured:
        return None
    cold = sum(size.volume_ml * quantity for size, quantity in measured if size.cold)
    has_cold = any(size.cold for size, _ in measured)
    return Load(
        volume=_units(sum(size.volume_ml * quantity for size, quantity in measured), UNIT_ML),
        weight=_units(sum(size.weight_g * quantity for size, quantity in measured), UNIT_G),
        cold=_units(cold, UNIT_ML) if has_cold else 0,
    )


def _units(amount: int, unit: int) -> int:
    return max(1, -(-amount // unit))
