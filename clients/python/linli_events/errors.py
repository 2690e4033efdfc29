"""What can go wrong, each with a sentence for the person who reads.

EventsError
├── WrongAddress     the address or an argument of `read` makes no sense
├── NotReachable     nobody answers there, or not any more
├── NotPermitted     wrong password or token, or an account that may not read the stream
├── NoSuchStream     the broker has no such stream, the platform no archive
├── OffsetGone       what was asked for is no longer kept there
└── NotAnEvent       something in the stream is no CloudEvent
"""

from __future__ import annotations


class EventsError(Exception):
    """Anything that this package refuses; its text is a sentence."""


class WrongAddress(EventsError):
    """The address, or an argument of ``read``, makes no sense."""


class NotReachable(EventsError):
    """Nobody answers there, or not any more."""


class NotPermitted(EventsError):
    """Wrong password or token, or an account that may not read the stream."""


class NoSuchStream(EventsError):
    """The broker has no such stream, or the platform no archive."""


class OffsetGone(EventsError):
    """Events from ``wanted`` on were asked for, and the oldest that is kept is ``first``."""

    def __init__(self, sentence: str, *, wanted: int, first: int) -> None:
        super().__init__(sentence)
        self.wanted = wanted
        self.first = first


class NotAnEvent(EventsError):
    """The message at ``offset`` is no CloudEvent in structured JSON."""

    def __init__(self, sentence: str, *, offset: int) -> None:
        super().__init__(sentence)
        self.offset = offset


def refuse_a_gap(wanted: int, first: int) -> None:
    """Raises :class:`OffsetGone` when the oldest event, at ``first``, comes after the one that is wanted."""
    # Archives count from 1, and who asks for 0 wants everything.
    if first > max(wanted, 1):
        raise OffsetGone(
            f"Offset {wanted} is no longer kept: the oldest event there has offset {first}. "
            "What is missing can be had from the platform's archive.",
            wanted=wanted,
            first=first,
        )
