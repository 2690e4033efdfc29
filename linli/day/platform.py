"""What a replay needs to know about the platform that it plays on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from shared.kernel.clock import Clock


class Platform(Protocol):
    """A running platform; `stop` ends it if it was started for this purpose, and does nothing otherwise."""

    @property
    def base_url(self) -> str: ...

    @property
    def database_urls(self) -> Mapping[str, str]:
        """Service name to the address of its database; empty where they cannot be reached."""
        ...

    @property
    def clock(self) -> Clock:
        """The business clock that all its processes tell."""
        ...

    @property
    def operator(self) -> tuple[str, str]:
        """Login and password of an operator."""
        ...

    def stop(self) -> None: ...


class RunningPlatform:
    """A platform that somebody else runs, known by its address."""

    def __init__(
        self,
        base_url: str,
        *,
        clock: Clock,
        operator: tuple[str, str],
        database_urls: Mapping[str, str] | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.database_urls: Mapping[str, str] = dict(database_urls or {})
        self.clock = clock
        self.operator = operator

    def stop(self) -> None:
        """Nothing: it was not started here."""
