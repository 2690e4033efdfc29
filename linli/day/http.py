"""A lean HTTP/1.1 client over asyncio streams.

The people of a day share two cores with the platform that serves them, so a request costs here about a tenth
of what a full client spends on it: keep-alive, one request at a time on a connection, JSON in and out.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

LARGEST_HEAD = 64 * 1024
LARGEST_BODY = 32 * 1024 * 1024


class TransportError(Exception):
    """No whole answer came: refused, cut off, timed out or not HTTP."""


@dataclass(frozen=True, kw_only=True)
class HttpAnswer:
    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient:
    """A bounded pool of connections to one server."""

    def __init__(self, base_url: str, connections: int = 48) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"{base_url!r} is not the address of an HTTP server")
        self._host = parts.hostname
        self._port = parts.port or (443 if parts.scheme == "https" else 80)
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._prefix = parts.path.rstrip("/")
        self._host_line = f"Host: {parts.netloc.rpartition('@')[2]}\r\n"
        self._slots = asyncio.Semaphore(connections)
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def request(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes | None, timeout: float
    ) -> HttpAnswer:
        """Send one request and read its whole answer; raises TransportError when that cannot be done."""
        async with self._slots:
            reader, writer = await self._connection(timeout)
            keep = False
            try:
                async with asyncio.timeout(timeout):
                    writer.write(self._head(method, target, headers, body) + (body or b""))
                    await writer.drain()
                    answer, keep = await _read_answer(reader, method)
                return answer
            except (OSError, EOFError, TimeoutError, ValueError, asyncio.LimitOverrunError) as error:
                raise TransportError(f"{method} {target}: {type(error).__name__} {error}".strip()) from error
            finally:
                if keep:
                    self._idle.append((reader, writer))
                else:
                    writer.close()

    async def close(self) -> None:
        while self._idle:
            self._idle.pop()[1].close()
        await asyncio.sleep(0)

    async def _connection(self, timeout: float) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        while self._idle:
            reader, writer = self._idle.pop()
            if not reader.at_eof() and not writer.is_closing():
                return reader, writer
            writer.close()
        try:
            async with asyncio.timeout(timeout):
                return await asyncio.open_connection(
                    self._host, self._port, ssl=self._tls, limit=LARGEST_HEAD
                )
        except (OSError, TimeoutError) as error:
            raise TransportError(f"no connection to {self._host}:{self._port}: {error}") from error

    def _head(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> bytes:
        lines = [f"{method} {self._prefix}{target} HTTP/1.1\r\n", self._host_line]
        lines += [f"{name}: {value}\r\n" for name, value in headers.items()]
        if body is not None:
            lines.append(f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n")
        elif method != "GET":
            lines.append("Content-Length: 0\r\n")
        lines.append("\r\n")
        return "".join(lines).encode("latin-1")


async def _read_answer(reader: asyncio.StreamReader, method: str) -> tuple[HttpAnswer, bool]:
    while True:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        version, _, rest = head[0].partition(" ")
        if not version.startswith("HTTP/1."):
            raise ValueError("the answer is not HTTP/1")
        status = int(rest[:3])
        if status >= 200:
            break
    headers: dict[str, str] = {}
    for line in head[1:]:
        name, _, value = line.partition(":")
        if name:
            headers[name.lower()] = value.strip()
    keep = version == "HTTP/1.1" and headers.get("connection", "").lower() != "close"
    if method == "HEAD" or status in {204, 304}:
        body = b""
    elif headers.get("transfer-encoding", "").lower() == "chunked":
        body = await _read_chunks(reader)
    elif "content-length" in headers:
        length = int(headers["content-length"])
        if length > LARGEST_BODY:
            raise ValueError("the answer is too large")
        body = await reader.readexactly(length)
    else:
        body, keep = await reader.read(LARGEST_BODY), False
    return HttpAnswer(status=status, headers=headers, body=body), keep


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    chunks: list[bytes] = []
    total = 0
    while True:
        size = int((await reader.readuntil(b"\r\n")).split(b";", 1)[0], 16)
        total += size
        if total > LARGEST_BODY:
            raise ValueError("the answer is too large")
        if size == 0:
            while await reader.readuntil(b"\r\n") != b"\r\n":
                pass
            return b"".join(chunks)
        chunks.append(await reader.readexactly(size))
        await reader.readexactly(2)
