"""The events of the platform, as those read them who may read all."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class AskEvents:
    """Up to ``limit`` events from ``offset`` on; without ``types`` or ``subjects``, of all of them."""

    offset: int
    limit: int
    types: Collection[str] = ()
    subjects: Collection[str] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ArchivedEvent:
    """An event at its place; ``body`` is its envelope as it was sent, in JSON."""

    offset: int
    body: str


@dataclass(frozen=True, kw_only=True)
class EventPage:
    """What was found up to, and without, ``next_offset``; and which offsets there are.

    Without events ``first_offset`` is 0 and ``last_offset`` is -1. Who has read up to ``next_offset``, and
    finds it beyond ``last_offset``, has read everything.
    """

    events: Sequence[ArchivedEvent]
    next_offset: int
    first_offset: int
    last_offset: int

    @property
    def is_the_end(self) -> bool:
        return self.next_offset > self.last_offset
