"""Reading the archive of events: a page at once, or as soon as there is something to put on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from services.gateway.application.ports import EventArchive
from services.gateway.domain.events import AskEvents, EventPage

# How long a page without a find may go on looking through what is of other types.
_SEARCH_SECONDS = 1.0


def read_events(
    asked: AskEvents, wait_seconds: float, *, archive: EventArchive, now: Callable[[], float]
) -> EventPage:
    """The first page with events on it, or after ``wait_seconds`` one without; ``now`` is a steady clock."""
    began = now()
    while True:
        page = archive.read(asked)
        asked = replace(asked, offset=page.next_offset)
        passed = now() - began
        if page.events:
            return page
        if not page.is_the_end:
            if passed >= max(wait_seconds, _SEARCH_SECONDS):
                return page
        elif passed >= wait_seconds or not archive.wait_beyond(page.next_offset, wait_seconds - passed):
            return page
