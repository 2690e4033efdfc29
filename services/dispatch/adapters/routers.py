"""Routers that need nobody: the great circle, and a table that was given."""

from __future__ import annotations

from collections.abc import Sequence

from services.dispatch.application.ports import RouterError, Ways
from services.dispatch.domain.places import Position


class GreatCircleRouter:
    """Straight over the ground at one pace; ``detour`` is how much longer streets are."""

    def __init__(self, metres_per_minute: float, detour: float = 1.0) -> None:
        self._pace, self._detour = metres_per_minute, detour

    def table(self, sources: Sequence[Position], destinations: Sequence[Position]) -> Ways:
        metres: list[list[float | None]] = [
            [start.metres_to(end) * self._detour for end in destinations] for start in sources
        ]
        minutes = [[None if way is None else way / self._pace for way in row] for row in metres]
        return Ways(minutes=minutes, metres=metres)


class MatrixRouter:
    """A table from each of ``places`` to each; of others it knows nothing."""

    def __init__(self, places: Sequence[Position], minutes: Sequence[Sequence[float | None]]) -> None:
        if len(minutes) != len(places) or any(len(row) != len(places) for row in minutes):
            raise ValueError("a matrix has a row and a column for each place")
        self._number = {place: number for number, place in enumerate(places)}
        self._minutes = minutes

    def table(self, sources: Sequence[Position], destinations: Sequence[Position]) -> Ways:
        try:
            starts, ends = ([self._number[place] for place in places] for places in (sources, destinations))
        except KeyError as error:
            raise RouterError("NoTable", f"the matrix does not know {error.args[0]}") from error
        return Ways(minutes=[[self._minutes[start][end] for end in ends] for start in starts])
