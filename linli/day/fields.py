"""Checks of single values: each answers None, or the sentence that says what is wrong with the value."""

from __future__ import annotations

import re
from collections.abc import Callable

Check = Callable[[object], str | None]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_CURRENCY = re.compile(r"[A-Z]{3}")


def name(value: object) -> str | None:
    if not isinstance(value, str):
        return f"must be a string, not {kind(value)}"
    if not _NAME.fullmatch(value):
        return "must be 1 to 64 letters, digits, '.', '_' or '-', beginning with a letter or digit"
    return None


def text(longest: int) -> Check:
    def check(value: object) -> str | None:
        if not isinstance(value, str):
            return f"must be a string, not {kind(value)}"
        if not value.strip():
            return "must not be empty"
        if len(value) > longest:
            return f"must not be longer than {longest} characters"
        if any(ord(character) < 32 or 0xD800 <= ord(character) <= 0xDFFF for character in value):
            return "must not hold control characters or halves of characters"
        return None

    return check


def whole(low: int, high: int) -> Check:
    def check(value: object) -> str | None:
        if not isinstance(value, int) or isinstance(value, bool):
            return f"must be a whole number, not {kind(value)}"
        if not low <= value <= high:
            return f"must be between {low} and {high}, not {shown(value)}"
        return None

    return check


def number(low: float, high: float) -> Check:
    def check(value: object) -> str | None:
        if not isinstance(value, int | float) or isinstance(value, bool):
            return f"must be a number, not {kind(value)}"
        if not low <= value <= high:
            return f"must be between {low:g} and {high:g}, not {shown(value)}"
        return None

    return check


def currency(value: object) -> str | None:
    if not isinstance(value, str) or not _CURRENCY.fullmatch(value):
        return "must be a currency of three capital letters"
    return None


def anything(value: object) -> str | None:
    del value
    return None


def shown(value: object) -> str:
    """The value as it was written, cut where it would fill the screen."""
    written = repr(value)
    return written if len(written) <= 40 else written[:37] + "..."


def kind(value: object) -> str:
    """What a reader of JSON would call this value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a string"
    return "a list" if isinstance(value, list) else "an object"
