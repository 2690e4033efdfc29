"""What the oracle is asked about, and how it answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.trust.books import Books
from tests.trust.client_log import Wish
from tests.trust.fault import Injected

DONE = frozenset({"delivered", "completed"})
ENDED = DONE | {"cancelled", "expired"}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Whether an invariant holds. Its name is stable; ``offenders`` say what breaks it, each with its id."""

    name: str
    holds: bool
    looked_at: int
    """How many things were compared: none proves nothing."""
    offenders: tuple[str, ...] = ()
    remark: str = ""


@dataclass(frozen=True, kw_only=True)
class Case:
    """The client's log, the books, and what was done to the platform on purpose."""

    wishes: Sequence[Wish]
    books: Books
    supplied: Mapping[str, int]
    """Per listing, the units that its shop has put on the shelf."""
    injected: Sequence[Injected] = ()
    now: datetime
    """Business time at the end."""
    deadline: timedelta
    """How long after its payment an order may still be under way."""
    left_undone: Mapping[str, int] = field(default_factory=dict)
    """What had not come to rest when patience was over."""


def verdict(name: str, looked_at: int, offenders: Iterable[str], remark: str = "") -> Verdict:
    """It holds where there are no offenders."""
    found = tuple(offenders)
    return Verdict(name=name, holds=not found, looked_at=looked_at, offenders=found, remark=remark)
