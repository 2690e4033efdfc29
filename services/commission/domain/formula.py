"""How an amount came about, as text that people read and tests calculate again.

One grammar for every kind of entry, in minor units, rounded half up at the end and nowhere before::

    note     = [label ": "] formula {"; " formula}
    formula  = sum " = " amount
    sum      = product {(" + " | " - ") product}
    product  = factor {(" x " | " / ") factor}
    factor   = quantity | "(" sum ")" | "min(" sum ", " sum ")"
    quantity = number [" " unit]        thousands apart by a space: 4 000
    unit     = "%" | "m" | "s" | "h" | "d"

``4 000 x 5 % = 200``. A correction says what is called for now, and what that is less than was there:
``3 200 x 5 % = 160; 160 - 200 = -40``.
"""

from __future__ import annotations

import re

from shared.kernel.money import BASIS_POINTS


def number(value: int) -> str:
    """``value`` with its thousands apart."""
    return f"{value:,}".replace(",", " ")


def percent(basis_points: int) -> str:
    whole, rest = divmod(basis_points, 100)
    decimals = f".{rest:02}".rstrip("0") if rest else ""
    return f"{number(whole)}{decimals} %"


def factor(basis_points: int) -> str:
    """``15000`` as ``1.5``."""
    whole, rest = divmod(basis_points, BASIS_POINTS)
    decimals = f".{rest:04}".rstrip("0") if rest else ""
    return f"{number(whole)}{decimals}"


def equals(left: str, amount: int, *, label: str = "") -> str:
    """The formula whose result is ``amount``."""
    text = f"{left} = {number(amount)}"
    return f"{label}: {text}" if label else text


def rated(base: str, rate_bp: int, amount: int, *, most: int | None = None, label: str = "") -> str:
    """A rate of ``base``, which is held back at ``most`` where it would be more."""
    left = f"{base} x {percent(rate_bp)}"
    return equals(left if most is None else f"min({left}, {number(most)})", amount, label=label)


_NUMBER = r"-?\d{1,3}(?: \d{3})*"
_OF_A_RATE = re.compile(rf"(?:[^\d:]+: )?(?:min)?[(]*(?:{_NUMBER}(?:\.\d+)?|min|[ x+%=;,()-])+")
_MONEY = re.compile(rf"({_NUMBER})(?![\d.]|(?: \d{{3}})*(?:\.\d+)? %)")


def in_coins(note: str) -> str | None:
    """A ``note`` of :func:`rated` for people, ``24.00 x 5 % = 1.20``; ``None`` for a note of another form."""
    if not _OF_A_RATE.fullmatch(note):
        return None
    return _MONEY.sub(lambda found: f"{int(found[1].replace(' ', '')) / 100:.2f}", note)


def corrected(note: str | None, wanted: int, there: int) -> str:
    """``note`` with the difference between what is ``wanted`` and what is ``there``, both signed alike."""
    wanted, there = (abs(wanted), abs(there)) if wanted * there >= 0 else (wanted, there)
    difference = equals(f"{number(wanted)} - {number(there)}", wanted - there)
    return f"{note}; {difference}" if note and wanted else difference
