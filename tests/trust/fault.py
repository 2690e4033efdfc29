"""What a fault is: one thing that goes wrong at one moment, with evidence that it did."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.trust.stage import Stage


@dataclass(frozen=True, kw_only=True)
class Injected:
    """A message that a subscription has to park: the oracle wants exactly these, and no others."""

    subscription: str
    event_id: str | None
    """The id of the event, or nothing where the message is no event at all."""
    body: str
    """What the row in ``parked`` is expected to hold, or a part of it that no other has."""


@dataclass(frozen=True, kw_only=True)
class Struck:
    """A fault that has happened. Times are seconds of the wall, as :func:`time.time` gives them."""

    kind: str
    target: str
    begun: float
    over: float
    """When the cause itself ended (a process continued, a connection was let through again)."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    injected: tuple[Injected, ...] = ()


class CameToNothing(Exception):
    """The fault could not strike, and nothing has happened: nobody came by, say."""


class Fault(Protocol):
    """One kind of fault. :meth:`strike` returns when its cause is over, however the platform fares."""

    @property
    def kind(self) -> str: ...

    def fits(self, stage: Stage) -> bool:
        """Whether this kind can strike on this stage (no broker to kill where there is none)."""
        ...

    async def strike(self, stage: Stage, chance: random.Random) -> Struck:
        """Raises :class:`CameToNothing` when it comes to nothing."""
        ...
