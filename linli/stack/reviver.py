"""Starts private servers again when they die, at the addresses that the processes know."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from linli.failures import Failure

_LOOK_SECONDS = 1.0

Told = Callable[[str], None]


class Server(Protocol):
    """A server of our own."""

    def start(self) -> None: ...

    def stop(self) -> None: ...

    def is_alive(self) -> bool:
        """Whether its process is there."""
        ...

    def may_return(self) -> bool:
        """Whether it could be started again where it was: nobody else listens on its port."""
        ...


class Reviver:
    """Looks after the private servers of one platform, in a thread of its own."""

    def __init__(self, told: Told) -> None:
        self._told = told
        self._servers: list[tuple[str, Server]] = []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="reviver", daemon=True)

    def look_after(self, what: str, server: Server) -> None:
        self._servers.append((what, server))

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Look no more; a start that is under way is waited for."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        while not self._ending.wait(_LOOK_SECONDS):
            for what, server in self._servers:
                if not server.is_alive() and server.may_return():
                    self._revive(what, server)

    def _revive(self, what: str, server: Server) -> None:
        self._told(f"{what} is gone; starting it again")
        try:
            server.start()
        except Failure as failure:
            # A database's old processes may take a moment to notice that their parent died.
            self._told(f"{what} does not start yet: {str(failure).splitlines()[0]}")
