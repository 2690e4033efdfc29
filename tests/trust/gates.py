"""Gates between a process and a server: TCP passed on, until a gate is told to be a bad network.

A gate can cut what goes through it, swallow it, or take its time. As a program this is any number of gates
that obey commands: a line of JSON each on standard input, its answer on standard output.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

Upstream = tuple[str, int] | str
"""A host and a port, or the path of a socket file."""


@dataclass(kw_only=True)
class Weather:
    """How a gate behaves at the moment."""

    swallows: bool = False
    """Connections open and nothing comes through, in either direction, and what was sent is lost."""
    refuses: bool = False
    """New connections are cut as soon as they open."""
    latency: float = 0.0
    """Seconds by which every piece is late, in each direction."""


@dataclass(kw_only=True)
class Counts:
    opened: int = 0
    cut: int = 0
    passed: int = 0
    """Bytes."""
    swallowed: int = 0
    """Bytes."""


@dataclass(kw_only=True)
class Gate:
    """One listening port that leads to ``upstream``."""

    upstream: Upstream
    weather: Weather = field(default_factory=Weather)
    counts: Counts = field(default_factory=Counts)
    port: int = 0

    def __post_init__(self) -> None:
        self._pairs: set[_Pair] = set()
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Listen on a free port of this machine, which is :attr:`port` from then on."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._accept, "127.0.0.1", 0, backlog=512)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self.cut()

    def cut(self) -> int:
        """Reset every connection that is open; answers how many there were."""
        pairs = list(self._pairs)
        for pair in pairs:
            pair.cut()
        self.counts.cut += len(pairs)
        return len(pairs)

    def change(self, weather: Weather) -> None:
        """Behave so from now on. Connections whose bytes were swallowed are beyond repair and reset."""
        before, self.weather = self.weather, weather
        if before.swallows and not weather.swallows:
            for pair in [pair for pair in self._pairs if pair.is_broken]:
                pair.cut()
                self.counts.cut += 1

    def told(self) -> dict[str, object]:
        return {"open": len(self._pairs), **asdict(self.counts)}

    def _accept(self) -> _Side:
        pair = _Pair(self, self._pairs.discard)
        self._pairs.add(pair)
        self.counts.opened += 1
        return pair.client


class _Pair:
    """The two sides of one connection through a gate."""

    def __init__(self, gate: Gate, over: Callable[[_Pair], None]) -> None:
        self.gate = gate
        self.is_broken = False
        self._over = over
        self.client, self.server = _Side(self, self._connect), _Side(self)
        self.client.other, self.server.other = self.server, self.client
        self._task: asyncio.Task[None] | None = None

    def cut(self) -> None:
        for side in (self.client, self.server):
            if side.transport is not None:
                side.transport.abort()
        self.over()

    def over(self) -> None:
        if self._task is not None:
            self._task.cancel()
        self._over(self)

    def _connect(self) -> None:
        if self.gate.weather.refuses:
            self.gate.counts.cut += 1
            self.cut()
            return
        self._task = asyncio.get_running_loop().create_task(self._reach_upstream())

    async def _reach_upstream(self) -> None:
        loop = asyncio.get_running_loop()
        upstream = self.gate.upstream
        try:
            if isinstance(upstream, str):
                await loop.create_unix_connection(lambda: self.server, upstream)
            else:
                await loop.create_connection(lambda: self.server, *upstream)
        except OSError:
            self.cut()
            return
        if self.client.transport is None or self.client.transport.is_closing():
            self.cut()


class _Side(asyncio.Protocol):
    """What comes in here goes out at the other side, if the weather allows."""

    other: _Side

    def __init__(self, pair: _Pair, made: Callable[[], None] = lambda: None) -> None:
        self.transport: asyncio.Transport | None = None
        self._pair = pair
        self._made = made
        self._late: list[tuple[float, bytes]] = []
        # What is to go out here and came before this side was connected.
        self._early: list[bytes] = []
        self._is_over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        for data in self._early:
            transport.write(data)
        self._early.clear()
        self._made()

    def data_received(self, data: bytes) -> None:
        gate = self._pair.gate
        if gate.weather.swallows:
            gate.counts.swallowed += len(data)
            self._pair.is_broken = True
            return
        gate.counts.passed += len(data)
        # What comes behind something that is late is late as well: the order is kept.
        if gate.weather.latency or self._late:
            loop = asyncio.get_running_loop()
            due = loop.time() + gate.weather.latency
            if self._late:
                due = max(due, self._late[-1][0])
            self._late.append((due, data))
            loop.call_at(due, self._pass_late)
            return
        self._pass(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._is_over = True
        if self._late:
            return
        self._end_other()

    def pause_writing(self) -> None:
        if self.other.transport is not None:
            self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        if self.other.transport is not None and not self.other.transport.is_closing():
            self.other.transport.resume_reading()

    def _pass_late(self) -> None:
        if self._late:
            self._pass(self._late.pop(0)[1])
        if self._is_over and not self._late:
            self._end_other()

    def _pass(self, data: bytes) -> None:
        transport = self.other.transport
        if transport is None:
            self.other._early.append(data)
        elif not transport.is_closing():
            transport.write(data)

    def _end_other(self) -> None:
        transport = self.other.transport
        if transport is not None:
            # In a black hole not even the end of a connection gets through.
            if self._pair.gate.weather.swallows and not transport.is_closing():
                self._pair.is_broken = True
                return
            with contextlib.suppress(RuntimeError):
                transport.close()
        self._pair.over()


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    gates: dict[str, list[Gate]] = {}
    commands = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    while line := await commands.readline():
        answer = await _obey(gates, json.loads(line))
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    for gate in [gate for way in gates.values() for gate in way]:
        await gate.close()


async def _obey(gates: dict[str, list[Gate]], command: Mapping[str, Any]) -> Any:
    if command["do"] == "open":
        upstream = command["upstream"]
        gate = Gate(upstream=upstream if isinstance(upstream, str) else tuple(upstream))
        await gate.open()
        gates.setdefault(command["way"], []).append(gate)
        return gate.port
    chosen = [gate for way in command["ways"] for gate in gates.get(way, [])]
    if command["do"] == "change":
        for gate in chosen:
            gate.change(Weather(**command["weather"]))
        return None
    if command["do"] == "cut":
        return sum(gate.cut() for gate in chosen)
    total: dict[str, int] = {}
    for gate in chosen:
        for name, count in gate.told().items():
            total[name] = total.get(name, 0) + int(str(count))
    return total


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve())
