"""How names are made comparable, so that a few characters of any script find them."""

from __future__ import annotations

import unicodedata


def normalise(text: str) -> str:
    """``text`` without differences of width, case and spacing."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def words(query: str) -> tuple[str, ...]:
    """The words of a query, each of which must be found."""
    return tuple(dict.fromkeys(normalise(query).split()))


def fragments(text: str) -> frozenset[str]:
    """Every character of ``text`` and every two that stand together.

    Whatever contains a word contains the word's fragments, in any script and without word boundaries:
    an index over fragments finds the candidates of a substring search.
    """
    found: set[str] = set()
    for word in normalise(text).split():
        found.update(word)
        found.update(word[at : at + 2] for at in range(len(word) - 1))
    return frozenset(found)


def probes(query: str) -> frozenset[str]:
    """The fragments worth looking up for ``query``: pairs, and characters only of one-letter words."""
    found: set[str] = set()
    for word in words(query):
        found.update([word] if len(word) == 1 else (word[at : at + 2] for at in range(len(word) - 1)))
    return frozenset(found)
