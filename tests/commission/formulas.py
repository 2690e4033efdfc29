"""Reads the formulas that entries keep, and calculates them again: the grammar of ``domain/formula.py``."""

from __future__ import annotations

import re
from fractions import Fraction

_TOKEN = re.compile(r" ?(min\(|[-+x/(),]|\d{1,3}(?: \d{3})*(?:\.\d+)?(?: ?%| [mshd](?![a-z]))?)")


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens: list[str] = []
        place = 0
        while place < len(text):
            found = _TOKEN.match(text, place)
            if found is None:
                raise ValueError(f"not a formula: {text!r} at {text[place:]!r}")
            self.tokens.append(found[1])
            place = found.end()

    def sum(self) -> Fraction:
        value = self.product()
        while self.tokens and self.tokens[0] in {"+", "-"}:
            value += self.product() if self.tokens.pop(0) == "+" else -self.product()
        return value

    def product(self) -> Fraction:
        value = self.factor()
        while self.tokens and self.tokens[0] in {"x", "/"}:
            value = value * self.factor() if self.tokens.pop(0) == "x" else value / self.factor()
        return value

    def factor(self) -> Fraction:
        token = self.tokens.pop(0)
        if token == "(":
            value = self.sum()
            self._close(")")
            return value
        if token == "min(":
            one = self.sum()
            self._close(",")
            other = self.sum()
            self._close(")")
            return min(one, other)
        figure, percent = token.rstrip("mshd% ").replace(" ", ""), token.endswith("%")
        return Fraction(figure) / (100 if percent else 1)

    def _close(self, with_: str) -> None:
        if self.tokens.pop(0) != with_:
            raise ValueError(f"{with_} is missing")


def results(note: str) -> list[int]:
    """What each formula of ``note`` says it comes to; raises :class:`AssertionError` when one does not."""
    label, colon, rest = note.partition(": ")
    said = []
    for text in (rest if colon else label).split("; "):
        left, _, right = text.partition(" = ")
        reader = _Reader(left)
        value = reader.sum()
        assert not reader.tokens, f"{text} goes on after its end"
        amount = int(right.replace(" ", ""))
        assert (2 * value + 1) // 2 == amount, f"{text} is {float(value)}"
        said.append(amount)
    return said
