"""Money as integer minor units with a currency, and the ways to divide it without losing any."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.kernel.errors import InvalidInput

BASIS_POINTS = 10_000


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies were put together."""


@dataclass(frozen=True)
class Money:
    """An amount in minor units (fen, cent) of one ISO 4217 currency."""

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount) is not int:
            raise TypeError(f"an amount is an integer of minor units, not {self.amount!r}")
        if len(self.currency) != 3 or not self.currency.isupper():
            raise ValueError(f"a currency is three capital letters, not {self.currency!r}")

    @classmethod
    def zero(cls, currency: str) -> Money:
        return cls(0, currency)

    @classmethod
    def total(cls, amounts: Iterable[Money], currency: str) -> Money:
        """The sum of ``amounts``, zero when there are none."""
        result = cls.zero(currency)
        for amount in amounts:
            result = result + amount
        return result

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same(other)

    def __gt__(self, other: Money) -> bool:
        return self.amount > self._same(other)

    def __ge__(self, other: Money) -> bool:
        return self.amount >= self._same(other)

    def __bool__(self) -> bool:
        return self.amount != 0

    def times(self, quantity: int) -> Money:
        return Money(self.amount * quantity, self.currency)

    def to_wire(self) -> dict[str, Any]:
        return {"amount": self.amount, "currency": self.currency}

    @classmethod
    def from_wire(cls, wire: Mapping[str, Any], field: str = "amount") -> Money:
        """Read ``{"amount", "currency"}``; raises :class:`InvalidInput` naming ``field``."""
        try:
            return cls(wire["amount"], wire["currency"])
        except (TypeError, ValueError, KeyError) as error:
            message = "Expected {amount: integer minor units, currency: ISO 4217 code}."
            raise InvalidInput(message, errors=[{"field": field, "message": message}]) from error

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} do not add up")
        return other.amount


def share(amount: int, weights: Sequence[int]) -> list[int]:
    """Divide ``amount`` ≥ 0 in proportion to ``weights`` ≥ 0 by largest remainder.

    The parts add up to ``amount``; a zero weight gets zero; ties go to the lower index, so callers
    sort by a stable key first. With all weights zero, an amount of zero gives zeros and any other
    raises :class:`ValueError`.
    """
    if amount < 0 or any(weight < 0 for weight in weights):
        raise ValueError("only what is not negative can be shared")
    whole = sum(weights)
    if whole == 0:
        if amount:
            raise ValueError("there is nothing to share by: all weights are zero")
        return [0] * len(weights)
    parts = [amount * weight // whole for weight in weights]
    remainders = [amount * weight % whole for weight in weights]
    missing = amount - sum(parts)
    for index in sorted(range(len(weights)), key=lambda i: (-remainders[i], i))[:missing]:
        parts[index] += 1
    return parts


def share_capped(amount: int, weights: Sequence[int], caps: Sequence[int]) -> list[int]:
    """Like :func:`share`, with no part above its cap; what a capped part cannot take goes to the others.

    Raises :class:`ValueError` when ``amount`` exceeds what the parts of non-zero weight can take.
    """
    if len(weights) != len(caps):
        raise ValueError("every weight needs a cap")
    parts = [0] * len(weights)
    left = amount
    while left:
        room = [cap - part if weight else 0 for weight, cap, part in zip(weights, caps, parts, strict=True)]
        if sum(room) < left:
            raise ValueError(f"{amount} does not fit under the caps {list(caps)}")
        open_weights = [weight if free else 0 for weight, free in zip(weights, room, strict=True)]
        for index, extra in enumerate(share(left, open_weights)):
            taken = min(extra, room[index])
            parts[index] += taken
            left -= taken
    return parts


def share_of_part(total: int, whole: int, before: int, part: int) -> int:
    """The share of ``total`` that belongs to ``part`` of ``whole`` units when ``before`` were taken earlier.

    Shares are cumulative: taking 1 + 1 + 1 of 3 units gives the same total as taking 3 at once.
    """
    if not (before >= 0 and part >= 0 and before + part <= whole):
        raise ValueError(f"cannot take {part} of {whole} after {before}")
    if whole == 0:
        return 0
    return total * (before + part) // whole - total * before // whole


def rate_of(amount: int, basis_points: int) -> int:
    """``basis_points`` of ``amount`` ≥ 0, rounded half up, once."""
    return (amount * basis_points * 2 + BASIS_POINTS) // (2 * BASIS_POINTS)
