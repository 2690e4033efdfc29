"""A router that speaks OSRM's table service over HTTP, as OSRM itself and many others do."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import orjson
import urllib3
from prometheus_client import Counter, Histogram

from services.dispatch.application.ports import RouterError, Ways
from services.dispatch.domain.places import Position

REQUESTS = Counter("linli_router_requests_total", "Requests to the router by what came of them", ["result"])
SECONDS = Histogram("linli_router_request_seconds", "How long the router took to answer")

Minutes = list[list[float | None]]


class OsrmRouter:
    """``url`` is where the service begins, ``/table/v1/…`` follows. A server's ``limit`` is of places a side.

    Where a table is larger, it is asked for in pieces; a server that finds them too big gets smaller ones.
    A request that gets no answer in ``seconds`` is made again, ``tries`` times in all.
    """

    def __init__(
        self,
        url: str,
        profile: str = "bike",
        *,
        limit: int = 100,
        seconds: float = 2.0,
        tries: int = 2,
        distances: bool = False,
        stopwatch: Callable[[], float] = time.monotonic,
    ) -> None:
        self._base = f"{url.rstrip('/')}/table/v1/{profile}"
        self._limit, self._tries, self._distances = limit, tries, distances
        self._stopwatch = stopwatch
        self._pool = urllib3.PoolManager(
            retries=False, timeout=urllib3.Timeout(total=seconds), maxsize=1, num_pools=1
        )

    def table(self, sources: Sequence[Position], destinations: Sequence[Position]) -> Ways:
        usual = self._limit
        while True:
            try:
                return self._in_pieces(sources, destinations)
            except RouterError as error:
                if error.code != "TooBig":
                    raise
                if self._limit == 1:
                    # It is not the size: the next table begins anew.
                    self._limit = usual
                    raise
                self._limit //= 2

    def _in_pieces(self, sources: Sequence[Position], destinations: Sequence[Position]) -> Ways:
        minutes: Minutes = []
        metres: Minutes = []
        for first in range(0, len(sources), self._limit):
            starts = sources[first : first + self._limit]
            rows: Minutes = [[] for _ in starts]
            ways: Minutes = [[] for _ in starts]
            for begin in range(0, len(destinations), self._limit):
                piece = self._piece(starts, destinations[begin : begin + self._limit])
                for row, more in zip(rows, piece.minutes, strict=True):
                    row.extend(more)
                for row, more in zip(ways, piece.metres or [[] for _ in starts], strict=True):
                    row.extend(more)
            minutes += rows
            metres += ways
        return Ways(minutes=minutes, metres=metres if self._distances else None)

    def _piece(self, starts: Sequence[Position], ends: Sequence[Position]) -> Ways:
        places = list(dict.fromkeys((*starts, *ends)))
        number = {place: str(index) for index, place in enumerate(places)}
        coordinates = ";".join(f"{place.lon:.6f},{place.lat:.6f}" for place in places)
        asked = {
            "annotations": "duration,distance" if self._distances else "duration",
            "sources": ";".join(number[place] for place in starts),
            "destinations": ";".join(number[place] for place in ends),
        }
        query = "&".join(f"{name}={value}" for name, value in asked.items())
        answer = self._ask(f"{self._base}/{coordinates}?{query}")
        seconds = _rows(answer, "durations", len(starts), len(ends))
        metres = _rows(answer, "distances", len(starts), len(ends)) if self._distances else None
        return Ways(
            minutes=[[None if one is None else one / 60 for one in row] for row in seconds], metres=metres
        )

    def _ask(self, url: str) -> Any:
        for tries_left in reversed(range(self._tries)):
            began = self._stopwatch()
            try:
                answer = self._answer(url)
            except RouterError as error:
                REQUESTS.labels(error.code).inc()
                if not error.passing or not tries_left:
                    raise
            else:
                REQUESTS.labels("Ok").inc()
                return answer
            finally:
                SECONDS.observe(self._stopwatch() - began)
        raise AssertionError("there is at least one try")

    def _answer(self, url: str) -> Any:
        try:
            response = self._pool.request("GET", url)
        except urllib3.exceptions.NewConnectionError as error:
            raise RouterError("Unreachable", "nobody answers there", passing=True) from error
        except urllib3.exceptions.TimeoutError as error:
            raise RouterError("Timeout", "it does not answer in time", passing=True) from error
        except urllib3.exceptions.HTTPError as error:
            raise RouterError("Unreachable", str(type(error).__name__), passing=True) from error
        try:
            answer = orjson.loads(response.data)
            code = str(answer["code"])
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise RouterError(
                "NoAnswer", f"status {response.status} without an answer", passing=response.status >= 500
            ) from error
        if code != "Ok":
            said = str(answer.get("message", "no message"))
            raise RouterError(code if code in _CODES else "Other", said, passing=response.status >= 500)
        return answer


_CODES = {
    "InvalidUrl",
    "InvalidService",
    "InvalidVersion",
    "InvalidOptions",
    "InvalidQuery",
    "InvalidValue",
    "NoSegment",
    "TooBig",
    "NoTable",
    "NotImplemented",
}


def _rows(answer: Any, name: str, height: int, width: int) -> Minutes:
    """The table in an answer, of the size that was asked for, of numbers that can be."""
    rows = answer.get(name)
    if not isinstance(rows, list) or len(rows) != height:
        raise RouterError("NoAnswer", f"{name} are not what was asked for")
    for row in rows:
        if not isinstance(row, list) or len(row) != width or not all(_is_length(one) for one in row):
            raise RouterError("NoAnswer", f"{name} are not what was asked for")
    return rows


def _is_length(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool) and value >= 0)
